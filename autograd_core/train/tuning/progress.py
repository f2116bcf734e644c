"""The bar of a search."""

from __future__ import annotations

import sys
from typing import Any

from autograd_core.train.callbacks.progress import _bar
from autograd_core.train.tuning.result import Trial, ranked


class Bar:
    """On standard error: a bar where a fit shows one, else a line for each trial."""

    def __init__(self, total: int, wanted: bool) -> None:
        self.total, self.wanted = total, wanted
        self.bar: Any = None

    def __enter__(self) -> Bar:
        if self.wanted:
            bar = _bar()
            if bar is not None:
                self.bar = bar(total=self.total, unit=" trials", dynamic_ncols=True)
        return self

    def show(self, trials: list[Trial], maximize: bool) -> None:
        """One more trial is finished."""
        if not self.wanted:
            return
        first = ranked(trials, maximize)[0]
        best = "no score yet" if first.failed else f"best {first.score:.4g}"
        if self.bar is None:
            line = f"trial {len(trials)}/{self.total}: {best}"
            print(line, file=sys.stderr, flush=True)
        else:
            self.bar.set_postfix_str(best, refresh=False)
            self.bar.update()

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
