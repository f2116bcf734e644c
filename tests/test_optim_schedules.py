"""What goes with optimizers: clipping, schedules, averages."""

import math

import numpy as np
import pytest
from optim_cases import (
    SHAPES,
    Split,
    assert_same_bits,
    give,
    label,
    leaf,
    parameters,
)

from autograd_core import optim

A = leaf(3)


# Clipping --------------------------------------------------------------------------


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


# Schedules -------------------------------------------------------------------------

# (schedule, options, what torch.optim.lr_scheduler of PyTorch 2.13 gives from lr = 0.4)
SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}, [0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1]),
    (
        "MultiStepLR",
        {"milestones": [2, 5], "gamma": 0.1},
        [0.4, 0.4, 0.04, 0.04, 0.04, 0.004, 0.004],
    ),
    (
        "ExponentialLR",
        {"gamma": 0.9},
        [0.4, 0.36, 0.324, 0.2916, 0.26244, 0.236196, 0.2125764],
    ),
    (
        "LinearLR",
        {"total_iters": 4},
        [0.133333333333, 0.2, 0.266666666667, 0.333333333333, 0.4, 0.4, 0.4],
    ),
    (
        "CosineAnnealingLR",
        {"T_max": 4, "eta_min": 0.01},
        [0.4, 0.342885822331, 0.205, 0.0671141776686, 0.01, 0.0671141776686, 0.205],
    ),
    (
        "OneCycleLR",
        {"max_lr": 1.0, "total_steps": 10},
        [
            *(0.04, 0.52, 1.0, 0.950484632013, 0.81174565395, 0.611262021936),
            *(0.388741978064, 0.18825834605, 0.0495193679865, 4e-06),
        ],
    ),
]
METRICS = [1.0, 0.9, 0.95, 0.91, 0.92, 0.93, 0.5, 0.6, 0.7, 0.8, 0.49996, 0.4]
PLATEAUS = [
    (
        {"patience": 1, "factor": 0.5},
        [0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025],
    ),
    (
        {"patience": 0, "cooldown": 2, "factor": 0.1, "min_lr": 0.01},
        [0.4, 0.4, 0.04, 0.04, 0.04, *[0.01] * 7],
    ),
    (
        {"mode": "max", "patience": 2, "threshold": 0.01, "threshold_mode": "abs"},
        [0.4] * 3 + [0.04] * 3 + [0.004] * 3 + [0.0004] * 3,
    ),
]


@pytest.mark.parametrize(("name", "options", "want"), SCHEDULES, ids=label)
def test_schedules_are_pytorchs(name, options, want):
    opt = optim.SGD([{"params": [leaf(1)]}, {"params": [leaf(1)], "lr": 0.8}], lr=0.4)
    schedule = getattr(optim, name)(opt, **options)
    seen = [schedule.get_last_lr()]
    for step in range(1, len(want)):
        if step == 3:  # resumed in the middle: nothing changes
            again = getattr(optim, name)(optim.SGD([leaf(1)], lr=9.0), **options)
            with pytest.raises(ValueError, match="is for 2 groups, expected 1"):
                again.load_state_dict(schedule.state_dict())
            schedule.close()
            saved = schedule.state_dict()
            schedule = getattr(optim, name)(opt, **options)
            schedule.load_state_dict(saved)
        schedule.step()
        seen.append(schedule.get_last_lr())
    np.testing.assert_allclose([lr for lr, _ in seen], want, rtol=1e-10)
    if name in ("StepLR", "MultiStepLR", "ExponentialLR", "LinearLR"):
        np.testing.assert_allclose([lr for _, lr in seen], 2 * np.array(want), 1e-10)


@pytest.mark.parametrize(("options", "want"), PLATEAUS)
def test_reduce_on_plateau_is_pytorchs(options, want):
    opt = optim.SGD([leaf(1)], lr=0.4)
    schedule = optim.ReduceLROnPlateau(opt, **options)
    seen = []
    for i, metric in enumerate(METRICS):
        if i == 4:
            schedule.close()
            saved = schedule.state_dict()
            schedule = optim.ReduceLROnPlateau(opt, **options)
            schedule.load_state_dict(saved)
        schedule.step(metric)
        seen.append(opt.param_groups[0]["lr"])
    np.testing.assert_allclose(seen, want, rtol=1e-10)


def test_lambda_and_warmup():
    opt = optim.SGD([{"params": [leaf(1)]}, {"params": [leaf(1)]}], lr=1.0)
    schedule = optim.LambdaLR(opt, [lambda t: 1 / (t + 1), lambda t: t])
    schedule.step()
    assert schedule.get_last_lr() == [0.5, 1.0]
    warm = optim.CosineAnnealingLR(optim.SGD([leaf(1)], lr=1.0), 2, warmup=4)
    seen = warm.get_last_lr()
    for _ in range(6):
        warm.step()
        seen += warm.get_last_lr()
    np.testing.assert_allclose(seen, [0.25, 0.5, 0.75, 1, 1, 0.5, 0], atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: optim.StepLR(o, 0), "step_size must be a whole number >= 1, got 0"),
        (lambda o: optim.CosineAnnealingLR(o, 1.5), "T_max must be a whole"),
        (lambda o: optim.LambdaLR(o, [abs, abs]), "got 2 functions for 1 groups"),
        (lambda o: optim.OneCycleLR(o, 1.0, 10, pct_start=1.0), "pct_start must lie"),
        (lambda o: optim.ReduceLROnPlateau(o, "low"), "mode is 'min' or 'max'"),
        (lambda o: optim.ReduceLROnPlateau(o, factor=1.0), "factor must lie"),
        (lambda o: optim.ReduceLROnPlateau(o).step(), "needs the metric"),
        (lambda o: optim.StepLR(o, 1).load_state_dict({}), "missing .*last_epoch"),
        (lambda o: optim.StepLR(3, 1), "must be an Optimizer, got int 3"),
    ],
)
def test_bad_schedules(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make(optim.SGD([leaf(1)]))


# Averages --------------------------------------------------------------------------


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
