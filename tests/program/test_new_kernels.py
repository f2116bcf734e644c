"""Kernels of a file that the library does not know behave as those that it has.

Their traits alone say what may be cut, fused into runs, read in place and left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.launch import empty, flat, launch
from autograd_core.op import primitive
from autograd_core.ops.elementwise import mul
from autograd_core.random import default_generator
from autograd_kernels.dropout import drop_all
from autograd_kernels.jit import elements

N = 100_001


@elements
def noise(lo, hi, key, p, x, out):  # type: ignore[no-untyped-def]
    """Another random kernel: it needs parts that start at multiples of 64."""
    drop_all(lo, hi, key, p, False, x, out)


@elements
def halved(lo, hi, x, out):  # type: ignore[no-untyped-def]
    """Another elementwise kernel."""
    X, Y = x[lo:hi], out[lo:hi]
    half = x.dtype.type(0.5)
    for i in range(Y.size):
        Y[i] = X[i] * half


@primitive(lambda g, y, x, key: noisy(g, key), None, saves="key")
def noisy(x: Any, key: Any) -> Any:
    out = empty(x.shape, x.dtype)
    launch(noise, x.size, key, np.full(1, 0.3, x.dtype), flat(x), out.ravel())
    return out


@primitive(lambda g, y, x: mul(g, 0.5), saves="")
def half(x: Any) -> Any:
    out = empty(x.shape, x.dtype)
    launch(halved, x.size, flat(x), out.ravel())
    return out


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Any:
    before = ag.get_num_threads()
    ag.set_num_threads(request.param)
    yield request.param
    ag.set_num_threads(before)


def test_a_random_kernel_draws_the_same_on_any_number_of_threads(threads: int) -> None:
    def f(x: Any) -> Any:
        return noisy(half(x), default_generator.draw())

    x = np.random.default_rng(0).standard_normal(N).astype(np.float32)
    runs: list[list[bytes]] = []
    for compiled in (False, True):
        ag.manual_seed(5)
        run = ag.compile(f) if compiled else f
        given = x if compiled else ag.tensor(x)
        runs.append([run(given).data.tobytes() for _ in range(5)])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 5


def test_an_elementwise_kernel_joins_runs_reads_in_place_and_may_be_left_out() -> None:
    def f(x: Any) -> Any:
        half(x)  # for nobody
        return half(np.exp(half(x)))

    fast = ag.compile(f)
    x = np.random.default_rng(0).standard_normal(N).astype(np.float32)
    expected = f(ag.tensor(x)).data.tobytes()
    assert [fast(x).data.tobytes() for _ in range(4)] == [expected] * 4
    assert fast.program is not None
    report = fast.program.explain()
    assert report.launches == 3
    assert "run of 3 by tiles" in report.fused
    assert list(fast.program.relocations.inputs) == [0]
