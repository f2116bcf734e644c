"""Programs: what makes another recording, and what does not."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from program_cases import bits, classifier

import autograd_core as ag
from autograd_core import optim
from autograd_core.program import compile


def test_modes_options_and_parameters_are_guarded() -> None:
    model, _ = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    predict = ag.compile(lambda x: model(x))
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    ag.manual_seed(0)
    first = [predict(x).numpy() for _ in range(4)]
    for a, b in combinations(first, 2):  # dropout draws anew in a replay
        assert (a != b).any()
    assert predict.recordings == 2
    model.eval()
    quiet = [predict(x).numpy() for _ in range(4)]
    assert bits(*map(ag.tensor, quiet)) == bits(ag.tensor(quiet[0])) * 4
    assert predict.recordings == 4
    model.train()
    predict(x)
    assert predict.recordings == 4
    model[3].p = 0.5
    predict(x), predict(x), predict(x)
    assert predict.recordings == 6
    with ag.no_grad():
        model[0].weight.copy_(np.zeros((16, 5)))
    predict(x)  # values are no reason
    assert predict.recordings == 6


def frozen_and_back(w: ag.Tensor, x: Any) -> Any:
    w.requires_grad = False
    y = (w * x).sum()
    w.requires_grad = True
    return y


@pytest.mark.parametrize("inside", [False, True])
def test_whether_a_leaf_requires_grad_is_guarded(inside: bool) -> None:
    def step(w: ag.Tensor, v: ag.Tensor, x: Any) -> Any:
        w.grad = v.grad = None
        y = (w * v * x).sum()
        if inside:
            y = y + frozen_and_back(w, x)
        y.backward()
        return y

    x = np.arange(1, 4, dtype=np.float32)
    results, recordings = [], []
    for compiled in (False, True):
        w, v = ag.ones(3, requires_grad=True), ag.ones(3, requires_grad=True)
        run: Any = ag.compile(lambda x, w=w, v=v: step(w, v, x))
        results.append([])
        for change in (None, None, None, False, None, None, True, None):
            if change is not None:
                v.requires_grad = change
            y = run(x) if compiled else step(w, v, ag.tensor(x))
            grads = [g if g is None else bits(g) for g in (w.grad, v.grad)]
            results[-1].append([bits(y), *grads])
            recordings.append(run.recordings)
    assert results[0] == results[1]
    assert recordings[8:] == [1, 2, 2, 3, 4, 4, 4, 4]


def scaled(layer: Any, scale: ag.Tensor) -> Any:
    return lambda x: layer(x * scale)


@pytest.mark.parametrize("wrap", [ag.Tensor, np.asarray])
def test_another_array_in_data_is_seen(wrap: Any) -> None:
    rng = np.random.default_rng(0)
    x = wrap(rng.standard_normal((6, 5)).astype(np.float32))
    y = wrap(np.array([0, 1, 2, 0, 1, 2]))
    results: list[list[Any]] = []
    for compiled in (False, True):
        ag.manual_seed(0)
        model, train = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
        step = ag.compile(train) if compiled else train
        scale = ag.ones(5)
        look = scaled(model[0], scale)
        look = ag.compile(look) if compiled else look
        results.append([])
        for change in range(4):
            if change == 1:
                model[0].weight.data = np.full((16, 5), 0.1, np.float32)
            elif change == 2:
                model[1].running_mean.data = np.full(16, 3.0, np.float32)
            elif change == 3:
                scale.data = np.full(5, 2.0, np.float32)
            for _ in range(4):
                loss = step(x, y)
                seen = look(x)
                results[-1].append(bits(loss, seen, *model.state_dict().values()))
    assert results[0] == results[1]


def test_a_function_that_never_settles_warns_and_stays_bounded() -> None:
    def grow(f: Any) -> None:
        for n in range(1, 60):
            assert f(np.ones(n, np.float32)).tolist() == [2.0] * n

    f = ag.compile(lambda x: x * 2.0)

    told = (
        r"does not settle: argument 0 \(\(8,\) float32 after \(7,\) float32\)\. .*eager"
    )
    with pytest.warns(RuntimeWarning, match=told) as caught:
        grow(f)
    assert len(caught) == 1
    assert f.recordings == 7
    assert not f.programs
    with pytest.raises(RuntimeError, match=r"does not settle: argument 0 \(\(\d"):
        grow(ag.compile(lambda x: x * 2.0, strict=True))


def test_the_number_of_programs_is_bounded() -> None:
    f = ag.compile(lambda x: x * 2.0)
    for n in range(1, 60):
        for _ in range(3):
            assert f(np.ones(n, np.float32)).tolist() == [2.0] * n
    assert f.recordings == 2 * 59
    assert sum(map(len, f.programs.values())) == len(f.programs) == 32
    f(np.ones(59, np.float32))
    assert f.recordings == 2 * 59
    f(np.ones(1, np.float32))  # the one used longest ago went first
    assert f.recordings == 2 * 59 + 1


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
        for _ in range(3):
            out = f(*given)
            assert out.tolist() == expected.tolist()
            assert out.dtype == given[0].dtype
    assert f.recordings == 8
    assert [len(programs) for programs in f.programs.values()] == [1] * 4


def test_models_transforms_and_single_steps_compile() -> None:
    model, _ = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    model.eval()
    predict = ag.compile(model)
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
    assert bits(*(predict(x) for _ in range(4))) == bits(model(x)) * 4
    assert predict.recordings == 2
    assert "Sequential" in repr(predict)

    def loss(weights: Any, x: Any) -> Any:
        return ((weights["w"] * x) ** 2).sum()

    both = ag.compile(ag.value_and_grad(loss))
    for i in range(5):
        w, data = {"w": np.arange(3.0) + i}, np.arange(3.0)
        value, grads = both(w, data)
        assert value.item() == ((w["w"] * data) ** 2).sum()
        np.testing.assert_allclose(grads["w"].data, 2 * w["w"] * data**2)

    weight = ag.tensor([1.0, 2.0], requires_grad=True)
    update = ag.compile(optim.SGD([weight], lr=0.25).step)
    for i in range(1, 6):
        weight.grad = None
        (weight * weight).sum().backward()
        update()
        assert weight.tolist() == [0.5**i, 2 * 0.5**i]
    assert both.recordings == 2
    with pytest.raises(TypeError, match="expected a function, got 3"):
        ag.compile(3)  # type: ignore[arg-type]


def test_arguments() -> None:
    @compile
    def f(x: Any, options: Any, *, scale: float = 1.0) -> Any:
        return {"out": x["a"] * scale + x["b"][0], "name": options}

    given = {"a": np.ones(3, np.float32), "b": [np.arange(3, dtype=np.float32)]}
    for scale in (1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 1.0):
        result = f(given, "plain", scale=scale)
        assert result["name"] == "plain"
        assert result["out"].tolist() == [scale, scale + 1, scale + 2]
    assert f.recordings == 4
    with pytest.raises(TypeError, match="neither an array nor hashable"):
        f(given, {1, 2})
    with pytest.raises(ValueError, match="requires grad"):
        f({"a": ag.tensor([1.0], requires_grad=True), "b": [given["a"]]}, "x")
