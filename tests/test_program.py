"""Programs: the same bits as eager, guards, errors, memory, threads."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.op import Arg, Op, Sample
from autograd_core.ops import TABLE
from autograd_core.program import compile
from autograd_core.team import set_num_threads, teams

CASES = [
    pytest.param(op, sample, id=f"{op.name}-{i}")
    for op in TABLE.values()
    for i, sample in enumerate(op.samples)
]
SIZES = [4, 16, 16, 3]


def bits(*values: Any) -> list[bytes]:
    return [np.ascontiguousarray(v.data).tobytes() for v in values]


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
            ag.tensor(np.zeros(a.shape, dtype), requires_grad=True)
            if isinstance(a, np.ndarray) and a.dtype.kind == "f"
            else None
            for a in args
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
    first = compiled(*arrays)
    again = compiled(*arrays)
    assert bits(*eager) == bits(*first) == bits(*again)
    assert [v.dtype for v in eager] == [v.dtype for v in again]


def network(seed: int = 1, lr: float = 1e-2) -> tuple[list[ag.Tensor], Any, Any]:
    rng = np.random.default_rng(seed)
    params = []
    for n, m in pairwise(SIZES):
        weight = rng.standard_normal((m, n)).astype(np.float32)
        params.append(ag.tensor(weight, requires_grad=True))
        params.append(ag.tensor(np.zeros(m, np.float32), requires_grad=True))
    opt = optim.Adam(params, lr=lr)

    def train(x: Any, y: Any) -> ag.Tensor:
        opt.zero_grad()
        h = x
        for weight, bias in zip(params[::2], params[1::2], strict=True):
            h = np.maximum(TABLE["linear"](h, weight, bias), 0.0)
        loss = ((h - y) ** 2).mean()
        loss.backward()
        opt.step()
        return loss

    return params, opt, train


def data(batch: int = 32) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    return (
        rng.standard_normal((batch, SIZES[0])).astype(np.float32),
        rng.standard_normal((batch, SIZES[-1])).astype(np.float32),
    )


def test_training_agrees_bit_for_bit_through_changes_of_lr_and_batch() -> None:
    ours, theirs = network(), network()
    step = compile(theirs[2])
    for i in range(30):
        x, y = data(batch=7 if i % 10 == 9 else 32)
        ours[1].param_groups[0]["lr"] = theirs[1].param_groups[0]["lr"] = 0.1 / (i + 1)
        assert bits(ours[2](x, y)) == bits(step(x, y))
    assert bits(*ours[0]) == bits(*theirs[0])
    assert bits(*(p.grad for p in ours[0])) == bits(*(p.grad for p in theirs[0]))
    assert step.recordings == 2  # one per batch size; the learning rate is none


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
    for _ in range(4):
        step(x)
        plain(x)
        assert bits(w.grad) == bits(v.grad)
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
        (lambda t: ag.tensor(t), "ag.tensor"),
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
    assert ag.tape.state.recorder is None


def test_an_exception_while_recording_leaves_no_program() -> None:
    @compile
    def step(x: Any) -> Any:
        raise KeyError("mine")

    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            step(np.ones(3, np.float32))
    assert not step.programs


def test_arguments() -> None:
    @compile
    def f(x: Any, options: Any, *, scale: float = 1.0) -> Any:
        return {"out": x["a"] * scale + x["b"][0], "name": options}

    given = {"a": np.ones(3, np.float32), "b": [np.arange(3, dtype=np.float32)]}
    for scale in (1.0, 3.0, 1.0):
        result = f(given, "plain", scale=scale)
        assert result["name"] == "plain"
        assert result["out"].tolist() == [scale, scale + 1, scale + 2]
    assert f.recordings == 2
    with pytest.raises(TypeError, match="neither an array nor hashable"):
        f(given, {1, 2})
    with pytest.raises(ValueError, match="requires grad"):
        f({"a": ag.tensor([1.0], requires_grad=True), "b": [given["a"]]}, "x")


def test_input_memory_is_not_kept() -> None:
    f = compile(lambda x: x)
    x = np.ones(3, np.float32)
    for _ in range(2):
        out = f(x)
        x += 1
        assert out.tolist() == [x[0] - 1] * 3


def test_a_compiled_function_inside_another_is_part_of_it() -> None:
    inner = compile(lambda x: x * 2.0)
    outer = compile(lambda x: inner(x) + 1.0)
    for _ in range(2):
        assert outer(np.ones(2, np.float32)).tolist() == [3.0, 3.0]
    assert not inner.programs


def test_host_calls_replay_and_are_counted() -> None:
    f = compile(lambda x, i: x[i] * 2.0)
    x = np.arange(6, dtype=np.float32)
    for shift in range(3):
        out = f(x + shift, np.array([0, 3, 3]))
        assert out.tolist() == [2.0 * (shift + i) for i in (0, 3, 3)]
    (programs,) = f.programs.values()
    assert len(programs[0].explain().host_calls) == 1


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
    assert "matmul.matmul" in str(report)
    before = step(x, y).item()
    profile = program.profile(20)
    assert len(profile.micros) == report.launches + report.checks
    assert step(x, y).item() < before  # went on from where it was
    assert profile.save_trace(tmp_path / "trace.json").stat().st_size > 100
    assert "optim.adam" in str(profile)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_no_bit(threads: int) -> None:
    before = teams.current.size
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 200)).astype(np.float32)
    w = ag.tensor(
        rng.standard_normal((150, 200)).astype(np.float32), requires_grad=True
    )

    def step(x: Any) -> ag.Tensor:
        w.grad = None
        h = np.exp(TABLE["linear"](x, w, None) * 0.01)
        loss = (h * h).mean()
        loss.backward()
        return loss

    eager = bits(step(ag.tensor(x)), w.grad)
    try:
        set_num_threads(threads)
        compiled = compile(step)
        for _ in range(20):
            loss = compiled(x)
            assert bits(loss, w.grad) == eager
        table = compiled.program.bound.table
        assert (table[:, 4] > 1).any() == (threads > 1)
    finally:
        set_num_threads(before)


def test_many_python_threads_at_once() -> None:
    before = teams.current.size
    set_num_threads(2)
    expected = []
    _, _, train = network()
    x, y = data()
    for _ in range(50):
        expected.append(train(x, y).item())
    results: dict[int, list[float]] = {}

    def work(i: int) -> None:
        step = compile(network()[2])
        results[i] = [step(x, y).item() for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    set_num_threads(before)
    assert [results[i] for i in range(4)] == [expected] * 4


OPTIMIZERS: list[Any] = [
    pytest.param(lambda p: optim.SGD(p, lr=0.05), id="SGD"),
    pytest.param(
        lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True), id="Nesterov"
    ),
    pytest.param(
        lambda p: optim.RMSprop(p, lr=1e-3, momentum=0.9, centered=True), id="RMSprop"
    ),
    pytest.param(lambda p: optim.Adagrad(p, lr=1e-2), id="Adagrad"),
    pytest.param(lambda p: optim.Adam(p, lr=1e-2, weight_decay=1e-3), id="Adam"),
    pytest.param(lambda p: optim.Adam(p, lr=1e-2, amsgrad=True), id="AMSGrad"),
    pytest.param(lambda p: optim.AdamW(p, lr=1e-2), id="AdamW"),
    pytest.param(lambda p: optim.NAdam(p, lr=1e-2), id="NAdam"),
    pytest.param(lambda p: optim.Lion(p, lr=1e-3), id="Lion"),
]


def classifier(make_optimizer: Any, sizes: list[int]) -> tuple[Any, Any]:
    ag.manual_seed(11)
    layers: list[Any] = []
    for n, m in pairwise(sizes[:-1]):
        layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.2)]
    model = nn.Sequential(*layers, nn.Linear(*sizes[-2:]))
    opt = make_optimizer(model.parameters())

    def train(x: Any, y: Any) -> ag.Tensor:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, train


def trained(
    make_optimizer: Any, sizes: list[int], batch: int, steps: int, compiled: bool
) -> list[bytes]:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((4, batch, sizes[0])).astype(np.float32)
    y = rng.integers(0, sizes[-1], (4, batch))
    model, train = classifier(make_optimizer, sizes)
    step = ag.compile(train) if compiled else train
    losses = [step(x[i % 4], y[i % 4]) for i in range(steps)]
    state = model.state_dict()
    return [*bits(*losses), *(state[name].tobytes() for name in sorted(state))]


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS)
def test_two_hundred_steps_bit_for_bit(make_optimizer: Any) -> None:
    runs = [trained(make_optimizer, [5, 16, 8, 3], 32, 200, c) for c in (False, True)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_two_hundred_steps_on_any_number_of_threads(threads: int) -> None:
    def adam(params: Any) -> Any:
        return optim.Adam(params, lr=1e-3)

    before = ag.get_num_threads()
    expected = trained(adam, [64, 160, 96, 10], 96, 200, False)
    try:
        ag.set_num_threads(threads)
        assert trained(adam, [64, 160, 96, 10], 96, 200, True) == expected
        assert trained(adam, [64, 160, 96, 10], 96, 50, False)[:50] == expected[:50]
    finally:
        ag.set_num_threads(before)


def test_relu_and_dropout_are_fused_and_dead_launches_dropped() -> None:
    _, train = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    step = ag.compile(train)
    x, y = np.ones((4, 5), np.float32), np.array([0, 1, 2, 0])
    step(x, y)
    fused = " ".join(step.program.explain().fused)
    assert "relu_dropout_backward x2" in fused
    assert "relu_dropout x2" in fused


def test_modes_options_and_parameters_are_guarded() -> None:
    model, _ = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    predict = ag.compile(lambda x: model(x))
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    ag.manual_seed(0)
    first = [predict(x).numpy() for _ in range(2)]
    assert (first[0] != first[1]).any()  # dropout draws anew in a replay
    model.eval()
    quiet = [predict(x).numpy() for _ in range(3)]
    assert bits(*map(ag.tensor, quiet[:1])) == bits(*map(ag.tensor, quiet[2:]))
    assert predict.recordings == 2
    model.train()
    predict(x)
    assert predict.recordings == 2
    model[3].p = 0.5
    predict(x)
    assert predict.recordings == 3
    with ag.no_grad():
        model[0].weight.copy_(np.zeros((16, 5)))
    predict(x)  # values are no reason
    assert predict.recordings == 3


def test_labels_out_of_range_stop_a_replay_before_the_update() -> None:
    model, train = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    step = ag.compile(train)
    x, y = np.ones((4, 5), np.float32), np.array([0, 1, 2, 0])
    x += np.random.default_rng(0).standard_normal(x.shape).astype(np.float32)
    for _ in range(2):
        step(x, y)
    before = [p.data.tobytes() for p in model.parameters()]
    for bad in ([0, 1, 3, 0], [0, -1, 2, 0]):
        with pytest.raises(ValueError, match="cross_entropy: label"):
            step(x, np.array(bad))
    with pytest.raises(ValueError, match="batch_norm"):
        step(x * np.float32(np.nan), y)
    assert [p.data.tobytes() for p in model.parameters()] == before
    step(x, y)


def test_a_function_that_never_settles_warns_and_stays_bounded() -> None:
    f = ag.compile(lambda x: x * 2.0)

    def grow() -> None:
        for n in range(1, 60):
            f(np.ones(n, np.float32))

    with pytest.warns(RuntimeWarning, match=r"argument 0 .*\(9,\)") as caught:
        grow()
    assert len(caught) == 1
    assert sum(map(len, f.programs.values())) <= 32


def test_heavy_eager_launches_share_and_change_no_bit() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((260, 260)).astype(np.float32) for _ in range(2))
    before = ag.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            ag.set_num_threads(threads)
            results.append(TABLE["matmul"](a, b).tobytes())
    finally:
        ag.set_num_threads(before)
    assert results == results[:1] * 3


def test_relu_fused_into_a_product_has_the_bits_of_relu() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 5)).astype(np.float32)
    x[0] = np.float32(1e-30)  # products that round to -0.0, and NaN
    w = rng.standard_normal((7, 5)).astype(np.float32)
    w[0], w[1, 2] = np.float32(-1e-30), np.nan

    def layer(x: Any) -> Any:
        return TABLE["relu"](TABLE["linear"](x, w, None))

    compiled = compile(layer)
    expected = bits(layer(ag.tensor(x)))
    assert bits(compiled(x)) == bits(compiled(x)) == expected
    assert "matmul_relu x1" in compiled.program.explain().fused


def test_a_call_of_another_dtype_layout_or_order_gets_its_own_program() -> None:
    f = ag.compile(lambda x, n: x * 2.0 + n.astype(x.dtype))
    rng = np.random.default_rng(0)
    x, n = rng.standard_normal((4, 3)).astype(np.float32), np.arange(3, dtype=np.int32)
    for given in (
        (x, n),
        (x, n),
        (x, n.astype(np.float32)),  # as many bytes, another dtype
        (x.astype(np.float64), n),
        (x[::-1], n[::-1]),
        (np.asfortranarray(x), n),
        (np.broadcast_to(x[:1], (4, 3)), n),
        (x, np.array([[1], [2], [3], [4]], np.int32)),
        (x, n),
    ):
        expected = given[0] * 2 + given[1].astype(given[0].dtype)
        assert f(*given).tolist() == expected.tolist()
        assert f(*given).dtype == given[0].dtype
    assert f.recordings == 4


def test_models_transforms_and_single_steps_compile() -> None:
    model, _ = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    model.eval()
    predict = ag.compile(model)
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    assert bits(predict(x), predict(x)) == bits(model(x)) * 2
    assert "Sequential" in repr(predict)

    def loss(weights: Any, x: Any) -> Any:
        return ((weights["w"] * x) ** 2).sum()

    both = ag.compile(ag.value_and_grad(loss))
    for i in range(3):
        w, data = {"w": np.arange(3.0) + i}, np.arange(3.0)
        value, grads = both(w, data)
        assert value.item() == ((w["w"] * data) ** 2).sum()
        np.testing.assert_allclose(grads["w"].data, 2 * w["w"] * data**2)

    weight = ag.tensor([1.0, 2.0], requires_grad=True)
    update = ag.compile(optim.SGD([weight], lr=0.25).step)
    for i in range(1, 4):
        weight.grad = None
        (weight * weight).sum().backward()
        update()
        assert weight.tolist() == [0.5**i, 2 * 0.5**i]
    with pytest.raises(TypeError, match="expected a function, got 3"):
        ag.compile(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_runs_over_elements_go_tile_by_tile(threads: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((310, 97)).astype(np.float32)
    row = rng.standard_normal(97).astype(np.float32)

    def chain(x: Any) -> Any:
        y = np.exp(-x * x) + row
        z = nn.functional.gelu(y * 2.0) - y
        return (z * z).sum(), np.where(z > y, z, y) * x

    before = ag.get_num_threads()
    expected = bits(*chain(ag.tensor(x)))
    try:
        ag.set_num_threads(threads)
        compiled = ag.compile(chain)
        for _ in range(30):
            assert bits(*compiled(x)) == expected
    finally:
        ag.set_num_threads(before)
    assert any("by tiles" in line for line in compiled.program.explain().fused)
