"""Each pass by itself: a list of launches in, a list with the same bits out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autograd_core.launch import constant
from autograd_core.program.buffers import Buffer, PointerRefs, Ref, Role, set_regions
from autograd_core.program.events import Launch
from autograd_core.program.passes.dead import leave_out_dead
from autograd_core.program.passes.fresh import leave_out_constants
from autograd_core.program.passes.fuse import fuse
from autograd_core.program.passes.tiles import runs
from autograd_core.program.plan import ALIGN, MANY, plan
from autograd_kernels import (
    activations,
    activations_with_slope,
    dropout,
    elementwise,
    fused,
    matmul,
)
from autograd_kernels.driver.replay import TILE
from autograd_kernels.optim import clip

F4 = np.dtype(np.float32)
COUNT = itertools.count()


def temporary(size: int = 16, shape: Any = None) -> Ref:
    """An array that is all of a new temporary."""
    buffer = Buffer(Role.TEMPORARY, next(COUNT), 4 * size)
    shape = shape or (size,)
    strides = np.empty(shape, F4).strides
    return Ref(buffer, 0, shape, strides, F4, 0x501)


def outside(array: Any = None) -> Ref:
    """An array from outside the function."""
    array = np.zeros(16, F4) if array is None else array
    owner = array.base if isinstance(array.base, np.ndarray) else array
    buffer = Buffer(Role.OUTSIDE, next(COUNT), owner.nbytes, home=owner)
    buffer.held = True
    offset = array.ctypes.data - owner.ctypes.data
    return Ref(buffer, offset, array.shape, array.strides, array.dtype, 0x501)


def key() -> Ref:
    return Ref(
        Buffer(Role.TEMPORARY, next(COUNT), 16), 0, (2,), (8,), np.dtype("u8"), 1
    )


def relu(x: Ref, out: Ref) -> Launch:
    return Launch(activations.relu, out.size, (x, out))


def drop(k: Ref, p: Ref, x: Ref, out: Ref) -> Launch:
    return Launch(dropout.dropout, out.size, (k, p, x, out))


def add_to(x: Ref, out: Ref) -> Launch:
    return Launch(elementwise.add_inplace, out.size, (x, out))


def scaled(table: Ref) -> Launch:
    """A launch that writes to an array by a pointer table."""
    refs = PointerRefs([[table]], np.zeros((1, 3), np.int64))
    return Launch(clip.rescale, 1, (temporary(2), temporary(1), refs))


def kernels(events: Any) -> list[Any]:
    return [event.kernel for event in events]


@pytest.mark.parametrize("by", ["a kernel", "a table", "another view", "nobody"])
def test_no_launch_moves_past_a_write_of_what_it_reads(by: str) -> None:
    memory = np.zeros(16, F4)
    x = outside(memory)
    again = outside(memory[:8])  # another buffer, and some of the same bytes
    set_regions([x.buffer, again.buffer])
    h, y = temporary(), temporary()
    write = {
        "a kernel": [add_to(temporary(), x)],
        "a table": [scaled(x)],
        "another view": [add_to(temporary(8), again)],
        "nobody": [add_to(temporary(), temporary())],
    }[by]
    done: dict[str, int] = {}
    events = [relu(x, h), *write, drop(key(), outside(), h, y)]
    found = kernels(fuse(events, [y], done))
    together = found[-1] is fused.relu_dropout
    assert together == (by == "nobody")
    assert done == ({"relu_dropout": 1} if together else {})
    assert len(found) == (2 if together else 3)


@pytest.mark.parametrize("written", [False, True])
def test_a_product_and_relu_become_one(written: bool) -> None:
    a, b = temporary(16, (4, 4)), outside(np.zeros((4, 4), F4))
    bias, scratch = outside(np.zeros(4, F4)), temporary(64)
    z, y = temporary(16, (4, 4)), temporary(16, (4, 4))
    product = Launch(matmul.matmul, 1, (0, 0, 0, a, b, bias, scratch, z))
    between = [add_to(temporary(4), bias)] if written else []
    flat_z = z._replace(shape=(16,), strides=(4,))
    flat_y = y._replace(shape=(16,), strides=(4,))
    events = fuse([product, *between, relu(flat_z, flat_y)], [y], {})
    assert kernels(events).count(activations.relu) == written
    if not written:
        (one,) = events
        assert one.args[2] == matmul.RELU
        assert one.args[-1] == y


@pytest.mark.parametrize("write", ["none", "output", "input", "by a table"])
def test_a_mask_follows_from_an_output_that_is_as_it_was(write: str) -> None:
    k, p, x = key(), outside(), outside()
    h, y, g, m, gx = (temporary() for _ in range(5))
    between = {
        "none": [],
        "output": [add_to(temporary(), y)],
        "input": [add_to(temporary(), h)],
        "by a table": [scaled(y)],
    }[write]
    slope = Launch(activations.relu_backward, 16, (m, h, gx))
    keep = [h, y, gx]
    events = [relu(x, h), drop(k, p, h, y), *between, drop(k, p, g, m), slope]
    found = kernels(fuse(events, keep, {}))
    assert (fused.relu_dropout_backward in found) == (write == "none")


def test_what_nobody_reads_is_left_out_from_the_end() -> None:
    x, a, b, y, s = outside(), temporary(), temporary(), temporary(), temporary()
    gelu = Launch(activations_with_slope.gelu, 16, (x, s, y))
    events = [relu(x, a), relu(a, b), gelu, add_to(y, outside())]
    done: dict[str, int] = {}
    found = leave_out_dead(events, [], done)
    assert kernels(found) == [activations.gelu, elementwise.add_inplace]
    assert done == {"dead": 2, "without_slope": 1}
    assert kernels(leave_out_dead(events, [b], {}))[:2] == [activations.relu] * 2
    moved = [add_to(x, a), add_to(a, outside())]
    assert leave_out_dead(moved, [], {}) == moved


@pytest.mark.parametrize("change", ["none", "written", "kept", "held"])
def test_constants_are_copied_only_if_somebody_may_write(change: str) -> None:
    numbers = outside(np.ones(16, F4) if change == "held" else constant([1.0] * 16, F4))
    made, y = temporary(), temporary()
    copied = Launch(elementwise.cast, 16, (numbers, made))
    after = [add_to(outside(), made)] if change == "written" else []
    events = [copied, *after, relu(made, y)]
    kept = [y, made] if change == "kept" else [y]
    found = leave_out_constants(events, [copied], kept)
    assert (copied in found) == (change != "none")
    assert (made.buffer.home is numbers.buffer.home) == (change == "none")


def test_runs_are_of_one_length_and_read_whole_what_they_write() -> None:
    n = TILE + 1
    x, a, b, c = (temporary(n) for _ in range(4))
    part = a._replace(shape=(n - 1,), offset=4)
    assert list(map(len, runs([relu(x, a), relu(a, b), relu(b, c)]))) == [3]
    events = [relu(x, a), Launch(activations.relu, n - 1, (part, temporary(n - 1)))]
    assert list(map(len, runs(events))) == [1, 1]
    shifted = [relu(x, a), relu(part._replace(shape=(n,)), b)]
    assert list(map(len, runs(shifted))) == [1, 1]
    small = [relu(temporary(), h := temporary()), relu(h, temporary())]
    assert list(map(len, runs(small))) == [1, 1]
    into = [relu(x, a), add_to(a, outside(np.zeros(n, F4)))]
    assert list(map(len, runs(into))) == [1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_what_lives_at_one_time_shares_no_bytes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    many = 60 if seed % 2 else MANY + 60
    made = [temporary(int(rng.integers(1, 400))) for _ in range(many)]
    near = [rng.integers(i, i + 40, 2) % many for i in range(2 * many)]
    events = [[relu(made[i], made[j])] for i, j in near]
    kept = [made[i] for i in rng.integers(0, many, 5)]
    size = plan(events, kept, 1)
    used = {ref.buffer for (event,) in events for ref in event.arrays}
    used |= {ref.buffer for ref in kept}
    spans = [(b.offset, b.offset + b.nbytes, b.first, b.last) for b in used]
    assert max(stop for _, stop, _, _ in spans) <= size
    assert all(start % ALIGN == 0 for start, _, _, _ in spans)
    for (a, b, s, t), (c, d, u, v) in itertools.combinations(spans, 2):
        assert b <= c or d <= a or t < u or v < s
