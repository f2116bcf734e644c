"""Optimizers: kernels against their specs, published values, checkpoints, bad input."""

import itertools
import math
import re

import numba
import numpy as np
import pytest

import autograd_core as ag
from autograd_core import optim
from autograd_core.program.compile import compile
from autograd_core.program.record import Recorder
from autograd_core.tape import state as engine
from autograd_kernels import optim as k
from autograd_kernels._jit import FAST
from autograd_kernels.pointers import CHUNK

SHAPES = [(3, 5), (0, 4), (), (1,), (70, 131), (CHUNK,), (2 * CHUNK + 1,)]

# (optimizer, options, the values that torch.optim of PyTorch 2.13 gives in float64 to a
# parameter [1, -2, 0.5] in 10 steps with the gradient [1, 2, 3] * p + cos(t), t from 0)
TORCH = [
    ("SGD", {}, [0.9896298088445871, -1.9607666578796215, 0.48479876570814506]),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.9},
        [-0.6068876900388089, -0.05719532484354809, 0.0859148560064645],
    ),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        [-0.34645449495221914, -0.1399952579502002, 0.07021357233455928],
    ),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.5, "dampening": 0.3, "maximize": True},
        [3.5422949402145276, -14.996431391028501, 10.343111393308236],
    ),
    ("RMSprop", {}, [0.6774241879663963, -1.4959624803225724, 0.1903327636695801]),
    (
        "RMSprop",
        {"momentum": 0.9, "centered": True, "weight_decay": 0.1},
        [-0.30125757357158983, 0.1417337258618786, -0.31600032029810243],
    ),
    (
        "RMSprop",
        {"centered": True, "alpha": 0.9},
        [0.8586581790863452, -1.7750113317717495, 0.3445144672783284],
    ),
    ("Adagrad", {}, [0.9639246544661101, -1.947637462772829, 0.4598847138297729]),
    (
        "Adagrad",
        {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5},
        [0.9716565290764544, -1.959624172050028, 0.4689880356350038],
    ),
    ("Adam", {}, [0.9916116124988165, -1.9900557854259466, 0.49092286364710036]),
    (
        "Adam",
        {"amsgrad": True, "weight_decay": 0.1, "lr": 0.05},
        [0.5949587509136541, -1.5068940159575528, 0.09575714619592793],
    ),
    (
        "Adam",
        {"betas": (0.5, 0.8), "eps": 0.1, "maximize": True},
        [1.0074572215690625, -2.0097533658265485, 0.5084180612155155],
    ),
    ("AdamW", {}, [0.9915121043462886, -1.9898562736628078, 0.49087336097544004]),
    (
        "AdamW",
        {"amsgrad": True, "weight_decay": 0.1, "lr": 0.05},
        [0.5679630223059134, -1.421689728392803, 0.08639257343602455],
    ),
    ("NAdam", {}, [0.9879309601431182, -1.9833915727669043, 0.4865143913386681]),
    (
        "NAdam",
        {
            "weight_decay": 0.1,
            "decoupled_weight_decay": True,
            "lr": 0.05,
            "momentum_decay": 0.1,
        },
        [0.6852778740770948, -1.5144595351604202, 0.20642430893091374],
    ),
    (
        "NAdam",
        {"weight_decay": 0.1},
        [0.9875439095065826, -1.9834056502207806, 0.4864179793201604],
    ),
]
# What PyTorch has not, or not with all of it.
MORE = [
    ("Lion", {}),
    ("Lion", {"weight_decay": 0.1, "lr": 0.01, "maximize": True}),
    ("NAdam", {"amsgrad": True, "maximize": True}),
    ("RMSprop", {"momentum": 0.5, "maximize": True}),
    ("Adagrad", {"maximize": True, "eps": 0.1}),
    ("AdamW", {"maximize": True, "betas": (0.0, 0.0)}),
    ("Adam", {"lr": 0.0}),
    ("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.3}),
]
TABLE = [(name, options) for name, options, _ in TORCH] + MORE
EVERY = ["SGD", "RMSprop", "Adagrad", "Adam", "AdamW", "NAdam", "Lion"]
# Options that bring all state of an optimizer to use.
FULL = [
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"amsgrad": True}),
    ("NAdam", {"amsgrad": True}),
    ("Lion", {"weight_decay": 0.1}),
]


def label(value):
    return None if isinstance(value, list) else str(value)


def parameters(rng, dtype=np.float64, shapes=SHAPES):
    draws = [np.asarray(rng.normal(size=shape), dtype) for shape in shapes]
    return [ag.tensor(d, requires_grad=True) for d in draws]


