"""How far a run has come, on standard error."""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

from autograd_core.train.callbacks.base import Callback
from autograd_core.train.history import shown

if TYPE_CHECKING:
    from autograd_core.train.run import Run

REFRESH = 0.1  # seconds between two looks of a bar


class Progress(Callback):
    """Steps per second, loss, metrics and the time left.

    A bar in a terminal or a notebook if tqdm is installed; else, and in a pipe or a
    file, a line after each epoch.
    """

    every_step = False  # it looks at the clock

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No bar yet."""
        self.bar: Any = None
        self._start = self._shown = 0.0
        self._first = 0

    def start(self, run: Run) -> None:
        """Show the bar."""
        self._start, self._first = time.perf_counter(), run.step
        bar = _bar()
        if bar is not None:
            self.bar = bar(
                total=run.steps, initial=run.step, unit=" steps", dynamic_ncols=True
            )

    def step(self, run: Run) -> None:
        """Move the bar."""
        now = time.perf_counter()
        if self.bar is None or (now - self._shown < REFRESH and not run.done):
            return
        self._shown = now
        epoch = min(run.epoch + 1, run.epochs)
        self.bar.set_description_str(f"epoch {epoch}/{run.epochs}", refresh=False)
        self.bar.set_postfix_str(shown(_chosen(run)), refresh=False)
        self.bar.update(run.step - self.bar.n)

    def epoch(self, run: Run) -> None:
        """Without a bar, a line."""
        if self.bar is None:
            seconds = max(time.perf_counter() - self._start, 1e-9)
            rate = (run.step - self._first) / seconds
            left = (run.steps - run.step) / rate
            print(
                f"epoch {run.epoch}/{run.epochs}: {shown(_chosen(run))}, "
                f"{rate:.4g} steps/s, {left:.3g} s left",
                file=sys.stderr,
                flush=True,
            )

    def close(self, run: Run) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _chosen(run: Run) -> dict[str, float]:
    """The loss so far in this epoch, and what the last epoch was measured at."""
    last = run.history.rows[-1] if run.history.rows else {}
    others = {n: v for n, v in last.items() if n not in ("loss", "seconds")}
    return {"loss": run.mean_loss, **others}


def _bar() -> Any:
    """What makes a bar; None where there is no place for one."""
    if not (_is_notebook() or sys.stderr.isatty()):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without widgets gets text
            from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm


def _is_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
