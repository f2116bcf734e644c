"""An interrupt while a kernel is compiled: the next call finds nothing half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock as compiling

from autograd_kernels import jit


def add_seven(lo: int, hi: int, out: Any) -> None:
    for i in range(lo, hi):
        out[i] += 7


class Interrupt(BaseException):
    """Raised by the signal handler."""


class Sender(event.Listener):  # type: ignore[misc]
    """Sends one signal, from the midst of Numba's passes."""

    def __init__(self) -> None:
        self.passes = 0

    def on_start(self, _: Any) -> None:
        self.passes += 1
        if self.passes == 5:
            signal.raise_signal(signal.SIGALRM)

    def on_end(self, _: Any) -> None:
        """Part of Numba's interface."""


@pytest.fixture
def broken_off() -> Iterator[list[str]]:
    """Files of the frames that a handler broke off by an exception."""
    found: list[str] = []

    def ring(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            found.append(frame.f_code.co_filename)
            frame = frame.f_back
        raise Interrupt

    before = signal.signal(signal.SIGALRM, ring)
    yield found
    signal.signal(signal.SIGALRM, before)


def test_an_interrupt_breaks_off_no_compilation(broken_off: list[str]) -> None:
    kernel, out, listener = jit.kernel(add_seven), np.zeros(3), Sender()
    with event.install_listener("numba:run_pass", listener), pytest.raises(Interrupt):
        kernel.compile(tuple(map(numba.typeof, (0, 3, out))))
    assert not [file for file in broken_off if "/numba/core/" in file]
    for _ in range(2):
        kernel(0, 3, out)
    assert listener.passes > 5
    assert out.tolist() == [14, 14, 14]


def test_what_goes_wrong_is_raised_to_the_caller() -> None:
    def wrong(lo: int, hi: int, out: Any) -> None:
        out[lo] = "no number"

    with pytest.raises(numba.TypingError):
        jit.kernel(wrong)(0, 1, np.zeros(3))


def test_without_another_thread_it_is_compiled_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    out = np.zeros(3)
    jit.kernel(add_seven)(1, 3, out)
    assert out.tolist() == [0, 7, 7]


def test_who_compiles_already_does_not_wait_for_himself() -> None:
    out = np.zeros(3)
    with compiling:
        jit.kernel(add_seven)(1, 3, out)
    assert out.tolist() == [0, 7, 7]
