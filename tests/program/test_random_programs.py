"""Random graphs out of the op table: eager, Program and central differences agree.

Every op joins with every other: a value is brought to the shape and the domain that an
op's sample asks for by views, concatenation and squashing, which are ops themselves.
The long run is ``pytest -m slow tests/program/test_random_programs.py``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core.op import Op
from autograd_core.ops import TABLE
from autograd_core.samples import Arg, Sample

STEPS = [
    (op, sample)
    for op in TABLE.values()
    for sample in op.samples
    if op.name != "astype"  # everything here is of one dtype
]
SHAPES = [(3, 4), (1,), (2, 3)]
CHECKED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def fitted(value: ag.Tensor, arg: Arg, rng: np.random.Generator) -> Any:
    """``value`` in the shape and the domain of a sample argument, through ops."""
    dtype = value.dtype
    if arg.kind in ("int", "bool", "key") or "complex" in arg.kind:
        return ag.tensor(arg.draw(rng, dtype))
    size = math.prod(arg.shape)
    flat = value.reshape(-1)
    copies = -(-size // max(flat.size, 1))
    if copies > 1:
        flat = np.concatenate([flat] * copies)
    x = flat[:size].reshape(arg.shape)
    if arg.kind == "probs":
        return TABLE["softmax"](x)
    squashed = TABLE["tanh"](x)  # -1..1
    middle, reach = (arg.high + arg.low) / 2, (arg.high - arg.low) / 2
    if arg.kind == "regular":  # so it stays
        return squashed * 0.05 + arg.draw(rng, dtype)
    if arg.kind == "distinct":  # each element keeps to its own cell of a grid
        return squashed * (reach / (4 * size + 4)) + arg.draw(rng, dtype)
    return squashed * (0.9 * reach) + middle


def build(
    steps: list[tuple[Op, Sample]], seed: int, dtype: Any
) -> tuple[list[np.ndarray[Any, Any]], Any]:
    """Leaves for a graph and the function of their values that builds it."""
    start = np.random.default_rng(seed)
    leaves = [start.standard_normal(shape).astype(dtype) for shape in SHAPES]
    buffer = ag.tensor(np.zeros((2, 2), dtype))

    def run(*values: Any, backward: bool = True) -> list[Any]:
        rng = np.random.default_rng(seed + 1)
        ag.manual_seed(seed)
        inputs = [
            ag.tensor(np.zeros(v.shape, dtype), requires_grad=True) for v in leaves
        ]
        pool = [leaf + v for leaf, v in zip(inputs, values, strict=True)]
        for op, sample in steps:
            args = [
                fitted(pool[rng.integers(len(pool))], a, rng)
                if isinstance(a, Arg)
                else a
                for a in sample.args
            ]
            out = op(*args, **dict(sample.attrs))
            if out.dtype != dtype:  # a comparison or an index: as numbers, no gradient
                out = out.astype(dtype)
            if out.size:
                pool.append(out)
        if backward:  # updates in place, which no gradient sees, then a read
            buffer.copy_(fitted(pool[-1].detach(), Arg((2, 2)), rng))
            buffer.__iadd__(1.0)
            pool.append(pool[-1] * buffer.reshape(-1)[:1].reshape(()))
        outputs = [pool[-1], pool[len(pool) // 2], pool[rng.integers(len(pool))]]
        total: Any = (pool[0] * pool[0]).sum()
        for out in outputs:
            total = (out * rng.standard_normal(out.shape).astype(dtype)).sum() + total
        if not backward:
            return [total]
        total.backward()
        grads = [leaf.grad for leaf in inputs]
        return [total, *outputs, *(g for g in grads if g is not None)]

    return leaves, run


def agree(steps: list[tuple[Op, Sample]], seed: int) -> None:
    for dtype in (np.float32, np.float64):
        leaves, run = build(steps, seed, dtype)
        eager = run(*[ag.tensor(v) for v in leaves])
        compiled = ag.compile(run)
        for _ in range(4):
            replayed = compiled(*leaves)
            assert len(eager) == len(replayed)
            for a, b in zip(eager, replayed, strict=True):
                assert np.ascontiguousarray(a.data).tobytes() == b.data.tobytes()


def differentiated(steps: list[tuple[Op, Sample]], seed: int) -> None:
    """The gradient along a random direction against central differences."""
    leaves, run = build(steps, seed, np.float64)
    inputs = [ag.tensor(v, requires_grad=True) for v in leaves]
    (total,) = run(*inputs, backward=False)
    total.backward()
    rng = np.random.default_rng(seed + 2)
    directions = [rng.standard_normal(v.shape) for v in leaves]
    slope = sum(
        float((t.grad.data * d).sum())
        for t, d in zip(inputs, directions, strict=True)
        if t.grad is not None
    )

    def at(h: float) -> float:
        moved = [ag.tensor(v + h * d) for v, d in zip(leaves, directions, strict=True)]
        return float(run(*moved, backward=False)[0].item())

    h = 1e-5
    # Central differences of two widths bound their own error: rounding and curvature.
    near, far = ((at(w) - at(-w)) / (2 * w) for w in (h, 2 * h))
    noise = abs(near - far) + 1e-9 * (1 + abs(at(0.0))) / h
    assert abs(near - slope) <= 4 * noise + 1e-6 * (abs(near) + abs(slope))


graphs = st.lists(st.sampled_from(STEPS), min_size=1, max_size=6)
seeds = st.integers(0, 2**32 - 1)


@settings(CHECKED, max_examples=25)
@given(graphs, seeds)
def test_eager_and_program_agree(steps: list[tuple[Op, Sample]], seed: int) -> None:
    agree(steps, seed)


@settings(CHECKED, max_examples=40)
@given(graphs, seeds)
def test_gradients_agree_with_differences(
    steps: list[tuple[Op, Sample]], seed: int
) -> None:
    differentiated(steps, seed)


@pytest.mark.slow
@settings(CHECKED, max_examples=2000)
@given(graphs, seeds)
def test_two_thousand_programs(steps: list[tuple[Op, Sample]], seed: int) -> None:
    agree(steps, seed)
    differentiated(steps, seed)
