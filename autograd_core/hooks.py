"""How somebody listens to the engine: the one protocol of a recorder.

The engine knows nothing of Programs. Whoever wants to know what a thread does puts a
`Recorder` in its place with `listen`, and is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from autograd_core.user_code import user_line

Array = np.ndarray[Any, Any]


class Recorder(Protocol):
    """What a recorder is told. All of it happens in the thread that it listens to."""

    def launch(self, kernel: Any, units: int, args: tuple[Any, ...]) -> None:
        """Run ``kernel(0, units, *args)``: the recorder does it."""

    def launch_many(self, kernel: Any, pointers: Any, args: tuple[Any, ...]) -> None:
        """Run a kernel over a pointer table: the recorder does it."""

    def on_host(
        self, function: Callable[..., Any], args: tuple[Any, ...], out: Array
    ) -> None:
        """NumPy computed ``out``."""

    def on_check(self, status: Array, make_error: Callable[[int], Exception]) -> None:
        """A status word is looked at, and ``make_error`` raised unless it is 0."""

    def on_allocate(self, array: Array, scratch: bool = False) -> None:
        """An array was made whose values a launch will give it."""

    def on_op(self, args: Sequence[Any]) -> None:
        """An op reads these arguments, Tensors among them."""

    def on_node(self, node: Any) -> None:
        """An op left a node on the tape."""

    def on_backward(self, node: Any) -> None:
        """The backward walk has come to a node; None: it is over."""

    def on_leaf(self, tensor: Any) -> None:
        """A tensor's array is used other than by an op."""

    def on_write(self, tensor: Any) -> None:
        """A tensor's values changed."""

    def on_rebind(self, tensor: Any) -> None:
        """A tensor has another array in its ``data``."""

    def on_grad_read(self, tensor: Any) -> None:
        """``tensor.grad`` is looked at."""

    def on_grad_set(self, tensor: Any, value: Any) -> None:
        """``tensor.grad`` is about to be assigned ``value``."""

    def on_new_tensor(self, tensor: Any, constant: bool) -> None:
        """A tensor was made out of nothing; the last launch gave it its values."""

    def on_escape(self, array: Array, how: str, instead: str = "") -> None:
        """Values leave for Python, where they cannot be followed. May raise.

        ``instead`` says what to do, where that is not to read a tensor outside.
        """

    def on_module(self, module: Any, entered: bool) -> None:
        """A module's ``forward`` begins or ends."""

    def on_block(self, entered: bool) -> None:
        """A block begins or ends that puts something back at its end."""

    def on_setting(self, look: Callable[[], Any], what: str, *holders: Any) -> None:
        """Python reads ``look()``, which is kept in ``holders``."""


# An entry for each thread that is listened to. Nearly always empty, and then a far
# quicker answer than asking for the thread's own recorder.
RECORDING: list[None] = []


Observer = Callable[[Any, Any], None]


class _Current(threading.local):
    recorder: Recorder | None = None
    watcher: Any = None  # see `anomaly`; then RECORDING has an entry too
    observer: Observer | None = None  # see `observe`; likewise


current = _Current()


def recorder() -> Recorder | None:
    """Who listens to this thread."""
    return current.recorder if RECORDING else None


@contextmanager
def listen(listener: Recorder | None) -> Iterator[None]:
    """Let ``listener`` (None: nobody) hear what this thread does in the block."""
    before, current.recorder = current.recorder, listener
    if listener is not None:
        RECORDING.append(None)
    try:
        yield
    finally:
        if listener is not None:
            RECORDING.pop()
        current.recorder = before


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Call ``observer(module, output)`` after each module's ``forward`` in the block.

    Of this thread; an inner block takes the place of an outer one. Compiled functions
    run eagerly in it, as a replay calls no module.
    """
    before, current.observer = current.observer, observer
    RECORDING.append(None)
    try:
        yield
    finally:
        RECORDING.pop()
        current.observer = before


def refuse(what: str, remedy: str) -> None:
    """Raise RuntimeError if this thread is recorded: ``what`` cannot be replayed."""
    if RECORDING and current.recorder is not None:
        raise RuntimeError(
            f"ag.compile: {what} inside a compiled function at {user_line()}. It would "
            f"happen once, and not in each replay; {remedy}."
        )
