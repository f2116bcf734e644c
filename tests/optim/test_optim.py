"""Update rules: kernels against specs, published values, any partition, a Program."""

import math
import re

import numba
import numpy as np
import pytest
from optim_cases import (
    EVERY,
    FULL,
    SHAPES,
    TABLE,
    TORCH,
    Split,
    assert_same_bits,
    copies,
    give,
    label,
    parameters,
)

import autograd_core as ag
from autograd_core import optim
from autograd_core.program.compile import compile
from autograd_kernels.jit import FAST
from autograd_kernels.llvm.vector import LANES
from autograd_kernels.optim.rules import SCALARS


@pytest.mark.parametrize(("name", "options"), TABLE, ids=label)
def test_fifty_steps_agree_with_the_spec(name, options, rng):
    params = parameters(rng)
    groups = [
        {"params": params[:3]},
        {"params": params[3:6], "lr": 0.02, "weight_decay": 0.2},
        {"params": params[6:], "maximize": True},
    ]
    opt = getattr(optim, name)(groups, **options)
    settings = [group for group in opt.param_groups for _ in group["params"]]
    expected, states = [p.data.copy() for p in params], copies(opt)
    counts = [0] * len(params)
    for step in range(50):
        grads = [rng.normal(size=shape) for shape in SHAPES]
        if step % 7 == 3:
            grads[step % 3] = grads[5] = None  # skipped, and its count stays
        give(params, grads)
        opt.step()
        if step == 20:
            opt.param_groups[0]["lr"] *= 0.5
        for i, g in enumerate(grads):
            if g is not None:
                h = dict(settings[i])
                if step == 20 and i < 3:
                    h["lr"] *= 2  # what it was when the step was taken
                counts[i] += 1
                expected[i] = opt.spec(counts[i], expected[i], g, states[i], h)
    for p, want, mine, s in zip(
        params, expected, opt.state.values(), states, strict=True
    ):
        np.testing.assert_allclose(p.data, want, rtol=1e-6, atol=1e-12)
        for key in opt.state_names:
            np.testing.assert_allclose(mine[key], s[key], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("name", "options", "want"), TORCH, ids=label)
def test_pytorch_values(name, options, want):
    p = ag.tensor(np.array([1.0, -2.0, 0.5]), requires_grad=True)
    opt = getattr(optim, name)([p], **options)
    for t in range(10):
        give([p], [np.array([1.0, 2.0, 3.0]) * p.data + np.cos(t)])
        opt.step()
    np.testing.assert_allclose(p.data, want, rtol=1e-12)


# Keras, keras/src/optimizers/{sgd,adam,lion}_test.py, test_correctness_with_golden: the
# states from ones under the gradient 0.01 first and then 0.1 to 1.0, of which here are
# the first and the last; SGD's printed for each gradient, the others' one for all, for
# which 2e-4 is the spread. Below: test_single_step of the same files.
GOLDEN = [
    (
        "SGD",
        {"lr": 0.01},
        [[0.9999] * 2, [0.9989, 0.9899], [0.9979, 0.9799], [0.9969, 0.9699]],
    ),
    ("Adam", {"amsgrad": True, "eps": 1e-7}, [0.999, 0.9982, 0.9974, 0.9965, 0.9955]),
    ("Lion", {"lr": 1e-3}, [0.999, 0.998, 0.997, 0.996, 0.995]),
]


@pytest.mark.parametrize(("name", "options", "golden"), GOLDEN, ids=label)
def test_keras_golden_values(name, options, golden):
    p = ag.tensor(np.ones(2), requires_grad=True)
    opt = getattr(optim, name)([p], **options)
    for i, want in enumerate(golden):
        give([p], [[0.01, 0.01] if i == 0 else [0.1, 1.0]])
        opt.step()
        atol = 1e-12 if name == "SGD" else 2e-4
        np.testing.assert_allclose(p.data, np.broadcast_to(want, 2), atol=atol)


@pytest.mark.parametrize(
    ("name", "options", "want"),
    [
        ("SGD", {}, [0.5, -1.0, -0.5, 3.0]),
        ("Adam", {}, [0.5, 1.5, 2.5, 3.5]),
        ("AdamW", {"weight_decay": 0.004}, [0.498, 1.496, 2.494, 3.492]),
        ("Lion", {}, [0.5, 1.5, 2.5, 3.5]),
    ],
    ids=label,
)
def test_keras_single_step(name, options, want):
    p = ag.tensor(np.array([1.0, 2.0, 3.0, 4.0]), requires_grad=True)
    give([p], [[1.0, 6.0, 7.0, 2.0]])
    getattr(optim, name)([p], lr=0.5, **options).step()
    np.testing.assert_allclose(p.data, want, rtol=1e-6)


