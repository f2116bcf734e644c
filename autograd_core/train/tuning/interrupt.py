"""Ctrl-C ends a search, not one trial."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Presses:
    """A handler of Ctrl-C that raises within `trial` only, and remembers.

    It takes the place of the default one, so a `fit` in a trial does not wait for the
    end of its step as it does alone: the trial is thrown away, and a score function
    that returns a number of the history would hide from the search that it was cut.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._inside = False

    def __call__(self, number: int, frame: Any) -> None:
        again, self.pressed = self.pressed, True
        if self._inside or again:
            raise KeyboardInterrupt

    @contextmanager
    def trial(self) -> Iterator[None]:
        """While the user's code runs."""
        self._inside = True
        try:
            yield
        finally:
            self._inside = False


@contextmanager
def listening() -> Iterator[Presses]:
    """Listen to Ctrl-C, where nobody does: in the main thread, by the default."""
    presses = Presses()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield presses
        return
    signal.signal(signal.SIGINT, presses)
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
