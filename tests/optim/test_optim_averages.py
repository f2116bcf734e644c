"""Averages: of a series, of parameters and buffers, of ScheduleFreeSGD."""

import math

import numpy as np
import pytest
from optim_cases import assert_same_bits, give, leaf, parameters

import autograd_core as ag
from autograd_core import nn, optim

A = leaf(3)

# Series ----------------------------------------------------------------------------


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999])
def test_average_is_the_weighted_mean(beta, unbiased, rng):
    values = rng.normal(size=(30, 4))
    average = optim.Average(beta, unbiased)
    for t in range(1, 31):
        weights = (1 - beta) * beta ** np.arange(t - 1, -1.0, -1)
        want = weights @ values[:t] / (weights.sum() if unbiased else 1)
        got = average.update(values[t - 1])
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)


def test_average_of_numbers():
    # theta = 40, 49, 45 with beta = 0.9: v = 4, 8.5, 12.15; over 0.1, 0.19, 0.271
    biased, unbiased = optim.Average(0.9, False), optim.Average()
    assert math.isnan(unbiased.value)
    for theta, v, t in [
        (40, 4.0, 1),
        (np.float32(49), 8.5, 2),
        (ag.tensor(45), 12.15, 3),
    ]:
        value = biased.update(theta)
        assert type(value) is float
        np.testing.assert_allclose(value, v, rtol=1e-14)
        np.testing.assert_allclose(unbiased.update(theta), v / (1 - 0.9**t), rtol=1e-14)
    assert unbiased.value == unbiased.update(unbiased.value)
    assert repr(biased).startswith(
        "Average(beta=0.9, unbiased=False, updates=3, value=12"
    )


def test_average_of_a_constant_is_exact():
    average = optim.Average(0.99)
    assert {average.update(0.1) for _ in range(500)} == {0.1}
    assert optim.Average().update(np.inf) == np.inf
    average.update(np.nan)
    assert math.isnan(average.update(1.0))


@pytest.mark.parametrize("value", [3.5, np.arange(3.0), np.ones((2, 2), np.float32)])
def test_average_goes_on_from_its_state(value):
    average, other = optim.Average(0.8), optim.Average(0.5, unbiased=False)
    other.load_state_dict(average.state_dict())
    assert math.isnan(other.value)
    for i in range(3):
        average.update(value * i)
    other.load_state_dict(average.state_dict())
    a, b = average.update(value), other.update(value)
    np.testing.assert_array_equal(a, b)
    assert np.asarray(a).dtype == np.asarray(value).dtype
    if np.ndim(a):
        a[...] = 7  # a copy
        np.testing.assert_array_equal(average.value, b)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: optim.Average(1.0), r"Average: beta must lie in \[0, 1\), got 1"),
        (lambda a: optim.Average(unbiased=1), "unbiased must be True or False"),
        (lambda a: a.update("3"), "must be a number or an array, got '3'"),
        (lambda a: a.update(None), "must be a number or an array"),
        (lambda a: a.update(True), "must be a number or an array"),
        (lambda a: a.update(np.ones(3)), r"got shape \(3,\), before \(\)"),
        (lambda a: a.load_state_dict({}), "missing .*'beta'"),
        (
            lambda a: a.load_state_dict({**a.state_dict(), "updates": -1}),
            "updates must",
        ),
        (
            lambda a: a.load_state_dict({**a.state_dict(), "weights": 2.0}),
            "weights must",
        ),
    ],
)
def test_bad_averages_of_series(call, message):
    average = optim.Average()
    average.update(1.0)
    before = average.state_dict()
    with pytest.raises((TypeError, ValueError), match=message):
        call(average)
    assert average.state_dict() == before


