"""Limits on gradients and weights: clipping, soft thresholds, norms."""

import math

import numpy as np
import pytest
from optim_cases import (
    SHAPES,
    Split,
    assert_same_bits,
    give,
    leaf,
    parameters,
)

import autograd_core as ag
from autograd_core import nn, optim

A = leaf(3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [1.0, 2.0, 3.0, math.inf])
def test_clip_grad_norm(power, dtype, rng):
    params = parameters(rng, dtype)
    give(params, [rng.normal(size=s) for s in SHAPES])
    params[3].grad = None
    before = {p: p.grad.data.copy() for p in params if p.grad is not None}
    want = np.linalg.norm(
        np.concatenate([g.reshape(-1) for g in before.values()]).astype(float), power
    )
    for limit in (2 * want, want / 3):
        norm = optim.clip_grad_norm_(params, limit, power)
        assert norm.dtype == dtype
        np.testing.assert_allclose(norm.data, want, rtol=np.finfo(dtype).eps)
        scale = min(1.0, limit / (want + 1e-6))
        for p, g in before.items():
            np.testing.assert_allclose(
                p.grad.data, g * scale, rtol=4 * np.finfo(dtype).eps
            )


def test_clip_grad_norm_of_two_dtypes_and_of_nothing():
    p, q = leaf(3), leaf(5000, dtype=np.float32)
    assert optim.clip_grad_norm_([p, q], 1.0).item() == 0
    give([p, q], [[3.0, 4.0, 0.0], np.ones(5000)])
    norm = optim.clip_grad_norm_([p, q], 1.0)
    np.testing.assert_allclose(norm.item(), math.sqrt(5025), rtol=1e-15)
    np.testing.assert_allclose(p.grad.data[0], 3 / math.sqrt(5025), rtol=1e-6)
    np.testing.assert_allclose(q.grad.data, 1 / math.sqrt(5025), rtol=1e-6)


def test_clip_grad_norm_does_not_depend_on_the_partition(rng):
    grads = [rng.normal(size=s) for s in SHAPES]
    results = []
    for cuts in ((), range(1, 99), (2, 3)):
        params = parameters(rng, np.float32)
        give(params, grads)
        with Split(cuts):
            norm = optim.clip_grad_norm_(params, 1.0)
        results.append([norm.data, *(p.grad.data for p in params)])
    for other in results[1:]:
        assert_same_bits(results[0], other)


def test_clip_grad_norm_at_the_extremes():
    p = leaf(4, dtype=np.float32)
    give([p], [np.full(4, 1e30)])  # the squares are beyond float32
    np.testing.assert_allclose(optim.clip_grad_norm_(p, 1.0).item(), 2e30, rtol=1e-6)
    np.testing.assert_allclose(p.grad.data, 0.5, rtol=1e-6)
    for bad in (np.nan, np.inf):
        for power in (1.0, 2.0, math.inf):
            give([p], [[1.0, bad, 2.0, 3.0]])
            with pytest.raises(FloatingPointError, match="NaN or infinite"):
                optim.clip_grad_norm_(p, 1.0, power, error_if_nonfinite=True)
            np.testing.assert_array_equal(p.grad.data, [1.0, bad, 2.0, 3.0])
            norm = optim.clip_grad_norm_(p, 1.0, power).item()
            np.testing.assert_equal(norm, bad)  # NaN is NaN, infinity infinity