def test_adam_by_hand():
    # Kingma & Ba 2015, Algorithm 1, worked out for g = 3 and then g = 1 with
    # alpha = 0.1, beta1 = 0.5, beta2 = 0.75, eps = 1:
    # m = 1.5, v = 2.25; m_hat = 3, v_hat = 9: theta = 0 - 0.1 * 3 / 4 = -0.075
    # m = 1.25, v = 1.9375; m_hat = 5/3, v_hat = 31/7
    p = ag.tensor(np.zeros(1), requires_grad=True)
    opt = optim.Adam([p], lr=0.1, betas=(0.5, 0.75), eps=1.0)
    give([p], [[3.0]])
    opt.step()
    np.testing.assert_allclose(p.data, -0.075, rtol=1e-15)
    give([p], [[1.0]])
    opt.step()
    want = -0.075 - 0.1 * (5 / 3) / (math.sqrt(31 / 7) + 1)
    np.testing.assert_allclose(p.data, want, rtol=1e-14)


@pytest.mark.parametrize(("name", "options"), FULL, ids=label)
def test_float32_follows_float64(name, options, rng):
    low, high = parameters(rng, np.float32), []
    high = [ag.tensor(p.data.astype(np.float64), requires_grad=True) for p in low]
    opts = [getattr(optim, name)(params, **options) for params in (low, high)]
    for _ in range(50):
        grads = [rng.normal(size=s).astype(np.float32) for s in SHAPES]
        give(low, grads)
        give(high, grads)
        for opt in opts:
            opt.step()
    eps = np.finfo(np.float32).eps
    for a, b in zip(low, high, strict=True):
        assert a.dtype == np.float32
        # each of 50 steps rounds once, to half an ulp of a number of about this size
        bound = 25 * eps * np.maximum(1, np.abs(b.data))
        assert (np.abs(a.data - b.data) <= bound).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), FULL, ids=label)
def test_any_partition_gives_the_same_bits(name, options, dtype, rng):
    start = [p.data for p in parameters(rng, dtype)]
    grads = [rng.normal(size=s) for s in SHAPES]
    results = []
    for cuts in ((), range(1, 99), (1, 4)):
        params = [ag.tensor(d, requires_grad=True) for d in start]
        opt = getattr(optim, name)(params, **options)
        for _ in range(3):
            give(params, grads)
            with Split(cuts) as seen:
                opt.step()
            assert seen.kernels == list(opt.kernels)
        kept = [a for s in opt.state.values() for a in s.values()]
        results.append([p.data for p in params] + kept)
    for other in results[1:]:
        assert_same_bits(results[0], other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), FULL, ids=label)
def test_an_element_does_not_feel_where_it_stands(name, options, dtype, rng):
    """Whole vectors and the rest of one are two loops; both round alike."""
    value, *grads = rng.normal(size=(6, 4 * LANES)).astype(dtype)
    results = []
    for size in (4 * LANES, 4 * LANES - 1, 2 * LANES + 1, 3):
        p = ag.tensor(value[:size], requires_grad=True)
        opt = getattr(optim, name)([p], **options)
        for grad in grads:
            give([p], [grad[:size]])
            opt.step()
        results.append(p.data)
    for other in results[1:]:
        assert_same_bits([results[0][: other.size]], [other])


@pytest.mark.parametrize("name", EVERY)
def test_one_launch_updates_all(name, rng):
    params = parameters(rng)
    opt = getattr(optim, name)([{"params": [p]} for p in params])
    give(params, [rng.normal(size=s) for s in SHAPES])
    with Split(()) as seen:
        opt.step()
    assert seen.kernels == list(opt.kernels)


@pytest.mark.parametrize("name", EVERY)
def test_rules_vectorise_and_stay_in_float32(name):
    kernel = getattr(optim, name).kernels[1]
    fresh = numba.njit(kernel.py_func, fastmath=FAST, error_model="numpy", nogil=True)
    table = np.zeros((1, 8), np.int64)
    fresh(0, 0, np.zeros((1, SCALARS), np.float32), table)
    (code,) = fresh.inspect_llvm().values()
    assert re.search(r"fmul[a-z ]* <\d+ x float>", code)
    assert re.search(r"= load <16 x float>", code)  # without a mask, most of the way
    assert re.search(r"store <16 x float>", code)
    assert not re.search(r"fpext|x double>", code)


def test_a_program_follows_settings_and_equals_eager(rng):
    start = [p.data for p in parameters(rng, shapes=[(4, 3), (3,)])]
    x, y = rng.normal(size=(8, 4)), rng.normal(size=(8, 3))
    results = []
    for wrap in (lambda f: f, compile):
        w, b = params = [ag.tensor(d, requires_grad=True) for d in start]
        opt, ema = optim.NAdam(params, lr=0.1), optim.EMA(params, 0.9)

        def train(x, y, w=w, b=b, opt=opt, ema=ema, params=params):
            opt.zero_grad()
            residual = x @ w + b - y
            loss = (residual * residual).mean()
            loss.backward()
            norm = optim.clip_grad_norm_(params, 0.5)
            optim.clip_grad_value_(params, 0.3)
            opt.step()
            ema.update()
            return loss, norm

        step, seen = wrap(train), []
        schedule = optim.ExponentialLR(opt, 0.9)
        for _ in range(20):
            seen += [t.data.copy() for t in step(ag.tensor(x), ag.tensor(y))]
            schedule.step()
        kept = [a for s in opt.state.values() for a in s.values()]
        results.append([*seen, *(p.data for p in params), *kept, *ema.averages()])
    assert_same_bits(*results)