# Parameters and buffers ------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ema(dtype, rng):
    params = parameters(rng, dtype) + parameters(rng)
    ema = optim.EMA(params, decay=0.8)
    assert_same_bits(ema.averages(), [p.data for p in params])
    seen, weights = [], []
    for step in range(20):
        if step == 10:
            ema.settings["decay"] = 0.95
            saved, ema = ema.state_dict(), optim.EMA(params)
            ema.load_state_dict(saved)
        d = ema.settings["decay"]
        weights = [w * d for w in weights] + [1 - d]
        for p in params:
            p.data[...] = rng.normal(size=p.shape)
        seen.append([p.data.astype(float) for p in params])
        ema.update()
    own = [p.data.copy() for p in params]
    with ema.averaged():
        for i, p in enumerate(params):
            want = sum(w * s[i] for w, s in zip(weights, seen, strict=True))
            want = want / sum(weights)
            np.testing.assert_allclose(p.data, want, rtol=1e-5, atol=1e-6)
    assert_same_bits(own, [p.data for p in params])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.EMA([]), "no parameters"),
        (lambda: optim.EMA([np.ones(2)]), "parameter 0 must be a Tensor"),
        (lambda: optim.EMA([A], decay=1.0), r"decay must lie in \[0, 1\)"),
        (lambda: optim.EMA([A]).load_state_dict({}), "missing"),
        (
            lambda: optim.EMA([A]).load_state_dict(optim.EMA([leaf(2)]).state_dict()),
            r"sums are \[\(\(2,\)",
        ),
    ],
)
def test_bad_averages(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def normalised():
    ag.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


@pytest.mark.parametrize("wrap", [lambda f: f, ag.compile])
def test_ema_averages_buffers(wrap, rng):
    model = normalised()
    counter = nn.Buffer(np.zeros(1, np.int64))
    buffers = [*model.buffers(), counter]
    ema = optim.EMA(model.parameters(), 0.8, buffers)
    means = {id(t): optim.Average(0.8) for t in ema.params}
    assert len(ema.params) == len(list(model.parameters())) + 2

    @wrap
    def step(x):
        loss = (model(x) ** 2).sum()
        ema.update()
        return loss

    for _ in range(6):
        step(rng.normal(size=(5, 3)).astype(np.float32))
        for t in ema.params:
            means[id(t)].update(t.data)
    own = [t.data.copy() for t in ema.params]
    with ema.averaged():
        for t in ema.params:
            np.testing.assert_allclose(t.data, means[id(t)].value, rtol=3e-6)
        assert counter.item() == 0
    assert_same_bits([t.data for t in ema.params], own)
    other = optim.EMA(normalised().parameters(), 0.5, normalised().buffers())
    other.load_state_dict(ema.state_dict())
    assert_same_bits(other.sums, ema.sums)
    assert repr(other) == "EMA(decay=0.8, updates=6)"


def test_ema_of_a_state_before_there_were_buffers():
    """What version 0.1 saved: decay, a clock of two numbers, sums of parameters."""
    ema = optim.EMA([leaf(2)])
    old = {"decay": 0.5, "clock": np.array([1.0, 0.5]), "sums": [np.array([1.0, 2.0])]}
    ema.load_state_dict(old)
    np.testing.assert_array_equal(ema.averages()[0], [2.0, 4.0])
    with pytest.raises(ValueError, match=r"clock has shape \(3,\), expected \(2,\)"):
        ema.load_state_dict({**old, "clock": np.ones(3)})


# ScheduleFreeSGD -------------------------------------------------------------------


def trained(opt, params, rng, steps):
    for _ in range(steps):
        give(params, [rng.normal(size=p.shape) + p.data for p in params])
        opt.step()


def test_schedule_free_evaluates_the_average(rng):
    """x by its definition (Defazio et al. 2024, eq. 5): the mean of all z, weighted."""
    p = ag.tensor([1.0, -1.0], np.float64, requires_grad=True)
    opt = optim.ScheduleFreeSGD([p], lr=0.1, momentum=0.9)
    zs = []
    for _ in range(20):
        give([p], [rng.normal(size=2)])
        opt.step()
        zs.append(opt.state[p]["z"].copy())
    y = p.data.copy()
    opt.eval()
    np.testing.assert_allclose(p.data, np.mean(zs, axis=0), rtol=1e-12)
    opt.eval()  # is no second one
    np.testing.assert_allclose(p.data, np.mean(zs, axis=0), rtol=1e-12)
    with pytest.raises(RuntimeError, match="since eval"):
        opt.step()
    opt.train()
    np.testing.assert_allclose(p.data, y, rtol=1e-12)
    np.testing.assert_allclose(y, 0.1 * zs[-1] + 0.9 * np.mean(zs, axis=0), rtol=1e-12)
    opt.step()


def test_schedule_free_of_parameters_without_a_step():
    p, q = leaf(3), leaf(2)
    opt = optim.ScheduleFreeSGD([p, q], lr=0.1)
    give([p], [np.ones(3)])
    p.data[...] = 5.0  # loaded after the optimizer was made: z starts there
    opt.step()
    for move in (opt.eval, opt.train):
        move()
        np.testing.assert_allclose(p.data, 4.9, rtol=1e-12)
        np.testing.assert_array_equal(q.data, 1.0)


@pytest.mark.parametrize("evaluated", [False, True])
def test_schedule_free_is_resumed_in_its_mode(evaluated, rng):
    params = parameters(rng)
    opt = optim.ScheduleFreeSGD(params, lr=0.1)
    trained(opt, params, rng, 4)
    if evaluated:
        opt.eval()
    again = [ag.tensor(p.data, requires_grad=True) for p in params]
    resumed = optim.ScheduleFreeSGD(again)
    resumed.load_state_dict(opt.state_dict())
    for o, own in ((opt, params), (resumed, again)):
        o.train()
        trained(o, own, np.random.default_rng(1), 4)
        o.eval()
    assert_same_bits([p.data for p in params], [p.data for p in again])


def test_schedule_free_in_a_program(rng):
    p = leaf(3)
    opt = optim.ScheduleFreeSGD([p], lr=0.1)

    @ag.compile
    def step(x):
        opt.zero_grad()
        (p * x).sum().backward()
        opt.step()

    for _ in range(4):
        step(np.ones(3))
    opt.eval()
    with pytest.raises(RuntimeError, match=r"call train\(\) first"):
        step(np.ones(3))
    opt.train()
    step(np.ones(3))
    with pytest.raises(RuntimeError, match="eval is called inside a compiled"):
        ag.compile(opt.eval)()
    other = optim.SGD([p])
    other.eval()  # nothing to do, for all others
    other.train()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 0.0}, r"momentum must lie in \(0, 1\), got 0.0"),
        ({"momentum": 1.0}, "momentum must lie in"),
        ({"warmup_steps": -1}, "warmup_steps must be a whole number >= 0, got -1"),
        ({"warmup_steps": 1.5}, "warmup_steps must be a whole number, got 1.5"),
    ],
)
def test_bad_schedule_free(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        optim.ScheduleFreeSGD([leaf(2)], **options)
    opt = optim.ScheduleFreeSGD([leaf(2)])
    state = opt.state_dict()
    del state["training"]
    with pytest.raises(ValueError, match=r"missing .'training'"):
        opt.load_state_dict(state)