def give(params, grads):
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else ag.Tensor(np.asarray(g, p.dtype))


def copies(opt):
    return [{n: a.copy() for n, a in s.items()} for s in opt.state.values()]


def assert_same_bits(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(
            x.view(np.uint64 if x.itemsize == 8 else np.uint32).reshape(-1),
            y.view(np.uint64 if y.itemsize == 8 else np.uint32).reshape(-1),
        )


# Rules -----------------------------------------------------------------------------


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
            with Split(cuts):
                opt.step()
        kept = [a for s in opt.state.values() for a in s.values()]
        results.append([p.data for p in params] + kept)
    for other in results[1:]:
        assert_same_bits(results[0], other)


class Split(Recorder):
    """Runs each launch cut at these units, last part first; notes the kernels."""

    def __init__(self, cuts):
        super().__init__([])
        self.cuts, self.kernels = cuts, []

    def __enter__(self):
        engine.recorder = self
        return self

    def __exit__(self, *_):
        engine.recorder = None

    def launch_many(self, kernel, pointers, args):
        self.launch(kernel, pointers.units, (*args, pointers.table))

    def launch(self, kernel, units, args):
        self.kernels.append(kernel)
        edges = [0, *(c for c in self.cuts if c < units), units]
        for lo, hi in reversed(list(itertools.pairwise(edges))):
            kernel(lo, hi, *args)


@pytest.mark.parametrize("name", EVERY)
def test_one_launch_updates_all(name, rng):
    params = parameters(rng)
    opt = getattr(optim, name)([{"params": [p]} for p in params])
    give(params, [rng.normal(size=s) for s in SHAPES])
    with Split(()) as seen:
        opt.step()
    assert seen.kernels == list(opt.kernels)


@pytest.mark.parametrize("kernel", [k.sgd, k.rmsprop, k.adagrad, k.adam, k.lion])
def test_rules_vectorise_and_stay_in_float32(kernel):
    fresh = numba.njit(kernel.py_func, fastmath=FAST, error_model="numpy", nogil=True)
    table = np.zeros((1, 8), np.int64)
    fresh(0, 0, np.zeros((1, k.SCALARS), np.float32), table)
    (code,) = fresh.inspect_llvm().values()
    assert re.search(r"fmul[a-z ]* <\d+ x float>", code)
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


# Steps -----------------------------------------------------------------------------


def test_settings_are_read_by_the_next_step(rng):
    p = ag.tensor(np.ones(3), requires_grad=True)
    opt = optim.SGD([p], lr=1.0)
    group = opt.param_groups[0]
    table = []
    for lr in (1.0, 0.25, np.float32(0.5), np.array(0.125)):
        group["lr"] = lr
        before = p.data.copy()
        give([p], [np.ones(3)])
        opt.step()
        np.testing.assert_array_equal(p.data, before - float(lr))
        assert group["lr"] == lr
        table.append(opt._batches[0])
    assert all(t is table[0] for t in table)  # nothing is laid out anew
    group["maximize"] = True
    opt.step()
    np.testing.assert_array_equal(p.data, before)
    assert group["maximize"] is True
    assert dict(group) == {"params": [p], **group.settings()}


def test_momentum_that_comes_later(rng):
    params = parameters(rng)
    opt = optim.SGD(params, lr=0.1)
    expected, states = [p.data.copy() for p in params], copies(opt)
    for t in range(1, 9):
        if t == 4:
            opt.param_groups[0]["momentum"] = 0.9
        grads = [rng.normal(size=s) for s in SHAPES]
        give(params, grads)
        opt.step()
        for i, g in enumerate(grads):
            expected[i] = opt.spec(t, expected[i], g, states[i], opt.param_groups[0])
    for p, want in zip(params, expected, strict=True):
        np.testing.assert_allclose(p.data, want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", EVERY)
def test_nan_and_infinity_pass_into_their_element_only(name):
    p = ag.tensor(np.array([1.0, 2.0, np.inf, 4.0]), requires_grad=True)
    opt = getattr(optim, name)([p], weight_decay=0.0)
    give([p], [[np.nan, 1.0, 1.0, 1.0]])
    opt.step()
    assert np.isnan(p.data[0])
    assert p.data[2] == np.inf  # no decay: no 0 * inf
    assert np.isfinite(p.data[[1, 3]]).all()


def test_centered_rmsprop_of_a_constant_gradient_stays_finite():
    p = ag.tensor(np.zeros(1000), np.float32, requires_grad=True)
    opt = optim.RMSprop([p], centered=True, alpha=0.5)
    for _ in range(100):
        give([p], [np.linspace(0.1, 3, 1000)])
        opt.step()
    assert np.isfinite(p.data).all()


def test_two_dtypes_in_one_optimizer(rng):
    low, high = parameters(rng, np.float32), parameters(rng)
    mixed = [p for pair in zip(low, high, strict=True) for p in pair]
    apart = [ag.tensor(p.data, requires_grad=True) for p in mixed]
    grads = [rng.normal(size=p.shape) for p in mixed]
    opts = [optim.Adam(mixed), optim.Adam(apart[::2]), optim.Adam(apart[1::2])]
    give(mixed, grads)
    give(apart, grads)
    for opt in opts:
        opt.step()
    assert_same_bits([p.data for p in mixed], [p.data for p in apart])


def test_backward_step_and_zero_grad(rng):
    w = ag.tensor(rng.normal(size=(4, 3)), requires_grad=True)
    x = rng.normal(size=(20, 4))
    y = x @ rng.normal(size=(4, 3))
    opt = optim.Adam([w], lr=0.1)
    for _ in range(300):
        opt.zero_grad()
        residual = x @ w - y
        (residual * residual).mean().backward()
        opt.step()
    assert np.abs(x @ w.data - y).max() < 1e-3
    opt.zero_grad()
    assert w.grad is None
    before, version = w.data.copy(), w.version[0]
    opt.step()  # no gradient: no step
    np.testing.assert_array_equal(w.data, before)
    assert w.version[0] == version


def test_a_step_is_a_write_in_place():
    w = ag.tensor(np.ones(3), requires_grad=True)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optim.SGD([w]).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_gradients_of_any_layout(rng):
    p = ag.tensor(np.zeros((5, 7)), requires_grad=True)
    g = rng.normal(size=(7, 5)).T
    p.grad = ag.Tensor(g)
    optim.SGD([p], lr=1.0).step()
    np.testing.assert_array_equal(p.data, -g)
    p.grad = ag.Tensor(np.broadcast_to(np.ones(1), (5, 7)))
    optim.SGD([p], lr=1.0).step()
    np.testing.assert_array_equal(p.data, -g - 1)


def test_data_that_was_replaced():
    p = ag.tensor(np.zeros(3), requires_grad=True)
    opt = optim.SGD([p], lr=1.0)
    give([p], [np.ones(3)])
    opt.step()
    p.data = np.full(3, 5.0)
    opt.step()
    np.testing.assert_array_equal(p.data, 4.0)
    p.data = np.zeros(4)
    give([p], [np.ones(4)])
    with pytest.raises(ValueError, match=r"was \(3,\) float64 and became \(4,\)"):
        opt.step()


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (ag.Tensor(np.ones(4)), ValueError, r"parameter 1 .*\(3,\).*got shape \(4,\)"),
        (ag.Tensor(np.ones(3, np.float32)), ValueError, "float64, got .* float32"),
        (np.ones(3), TypeError, "must be a Tensor .* got ndarray"),
    ],
)
def test_a_wrong_gradient_updates_nothing(bad, error, message):
    p, q = (ag.tensor(np.zeros(3), requires_grad=True) for _ in range(2))
    opt = optim.Adam([p, q])
    p.grad, q.grad = ag.Tensor(np.ones(3)), bad
    with pytest.raises(error, match=message):
        opt.step()
    assert not p.data.any()
    assert opt.state_dict()["state"][0]["step"] == 0


