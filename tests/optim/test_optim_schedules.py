"""Learning-rate schedules; `test_optim_trajectories` holds them against PyTorch's."""

import copy
import gc

import numpy as np
import pytest
from optim_cases import label, leaf

from autograd_core import optim

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


def sgd(lr=0.1):
    return optim.SGD([leaf(2)], lr=lr)


def path(schedule, steps, *metrics):
    seen = schedule.get_last_lr()
    for _ in range(steps):
        schedule.step(*metrics)
        seen += schedule.get_last_lr()
    return seen


NEW = [  # by hand, from base = 1
    (lambda o: optim.InverseTimeLR(o, 1.0), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
    (lambda o: optim.InverseTimeLR(o, 0.5, warmup=2), [1 / 2, 1, 1, 1 / 1.5, 1 / 2]),
    (lambda o: optim.InverseSqrtLR(o), [1, 2**-0.5, 3**-0.5, 1 / 2, 5**-0.5]),
    # Vaswani et al. 2017, section 5.3: min(step^-0.5, step warmup^-1.5), of peak 1
    (
        lambda o: optim.InverseSqrtLR(o, 1 / 3, warmup=3),
        [1 / 3, 2 / 3, 1, 1, (3 / 4) ** 0.5],
    ),
    (lambda o: optim.StepLR(o, np.int64(2), 0.5), [1, 1, 0.5, 0.5, 0.25]),
    (lambda o: optim.MultiStepLR(o, np.array([3, 1]), 0.5), [1, 0.5, 0.5, 0.25, 0.25]),
]


@pytest.mark.parametrize(("make", "want"), NEW)
def test_schedules_by_hand(make, want):
    np.testing.assert_allclose(path(make(sgd(1.0)), 4), want, rtol=1e-15)


EACH = [
    lambda o, **w: optim.LambdaLR(o, lambda t: 0.5**t, **w),
    lambda o, **w: optim.StepLR(o, 3, **w),
    lambda o, **w: optim.MultiStepLR(o, [2, 5], **w),
    lambda o, **w: optim.ExponentialLR(o, 0.9, **w),
    lambda o, **w: optim.InverseTimeLR(o, 0.3, **w),
    lambda o, **w: optim.InverseSqrtLR(o, **w),
    lambda o, **w: optim.ConstantLR(o, **w),
    lambda o, **w: optim.LinearLR(o, **w),
    lambda o, **w: optim.PolynomialLR(o, 7, 2.0, **w),
    lambda o, **w: optim.CosineAnnealingLR(o, 6, **w),
    lambda o, **w: optim.CosineAnnealingWarmRestarts(o, 3, 2, **w),
    lambda o, **w: optim.OneCycleLR(o, 1.0, 10, **w),
    lambda o, **w: optim.ReduceLROnPlateau(o, patience=1, **w),
]


@pytest.mark.parametrize("make", EACH)
def test_a_warm_up_before_any_schedule(make):
    """Also of a schedule that is resumed within its warm-up, or after it."""
    warm, cold = make(sgd(), warmup=4), make(sgd())
    metrics = [1.0] if isinstance(warm, optim.ReduceLROnPlateau) else []
    seen, late = path(warm, 15, *metrics), path(cold, 11, *metrics)
    np.testing.assert_allclose(seen[:4], [0.025, 0.05, 0.075, 0.1], rtol=1e-15)
    assert seen[4:] == late
    for at in (2, 4, 9):
        opt = sgd()
        first = make(opt, warmup=4)
        path(first, at, *metrics)
        saved = first.state_dict(), opt.state_dict()
        other = sgd(9.0)
        resumed = make(other, warmup=4)
        other.load_state_dict(saved[1])
        resumed.load_state_dict(saved[0])
        assert path(resumed, 15 - at, *metrics) == seen[at:]


@pytest.mark.parametrize("second", EACH)
@pytest.mark.parametrize("first", [EACH[7], EACH[12]])
def test_a_second_schedule_is_refused(first, second):
    opt = sgd()
    schedule = first(opt)
    before = opt.param_groups[0]["lr"]
    with pytest.raises(
        ValueError, match=r"has a schedule, .*step=0.*warmup=.*close\(\)"
    ):
        second(opt)
    assert opt.param_groups[0]["lr"] == before
    del schedule
    gc.collect()
    last = second(opt)  # nobody has the first one
    last.close()
    with pytest.raises(RuntimeError, match="it was closed; make a new schedule"):
        last.step(*[1.0] * isinstance(last, optim.ReduceLROnPlateau))
    first(opt).close()
    last.close()  # closed twice: not the next one's business
    kept = second(opt)
    last.close()
    with pytest.raises(ValueError, match="has a schedule"):
        first(opt)
    del kept


def test_a_refused_schedule_leaves_none_behind():
    opt = sgd()
    with pytest.raises(ValueError, match=r"SGD: lr must lie in \[0, inf\), got nan"):
        optim.LambdaLR(opt, lambda t: np.nan)
    with pytest.raises(ValueError, match="gamma"):
        optim.StepLR(opt, 1, -1.0)
    optim.StepLR(opt, 1).step()


def test_copies_of_schedules():
    opt = sgd()
    schedule = optim.ExponentialLR(opt, 0.5)
    opt2, schedule2 = copy.deepcopy((opt, schedule))
    schedule2.step()
    assert (opt.param_groups[0]["lr"], opt2.param_groups[0]["lr"]) == (0.1, 0.05)
    with pytest.raises(ValueError, match="has a schedule"):
        optim.ExponentialLR(opt2, 0.5)
    assert copy.deepcopy(opt).schedule is None


def test_a_group_added_after_the_schedule_was_made():
    opt = sgd()
    schedule = optim.StepLR(opt, 1)
    opt.add_param_group({"params": [leaf(1)]})
    with pytest.raises(
        ValueError, match="made for 1 groups, and the optimizer has 2 n"
    ):
        schedule.step()


def test_plateau_counts_nothing_in_the_warm_up():
    opt = sgd(1.0)
    schedule = optim.ReduceLROnPlateau(opt, patience=0, factor=0.5, warmup=3)
    seen = [opt.param_groups[0]["lr"]]
    for metric in (5.0, 6.0, 7.0, 1.0, np.nan, 2.0):
        schedule.step(metric)
        seen.append(opt.param_groups[0]["lr"])
    np.testing.assert_allclose(seen, [1 / 3, 2 / 3, 1, 1, 1, 0.5, 0.25], rtol=1e-15)


BAD = {
    "LambdaLR": [
        ({"lr_lambda": 3}, "got int 3"),
        ({"lr_lambda": [3]}, "a function of"),
    ],
    "StepLR": [
        ({"step_size": True}, "step_size must be a whole number, got True"),
        ({"step_size": 2.0}, "step_size must be a whole number, got 2.0"),
        ({"step_size": 1, "gamma": "a"}, "gamma must be a number, got 'a'"),
        ({"step_size": 1, "gamma": -0.1}, "gamma must lie in"),
        ({"step_size": 1, "warmup": -1}, "warmup must be a whole number >= 0"),
        ({"step_size": 1, "warmup": 0.1}, "warmup must be a whole number, got 0.1"),
    ],
    "MultiStepLR": [
        ({"milestones": 3}, "must be a sequence of whole numbers, got int 3"),
        ({"milestones": "35"}, "must be a sequence of whole numbers, got str"),
        ({"milestones": [1.5]}, "each of milestones must be a whole number, got"),
        ({"milestones": [-1]}, "each of milestones must be a whole number >= 0"),
        ({"milestones": [1], "gamma": np.nan}, "gamma must lie in"),
    ],
    "ExponentialLR": [({"gamma": None}, "gamma must be a number, got None")],
    "InverseTimeLR": [({"decay": -1}, "decay must lie in")],
    "InverseSqrtLR": [({"decay": np.inf}, "decay must lie in")],
    "ConstantLR": [
        ({"factor": -1}, "factor must"),
        ({"total_iters": 0}, "total_iters"),
    ],
    "LinearLR": [
        ({"start_factor": -1}, "start_factor must lie in"),
        ({"end_factor": "1"}, "end_factor must be a number"),
        ({"total_iters": 0}, "total_iters must be a whole number >= 1"),
    ],
    "PolynomialLR": [({"power": -1}, "power must"), ({"total_iters": 1.0}, "a whole")],
    "CosineAnnealingLR": [
        ({"T_max": 0}, "T_max must be a whole number >= 1, got 0"),
        ({"T_max": 2, "eta_min": -1e-9}, "eta_min must lie in"),
    ],
    "CosineAnnealingWarmRestarts": [
        ({"T_0": 0}, "T_0 must"),
        ({"T_0": 1, "T_mult": 0}, "T_mult must"),
        ({"T_0": 1, "T_mult": 1.5}, "T_mult must be a whole number"),
    ],
    "OneCycleLR": [
        ({"max_lr": -1, "total_steps": 3}, "max_lr must lie in"),
        ({"max_lr": 1, "total_steps": 3.0}, "total_steps must be a whole number"),
        ({"max_lr": 1, "total_steps": 3, "div_factor": 0}, "div_factor must lie in"),
        ({"max_lr": 1, "total_steps": 3, "final_div_factor": 0}, "final_div_factor"),
        ({"max_lr": 1, "total_steps": 3, "pct_start": 0}, "pct_start must lie in"),
    ],
    "ReduceLROnPlateau": [
        ({"mode": "auto"}, "mode is 'min' or 'max'"),
        ({"threshold_mode": "x"}, "threshold_mode 'rel' or 'abs'"),
        ({"patience": -1}, "patience must be a whole number >= 0"),
        ({"patience": 2.5}, "patience must be a whole number, got 2.5"),
        ({"cooldown": -1}, "cooldown must"),
        ({"threshold": -1}, "threshold must"),
        ({"min_lr": -1}, "min_lr must"),
        ({"eps": -1}, "eps must"),
        ({"factor": 1}, r"factor must lie in \[0, 1\), got 1.0"),
    ],
}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [(n, *row) for n, rows in BAD.items() for row in rows],
)
def test_bad_options_of_schedules(name, options, message):
    with pytest.raises((TypeError, ValueError), match=f"{name}: .*{message}"):
        getattr(optim, name)(sgd(), **options)