def test_clip_grad_value():
    p = leaf(5)
    give([p], [[-3.0, -0.5, np.nan, 0.5, np.inf]])
    optim.clip_grad_value_([p], 1.0)
    np.testing.assert_array_equal(p.grad.data, [-1.0, -0.5, np.nan, 0.5, 1.0])


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (
            lambda: optim.clip_grad_norm_([A], -1.0),
            r"max_norm must lie in \[0, inf\], got -1",
        ),
        (lambda: optim.clip_grad_norm_([A], np.nan), "max_norm must lie"),
        (
            lambda: optim.clip_grad_norm_([A], 1.0, 0.0),
            r"norm_type must lie in \(0, inf\], got 0",
        ),
        (lambda: optim.clip_grad_value_([A], -1.0), "clip_value must lie in"),
        (lambda: optim.clip_grad_value_([np.ones(3)], 1.0), "must be a Tensor"),
    ],
)
def test_bad_clipping(clip, message):
    with pytest.raises((TypeError, ValueError), match=message):
        clip()


@pytest.mark.parametrize("power", [1.0, 2.0, math.inf])
@pytest.mark.parametrize("bad", [None, np.nan, np.inf])
def test_an_infinite_limit_only_measures(power, bad):
    p = leaf(3)
    g = [3.0, 4.0, 0.0 if bad is None else bad]
    give([p], [g])
    norm = optim.clip_grad_norm_(p, math.inf, power).item()
    np.testing.assert_equal(norm, np.linalg.norm(g, power))
    np.testing.assert_array_equal(p.grad.data, g)


# Soft thresholds -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shrink(dtype, rng):
    params = [*parameters(rng, dtype), leaf(2)]
    before = [p.data.copy() for p in params]
    optim.shrink_(params, 0.5)
    for p, w in zip(params, before, strict=True):
        a = w.dtype.type(0.5)
        want = np.where(np.abs(w) <= a, 0, np.sign(w) * (np.abs(w) - a))
        np.testing.assert_array_equal(p.data, want)
    assert (np.concatenate([p.data.reshape(-1) for p in params]) == 0).sum() > 1000


def test_shrink_at_the_extremes():
    w = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-300, 0.25, -0.25]
    for amount, want in [
        (0.25, [0, 0, np.nan, np.inf, -np.inf, 0, 0, 0]),
        (0.0, [0, 0, np.nan, np.inf, -np.inf, 1e-300, 0.25, -0.25]),
        (math.inf, [0, 0, np.nan, 0, 0, 0, 0, 0]),
    ]:
        p = ag.tensor(w, np.float64, requires_grad=True)
        optim.shrink_(p, amount)
        np.testing.assert_array_equal(p.data, want)


def test_shrink_does_not_depend_on_the_partition(rng):
    start = [p.data for p in parameters(rng, np.float32)]
    results = []
    for cuts in ((), range(1, 99), (2, 3)):
        params = [ag.tensor(d, requires_grad=True) for d in start]
        with Split(cuts):
            optim.shrink_([*params, params[0]], 0.3)  # given twice, shrunk once
        results.append([p.data for p in params])
    for other in results[1:]:
        assert_same_bits(results[0], other)


def lasso(x, y, alpha, compiled):
    """The minimum of |x w - y|^2 / 2n + alpha |w|, by proximal gradient descent."""
    w = ag.tensor(np.zeros(x.shape[1]), requires_grad=True)
    opt = optim.SGD([w], lr=1 / np.linalg.eigvalsh(x.T @ x / len(x))[-1])
    schedule = optim.LambdaLR(opt, lambda t: 1 if t < 3000 else 0.5)

    def step(x, y):
        opt.zero_grad()
        residual = x @ w - y
        ((residual * residual).mean() * 0.5).backward()
        opt.step()
        optim.shrink_([w], alpha, opt)

    if compiled:
        step = ag.compile(step)
    for _ in range(4000):
        step(x, y)
        schedule.step()
    return w.data


@pytest.mark.parametrize("compiled", [False, True])
def test_shrink_gives_lasso(compiled):
    """scikit-learn's coefficients on diabetes, and its zeros."""
    sklearn = pytest.importorskip("sklearn.linear_model")
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    x, y = x / x.std(0), y - y.mean()
    for alpha in (1.0, 10.0):
        want = sklearn.Lasso(alpha=alpha, tol=1e-10).fit(x, y).coef_
        w = lasso(x, y, alpha, compiled)
        np.testing.assert_allclose(w, want, rtol=1e-3)
        assert ((w == 0) == (want == 0)).all()
        assert (w == 0).any()