# Construction ----------------------------------------------------------------------


def leaf(*shape, dtype=np.float64):
    return ag.tensor(np.ones(shape), dtype, requires_grad=True)


def twice(p):
    return [p, leaf(2), p]


def fixed():
    p = leaf(3)
    p.data.setflags(write=False)
    return p


A = leaf(3)
BAD = [
    ("SGD", [], {}, ValueError, "no parameters at all"),
    ("SGD", [{"params": []}], {}, ValueError, "no parameters at all"),
    ("SGD", twice(A), {}, ValueError, r"parameter 2, shape \(3,\), is parameter 0"),
    ("SGD", [{"params": [A]}, {"params": [A]}], {}, ValueError, "is parameter 0 again"),
    ("SGD", [A, ag.Tensor(A.data, True)], {}, ValueError, "shares its memory"),
    ("SGD", twice(leaf(0)), {}, ValueError, "parameter 0 again"),
    ("SGD", [np.ones(3)], {}, TypeError, r"parameter 0 must be a Tensor, got ndarray"),
    ("SGD", [ag.tensor([1.0])], {}, ValueError, "must require grad; leave frozen"),
    ("SGD", [A * 2], {}, ValueError, "must be a leaf; it was made by the op 'mul'"),
    ("SGD", {A}, {}, TypeError, "a sequence .* got set"),
    ("SGD", 3, {}, TypeError, "a sequence .* got int 3"),
    ("SGD", [A, {"params": [A]}], {}, TypeError, "tensors only, or dicts"),
    ("SGD", [{"lr": 1.0}], {}, TypeError, "tensors only, or dicts"),
    ("SGD", [{"params": [A], "rl": 1.0}], {}, KeyError, "no setting 'rl'; there are"),
    ("SGD", [ag.Tensor(np.ones((3, 4)).T, True)], {}, ValueError, "C-contiguous"),
    ("SGD", [fixed()], {}, ValueError, "writable False"),
    ("SGD", [A], {"lr": -1.0}, ValueError, r"SGD: lr must lie in \[0, inf\), got -1.0"),
    ("SGD", [A], {"lr": np.nan}, ValueError, "lr must lie in"),
    ("SGD", [A], {"lr": np.inf}, ValueError, "lr must lie in"),
    ("SGD", [A], {"lr": "0.1"}, TypeError, "lr must be a number, got '0.1'"),
    ("SGD", [A], {"momentum": -0.1}, ValueError, "momentum must lie in"),
    ("SGD", [A], {"nesterov": True}, ValueError, "nesterov needs momentum > 0"),
    ("SGD", [A], {"nesterov": 1}, TypeError, "nesterov must be True or False, got 1"),
    ("SGD", [A], {"weight_decay": -1}, ValueError, "weight_decay must lie in"),
    ("RMSprop", [A], {"alpha": 1.5}, ValueError, r"alpha must lie in \[0, 1\], got"),
    ("RMSprop", [A], {"eps": -1e-8}, ValueError, "eps must lie in"),
    ("Adagrad", [A], {"lr_decay": -1.0}, ValueError, "lr_decay must lie in"),
    ("Adam", [A], {"betas": (0.9, 1.0)}, ValueError, r"betas must lie in \[0, 1\)"),
    ("Adam", [A], {"betas": (-0.1, 0.9)}, ValueError, "betas must lie in"),
    ("Adam", [A], {"betas": 0.9}, TypeError, "betas must be 2 numbers, got 0.9"),
    ("NAdam", [A], {"momentum_decay": -1}, ValueError, "momentum_decay must lie"),
    ("Lion", [A], {"betas": (0.9, 0.9, 0.9)}, TypeError, "betas must be 2 numbers"),
]