@pytest.mark.parametrize("make", EACH)
@pytest.mark.parametrize("given", ["SGD", None, optim.SGD])
def test_a_schedule_needs_an_optimizer(make, given):
    with pytest.raises(TypeError, match="must be an Optimizer, got "):
        make(given)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"last_epoch": -1}, "last_epoch must be a whole number >= 0"),
        ({"last_epoch": "3"}, "last_epoch must be a whole number"),
        ({"base_lrs": [0.1, 0.2]}, "base_lrs is for 2 groups, expected 1"),
        ({"base_lrs": 3}, "base_lrs is for int 3 groups"),
        ({"base_lrs": ["a"]}, "base_lrs must be a number"),
        ({"num_bad_epochs": 0.5}, "num_bad_epochs must be a whole number"),
        ({"best": None}, "best must be a number"),
        ({"more": 1}, "not expected .'more'"),
    ],
)
def test_a_bad_state_changes_nothing(state, message):
    schedule = optim.ReduceLROnPlateau(sgd())
    schedule.step(2.0)
    before = schedule.state_dict()
    with pytest.raises((TypeError, ValueError), match=message):
        schedule.load_state_dict({**before, **state})
    assert schedule.state_dict() == before


@pytest.mark.parametrize("metric", ["low", [1.0], True, np.ones(2)])
def test_a_metric_is_a_number(metric):
    with pytest.raises(TypeError, match="the metric must be a number"):
        optim.ReduceLROnPlateau(sgd()).step(metric)
