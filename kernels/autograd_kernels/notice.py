"""Tells who sits at a terminal why nothing happens: kernels are being compiled."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

AFTER = 2.0  # seconds
TEXT = "autograd_core: compiling kernels for this machine, once ..."


class Notice:
    """One line on standard error, if it is a terminal, and only if it takes long."""

    def __init__(self) -> None:
        self.busy = 0  # kernels being compiled
        self.timer: threading.Timer | None = None

    def begin(self) -> None:
        """A kernel is to be compiled."""
        self.busy += 1
        if self.timer is None and _terminal():
            self.timer = threading.Timer(AFTER, self._say)
            self.timer.daemon = True
            with suppress(RuntimeError):  # no more threads: then in silence
                self.timer.start()

    def end(self) -> None:
        """It is."""
        self.busy -= 1

    def _say(self) -> None:
        if self.busy:
            print(TEXT, file=sys.stderr, flush=True)


def _terminal() -> bool:
    with suppress(AttributeError, ValueError):  # none, or closed
        return sys.stderr.isatty()
    return False


notice = Notice()