@pytest.mark.parametrize(("name", "params", "options", "error", "message"), BAD)
def test_bad_construction(name, params, options, error, message):
    with pytest.raises(error, match=message):
        getattr(optim, name)(params, **options)


def test_a_bad_setting_changes_nothing():
    opt = optim.Adam([leaf(3)])
    group = opt.param_groups[0]
    before = group.settings()
    for name, value in [("lr", -1), ("betas", (0.9, 1.0)), ("maximize", "no")]:
        with pytest.raises((TypeError, ValueError), match=f"Adam: {name} must"):
            group[name] = value
    with pytest.raises(KeyError, match="no setting 'momentum'"):
        group["momentum"] = 0.9
    with pytest.raises(TypeError, match="cannot be removed"):
        del group["lr"]
    assert group.settings() == before
    with Split(()), pytest.raises(RuntimeError, match="inside a compiled function"):
        group["lr"] = 0.1


def test_a_group_added_later(rng):
    p, q = leaf(3), leaf(5)
    opt = optim.Adam([p], lr=0.1)
    give([p], [np.ones(3)])
    opt.step()
    opt.add_param_group({"params": q, "lr": 0.2})
    with pytest.raises(ValueError, match="is parameter 1 again"):
        opt.add_param_group({"params": [leaf(1), q]})
    give([p, q], [np.ones(3), np.ones(5)])
    opt.step()
    np.testing.assert_allclose(p.data, 0.8, rtol=1e-7)
    np.testing.assert_allclose(q.data, 0.8, rtol=1e-7)
    assert [s["step"] for s in opt.state_dict()["state"].values()] == [2, 1]
    assert repr(opt) == (
        "Adam(\n  group 0: 1 parameters (3 numbers): lr=0.1, weight_decay=0.0, "
        "maximize=False, betas=(0.9, 0.999), eps=1e-08, decoupled_weight_decay=False, "
        "amsgrad=False\n  group 1: 1 parameters (5 numbers): lr=0.2, weight_decay=0.0, "
        "maximize=False, betas=(0.9, 0.999), eps=1e-08, decoupled_weight_decay=False, "
        "amsgrad=False\n)"
    )


