"""Programs: the bits of eager, outputs, errors, what is seen from outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from op_cases import wanted
from program_cases import bits, data, network

import autograd_core as ag
from autograd_core.hooks import RECORDING, current
from autograd_core.op import Op
from autograd_core.ops import TABLE
from autograd_core.program import compile
from autograd_core.samples import Arg, Sample

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{i}")
    for op in TABLE.values()
    for i, sample in enumerate(op.samples)
]


def drawn(sample: Sample, dtype: Any) -> list[Any]:
    rng = np.random.default_rng(5)
    return [a.draw(rng, dtype) if isinstance(a, Arg) else a for a in sample.args]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_every_op_replays_to_the_bits_of_eager(
    op: Op, sample: Sample, dtype: Any
) -> None:
    args, attrs = drawn(sample, dtype), dict(sample.attrs)
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    cotangent: Any = None

    def call(*given: Any) -> list[Any]:
        rest = iter(given)
        inputs = [
            ag.tensor(np.zeros(a.shape, dtype), requires_grad=True) if need else None
            for a, need in zip(args, wanted(op, args), strict=True)
        ]
        full: list[Any] = []
        for a, leaf in zip(args, inputs, strict=True):
            value = next(rest) if isinstance(a, np.ndarray) else a
            full.append(value if leaf is None else leaf + value)
        out = op(*full, **attrs)
        if not out.requires_grad:
            return [out]
        out.backward(cotangent)
        return [out, *(leaf.grad for leaf in inputs if leaf is not None)]

    wrapped = [ag.tensor(a) for a in arrays]
    probe = op(
        *[ag.tensor(a) if isinstance(a, np.ndarray) else a for a in args], **attrs
    )
    cotangent = np.random.default_rng(7).standard_normal(probe.shape).astype(dtype)
    eager = call(*wrapped)
    compiled = compile(call)
    calls = [compiled(*arrays) for _ in range(4)]
    assert [bits(*values) for values in calls] == [bits(*eager)] * 4
    for values in calls:
        assert [v.dtype for v in eager] == [v.dtype for v in values]
    assert compiled.recordings == 2  # the others were replays


def test_training_agrees_bit_for_bit_through_changes_of_lr_and_batch() -> None:
    ours, theirs = network(), network()
    step = compile(theirs[2])
    for i in range(30):
        x, y = data(batch=7 if i % 10 == 9 else 32)
        ours[1].param_groups[0]["lr"] = theirs[1].param_groups[0]["lr"] = 0.1 / (i + 1)
        assert bits(ours[2](x, y)) == bits(step(x, y))
    assert bits(*ours[0]) == bits(*theirs[0])
    assert bits(*(p.grad for p in ours[0])) == bits(*(p.grad for p in theirs[0]))
    assert step.recordings == 4  # two per batch size; the learning rate is none
    assert [len(programs) for programs in step.programs.values()] == [1, 1]


def test_outputs_stay_as_they_are() -> None:
    _, _, train = network()
    step = compile(train)
    x, y = data()
    losses = [step(x, y) for _ in range(4)]
    before = [loss.item() for loss in losses]
    step(x, y)
    assert [loss.item() for loss in losses] == before
    assert len(set(before)) == 4


def test_gradients_accumulate_when_nobody_resets_them() -> None:
    def body(w: ag.Tensor) -> Any:
        def run(x: Any) -> ag.Tensor:
            loss = (w * x).sum()
            loss.backward()
            return loss

        return run

    w, v = (ag.tensor(np.ones(3, np.float32), requires_grad=True) for _ in range(2))
    step, plain = compile(body(w)), body(v)
    x = np.arange(3, dtype=np.float32)
    for _ in range(6):
        step(x)
        plain(x)
        assert bits(w.grad) == bits(v.grad)
    for _ in range(4):
        w.grad = v.grad = None
        step(x)
        plain(x)
        assert bits(w.grad) == bits(v.grad)


@pytest.mark.parametrize(
    ("leave", "word"),
    [
        (lambda t: t.item(), "item()"),
        (lambda t: t.numpy(), "numpy()"),
        (lambda t: bool(t > 0), "truth value"),
        (lambda t: np.asarray(t), "NumPy array"),
        (lambda t: float(t), "item()"),
    ],
)
def test_leaving_the_trace_names_the_line(leave: Any, word: str) -> None:
    @compile
    def step(x: Any) -> Any:
        leave(x.sum())
        return x

    with pytest.raises(RuntimeError, match=r"test_program\.py:\d+") as caught:
        step(np.ones(3, np.float32))
    assert word in str(caught.value)
    assert not RECORDING
    assert current.recorder is None
    assert step.program is None


def test_an_exception_while_recording_leaves_no_program() -> None:
    @compile
    def step(x: Any) -> Any:
        raise KeyError("mine")

    for _ in range(3):
        with pytest.raises(KeyError, match="mine"):
            step(np.ones(3, np.float32))
    assert not step.programs
    assert step.program is None


def test_input_memory_is_not_kept() -> None:
    f = compile(lambda x: x)
    x = np.ones(3, np.float32)
    for _ in range(4):
        out = f(x)
        x += 1
        assert out.tolist() == [x[0] - 1] * 3


def test_a_compiled_function_inside_another_is_part_of_it() -> None:
    inner = compile(lambda x: x * 2.0)
    outer = compile(lambda x: inner(x) + 1.0)
    for _ in range(4):
        assert outer(np.ones(2, np.float32)).tolist() == [3.0, 3.0]
    assert not inner.programs
    assert inner.recordings == 0
    assert outer.recordings == 2


def test_host_calls_replay_and_are_counted() -> None:
    f = compile(lambda x, i: x[i] * 2.0)
    x = np.arange(6, dtype=np.float32)
    for shift in range(5):
        out = f(x + shift, np.array([0, 3, 3]))
        assert out.tolist() == [2.0 * (shift + i) for i in (0, 3, 3)]
    ((program,),) = f.programs.values()
    assert len(program.explain().host_calls) == 1
    assert f.recordings == 2


def test_explain_and_profile(tmp_path: Any) -> None:
    _, _, train = network()
    step = compile(train)
    x, y = data()
    for _ in range(2):
        step(x, y)
    program = step.program
    report = program.explain()
    assert report.launches > 20
    assert report.peak_bytes < report.eager_bytes / 2
    plan = program.plan
    assert (report.peak_bytes, report.eager_bytes) == (
        plan.peak_bytes,
        plan.eager_bytes,
    )
    assert report.fused == plan.fused
    assert "matmul.matmul" in str(report)
    before = step(x, y).item()
    profile = program.profile(20)
    assert len(profile.micros) == report.launches + report.checks
    assert step(x, y).item() < before  # went on from where it was
    assert profile.save_trace(tmp_path / "trace.json").stat().st_size > 100
    assert "optim.adam" in str(profile)
