"""Work that no signal handler may break off: Numba's compilation.

A handler that raises (Ctrl-C, a test's alarm) leaves Numba half done: its registries
without what it was about to enter, libraries without machine code. Whatever is compiled
afterwards fails, or crashes. Handlers of Python run in the main thread alone, so that
one has another thread compile and waits: the wait is what they break off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from numba.core.compiler_lock import global_compiler_lock as compiling

F = TypeVar("F", bound=Callable[..., Any])


def undisturbed(function: F) -> F:
    """``function``, which in the main thread another one runs to its end."""

    @wraps(function)
    def run(*args: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return function(*args)
        if compiling._lock._is_owned():  # whoever we waited for would wait for us
            return function(*args)
        worker = Worker(function, args)
        try:
            worker.start()
        except RuntimeError:  # no more threads
            return function(*args)
        worker.join()
        if worker.error is not None:
            raise worker.error
        return worker.result

    return run  # type: ignore[return-value]


class Worker(threading.Thread):
    """One call; no daemon, as the end of the interpreter must wait for it."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        super().__init__(name="autograd_core compiles")
        self.call = function, args
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Call, and keep what comes of it."""
        function, args = self.call
        try:
            self.result = function(*args)
        except BaseException as error:
            self.error = error