# Checkpoints -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), FULL, ids=label)
def test_resumed_training_is_bitwise_the_same(name, options, dtype, rng):
    make = getattr(optim, name)
    params = parameters(rng, dtype)
    half = [params[:3], params[3:]]
    opt = make([{"params": half[0]}, {"params": half[1], "lr": 0.1}], **options)
    grads = [[rng.normal(size=s) for s in SHAPES] for _ in range(10)]
    for g in grads[:5]:
        give(params, g)
        opt.step()
    saved, data = opt.state_dict(), [p.data.copy() for p in params]
    for g in grads[5:]:
        give(params, g)
        opt.step()
    again = [ag.tensor(d, requires_grad=True) for d in data]
    resumed = make([{"params": again[:3]}, {"params": again[3:]}])
    resumed.load_state_dict(saved)
    for g in grads[5:]:
        give(again, g)
        resumed.step()
    assert_same_bits([p.data for p in again], [p.data for p in params])
    for mine, other in zip(resumed.state.values(), opt.state.values(), strict=True):
        assert_same_bits(mine.values(), other.values())
    assert [g.settings() for g in resumed.param_groups] == [
        g.settings() for g in opt.param_groups
    ]


def test_state_dict_is_plain_and_holds_what_is_in_use():
    p = leaf(3)
    give([p], [np.ones(3)])
    for opt, names in [
        (optim.SGD([p]), {"step"}),
        (optim.SGD([p], momentum=0.9), {"step", "momentum_buffer"}),
        (optim.Adam([p]), {"step", "exp_avg", "exp_avg_sq"}),
        (optim.NAdam([p]), {"step", "mu_product", "exp_avg", "exp_avg_sq"}),
    ]:
        opt.step()
        saved = opt.state_dict()
        assert set(saved["state"][0]) == names
        assert saved["param_groups"][0]["params"] == [0]
        for value in saved["state"][0].values():
            assert type(value) in (int, float, np.ndarray)
            if isinstance(value, np.ndarray):
                value[:] = 7  # a copy: training does not see it
        assert not any((a == 7).any() for a in opt.state[p].values())


def edited(change):
    opt = optim.Adam([{"params": [leaf(3), leaf(2)]}, {"params": [leaf(4)]}])
    saved = opt.state_dict()
    change(saved)
    return saved


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.clear(), r"missing \['param_groups', 'state'\]"),
        (lambda s: s["param_groups"].pop(), r"groups of \[2\] .* expected \[2, 1\]"),
        (lambda s: s["param_groups"][0].pop("eps"), r"settings: missing \['eps'\]"),
        (lambda s: s["param_groups"][1].update(rho=1), r"not expected \['rho'\]"),
        (lambda s: s["param_groups"][1].update(lr=-1.0), "lr must lie in"),
        (lambda s: s["param_groups"][1].update(amsgrad=True), "max_exp_avg_sq"),
        (lambda s: s["state"].pop(1), "state of parameter 1: missing"),
        (lambda s: s["state"][2].pop("exp_avg"), r"missing \['exp_avg'\]"),
        (lambda s: s["state"][2].update(exp_avg=np.ones(3)), r"has shape \(3,\)"),
        (
            lambda s: s["state"][2].update(exp_avg=np.ones(4, np.float32)),
            "float32, expected .* float64",
        ),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    params = [leaf(3), leaf(2), leaf(4)]
    opt = optim.Adam([{"params": params[:2]}, {"params": params[2:]}], lr=0.5)
    give(params, [np.ones(3), np.ones(2), np.ones(4)])
    opt.step()
    before, settings = copies(opt), [g.settings() for g in opt.param_groups]
    with pytest.raises(ValueError, match=message):
        opt.load_state_dict(edited(change))
    for a, b in zip(copies(opt), before, strict=True):
        assert_same_bits(a.values(), b.values())
    assert [g.settings() for g in opt.param_groups] == settings


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
        (lambda: optim.clip_grad_norm_([A], -1.0), "max_norm >= 0"),
        (lambda: optim.clip_grad_norm_([A], np.nan), "max_norm must lie"),
        (lambda: optim.clip_grad_norm_([A], 1.0, 0.0), "a positive norm_type"),
        (lambda: optim.clip_grad_value_([A], -1.0), "clip_value >= 0"),
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
            saved, schedule = (
                schedule.state_dict(),
                getattr(optim, name)(opt, **options),
            )
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
            saved, schedule = (
                schedule.state_dict(),
                optim.ReduceLROnPlateau(opt, **options),
            )
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
        (lambda o: optim.StepLR(o, 0), "step_size must be a whole number > 0, got 0"),
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
