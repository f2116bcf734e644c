"""Optimizers as users meet them: steps, settings, checkpoints, bad input."""

import numpy as np
import pytest
from optim_cases import (
    EVERY,
    FULL,
    SHAPES,
    Split,
    assert_same_bits,
    copies,
    give,
    label,
    leaf,
    parameters,
)

import autograd_core as ag
from autograd_core import optim
from autograd_core.tape import version_of

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
    if name != "ScheduleFreeSGD":  # whose average takes inf from inf
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
    before, version = w.data.copy(), version_of(w.version)
    opt.step()  # no gradient: no step
    np.testing.assert_array_equal(w.data, before)
    assert version_of(w.version) == version


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
    p.grad = ag.Tensor(np.ones(3))
    q._grad = bad  # assigned, it would be refused at once
    with pytest.raises(error, match=message):
        opt.step()
    assert not p.data.any()
    assert opt.state_dict()["state"][0]["step"] == 0


# Construction ----------------------------------------------------------------------


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
    here = r"test_optim_steps\.py:\d+\. It would happen once, and not in each replay"

    @ag.compile
    def set_inside(x):
        group["lr"] = 0.1
        return x

    with pytest.raises(RuntimeError, match=rf"is set inside .* at .*{here}; set it"):
        set_inside(np.ones(3))
    assert group.settings() == before


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
        "Adam(\n  group 0: 1 parameter (3 numbers): lr=0.1, betas=(0.9, 0.999), "
        "eps=1e-08, weight_decay=0.0, amsgrad=False, maximize=False, "
        "decoupled_weight_decay=False\n  group 1: 1 parameter (5 numbers): lr=0.2, "
        "betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0, amsgrad=False, "
        "maximize=False, decoupled_weight_decay=False\n)"
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


def test_a_state_dict_of_version_0_1_loads():
    """As it was saved then: settings in another order, the one number carried."""
    settings = {
        "lr": 0.1,
        "weight_decay": 0.0,
        "maximize": False,
        "betas": (0.9, 0.99),
        "eps": 1e-6,
        "decoupled_weight_decay": True,
        "momentum_decay": 0.01,
        "amsgrad": False,
    }
    moments = {"exp_avg": np.ones(2), "exp_avg_sq": np.full(2, 4.0)}
    saved = {
        "state": {0: {"step": 3, "mu_product": 0.2, **moments}},
        "param_groups": [{"params": [0], **settings}],
    }
    p = leaf(2)
    opt = optim.NAdam([p])
    opt.load_state_dict(saved)
    assert opt.param_groups[0].settings() == settings
    again = opt.state_dict()["state"][0]
    assert (again["step"], again["mu_product"]) == (3, 0.2)
    state = {"mu_product": 0.2, **moments}
    want = opt.spec(4, p.data.copy(), np.ones(2), state, opt.param_groups[0])
    give([p], [np.ones(2)])
    opt.step()
    np.testing.assert_allclose(p.data, want, rtol=1e-14)