# Norms of weights ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axis"), [((7, 5), 1), ((4, 6), 0), ((3, 4, 5), -2)])
def test_clip_weight_norm(shape, axis, dtype, rng):
    p = ag.tensor(rng.normal(size=shape), dtype, requires_grad=True)
    before = p.data.copy()
    norm = np.linalg.norm(before.astype(float), axis=axis, keepdims=True)
    limit = 1.01 * float(np.median(norm))
    optim.clip_weight_norm_([p], limit, axis)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(
        p.data, before * np.minimum(1, limit / norm), rtol=3 * eps
    )
    free = np.broadcast_to(norm <= limit, shape)
    assert free.any()
    assert not free.all()
    np.testing.assert_array_equal(p.data[free], before[free])


def test_clip_weight_norm_at_the_extremes():
    rows = [[3e200, 4e200], [np.nan, 9.0], [np.inf, 9.0], [3e-200, 4e-200], [0, 0]]
    p = ag.tensor(rows, np.float64, requires_grad=True)
    optim.clip_weight_norm_(p, 5.0)
    np.testing.assert_allclose(p.data[0], [3.0, 4.0], rtol=1e-15)
    np.testing.assert_array_equal(p.data[1:], rows[1:])
    optim.clip_weight_norm_(p, 5e-201)
    np.testing.assert_allclose(p.data[3], [3e-201, 4e-201], rtol=1e-15)
    optim.clip_weight_norm_(p, 0.0)
    assert not p.data[[0, 3]].any()


def test_weights_in_a_compiled_step_are_eagers(rng):
    results = []
    x, y = rng.normal(size=(2, 8, 5)).astype(np.float32)
    for wrap in (lambda f: f, ag.compile):
        ag.manual_seed(0)
        model = nn.Linear(5, 5)
        opt = optim.SGD(model.parameters(), lr=0.3)
        schedule = optim.ExponentialLR(opt, 0.8)

        def step(x, y, model=model, opt=opt):
            opt.zero_grad()
            ((model(x) - y) ** 2).mean().backward()
            opt.step()
            optim.shrink_([model.weight], 0.1, opt)
            optim.clip_weight_norm_([model.weight], 0.4)
            return model(x)

        step, seen = wrap(step), []
        for _ in range(12):
            seen.append(step(x, y).data.copy())
            schedule.step()
        if wrap is ag.compile:  # a new rate is read, not recorded
            assert step.recordings <= 2
        results.append([*seen, model.weight.data])
    assert_same_bits(*results)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optim.shrink_([A], -0.1), r"shrink_: amount must lie in \[0, inf\]"),
        (lambda: optim.shrink_([A], np.nan), "amount must lie in"),
        (lambda: optim.shrink_([A], True), "amount must be a number, got True"),
        (lambda: optim.shrink_(np.ones(3), 1.0), "0 must be a Tensor"),
        (lambda: optim.shrink_(nn.Linear(2, 2), 1.0), "did you mean .parameters"),
        (
            lambda: optim.shrink_([A], 1.0, optim.SGD([leaf(3)])),
            "parameter 0, shape \\(3,\\), is none of the optimizer's",
        ),
        (
            lambda: optim.clip_weight_norm_([leaf(2, 2), A], 1.0),
            "1, .* no axis 1",
        ),
        (lambda: optim.clip_weight_norm_([leaf(2, 2)], 1.0, -3), "has no axis -3"),
        (lambda: optim.clip_weight_norm_([leaf(2, 2)], -1.0), "max_norm must lie in"),
        (lambda: optim.clip_weight_norm_([leaf(2, 2)], 1.0, 1.0), "a whole number"),
    ],
)
def test_bad_limits(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
