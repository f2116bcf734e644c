"""What LLVM made of the kernels that the op table launches on float32 data.

No number becomes a double on the way, and loops work on vectors.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numba
import numpy as np
import pytest
from op_cases import cotangent, draw, gradients, value

from autograd_core.hooks import listen
from autograd_core.ops import TABLE
from autograd_core.program.record import Recorder

DOUBLE = re.compile(r"fpext|\bdouble\b")
VECTOR = re.compile(
    r"= f(?:add|sub|mul|div|cmp)[a-z ]* <\d+ x float>|llvm\.fma\.v\d+f32"
)
# Families whose kernels do arithmetic on whole rows or arrays, in their first loop.
VECTORISED = {"activations", "batchnorm", "dropout", "matmul", "softmax"}


class Watch(Recorder):
    """Runs each launch, and notes the kernel and the types of its arguments."""

    def __init__(self) -> None:
        super().__init__([])
        self.seen: dict[Any, None] = {}

    def launch(self, kernel: Any, units: int, args: tuple[Any, ...]) -> None:
        kernel(0, units, *args)
        self.seen[kernel, tuple(map(numba.typeof, (0, units, *args)))] = None


def launched(op: Any) -> list[Any]:
    """Kernels and types of an op's samples, forward and backward."""
    rng, watch = np.random.default_rng(0), Watch()
    with listen(watch):
        for sample in op.samples:
            args = draw(sample, rng, np.float32)
            out = value(op, sample, args)
            if op.differentiable:
                gradients(op, sample, args, cotangent(out, rng))
    return [*watch.seen]


@cache
def code(kernel: Any, types: Any) -> str:
    """LLVM's, optimised."""
    options = {k: v for k, v in kernel.targetoptions.items() if k != "nopython"}
    fresh = numba.njit(**options)(kernel.py_func)
    fresh.compile(types)
    return next(iter(fresh.inspect_llvm().values()))


def takes_float64(types: Any) -> bool:
    return any(getattr(kind, "dtype", None) == numba.float64 for kind in types)


@pytest.mark.parametrize("name", TABLE)
def test_float32_stays_float32_and_loops_are_vectors(name: str) -> None:
    for kernel, types in launched(TABLE[name]):
        if takes_float64(types):  # a cast
            continue
        text = code(kernel, types)
        where = f"{kernel.__name__}{types}"
        assert not DOUBLE.search(text), where
        if kernel.__module__.rpartition(".")[2] in VECTORISED:
            assert VECTOR.search(text), where


def test_a_leak_is_seen() -> None:
    @numba.njit
    def leak(x: Any) -> None:
        for i in range(x.size):
            x[i] = x[i] * 0.1

    assert DOUBLE.search(code(leak, (numba.typeof(np.ones(1, np.float32)),)))
