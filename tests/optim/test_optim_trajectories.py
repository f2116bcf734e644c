"""Optimizers and schedules follow PyTorch's for 200 steps, over a grid of options."""

import json

import numpy as np
import pytest
import trajectories as t

import autograd_core as ag
from autograd_core import optim

RECORDED = json.loads(t.FILE.read_text())
OPTIMIZERS = list(t.GRIDS)
# Rounding differs: a fused product here, another order there. What grows (maximize)
# carries a rounding along, so it is relative; near 0 it is that of numbers of size 1.
CLOSE = {"rtol": 1e-11, "atol": 1e-13}


def our_descent(name, options):
    p = ag.tensor(t.START, requires_grad=True)
    opt = getattr(optim, name)([p], **options)

    def give(g):
        p.grad = ag.Tensor(g)

    path = t.descend(opt.step, lambda: p.data.copy(), give)
    opt.eval()
    return [*path[:-1], p.data.tolist()]


def our_rates(name, options, warmup):
    opt = optim.SGD([ag.tensor(np.zeros(1), requires_grad=True)], lr=0.4)
    schedule = getattr(optim, name)(opt, **options, warmup=warmup)
    plateau = name == "ReduceLROnPlateau"

    def step(metric):
        schedule.step(metric) if plateau else schedule.step()

    return t.rates(step, lambda: opt.param_groups[0]["lr"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_follow_recorded_paths(name):
    rows = [row for row in RECORDED["optimizers"] if row[0] == name]
    expected = [options for n, options in t.cases(t.GRIDS) if n == name]
    assert [row[1] for row in rows] == json.loads(json.dumps(expected))
    for _, options, want in rows:
        path = our_descent(name, options)
        seen = [path[i - 1] for i in t.SEEN]
        np.testing.assert_allclose(seen, want, **CLOSE, err_msg=str(options))


@pytest.mark.parametrize("name", list(t.SCHEDULES))
def test_schedules_follow_recorded_rates(name):
    rows = [row for row in RECORDED["schedules"] if row[0] == name]
    assert len(rows) == len(t.warmed(name)) * sum(
        n == name for n, _ in t.cases(t.SCHEDULES)
    )
    for _, options, warmup, want in rows:
        path = our_rates(name, options, warmup)
        seen = [path[i] for i in t.SEEN]
        message = f"{options}, warmup {warmup}"
        np.testing.assert_allclose(seen, want, rtol=1e-11, atol=1e-15, err_msg=message)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_follow_pytorch(name):
    pytest.importorskip("torch")
    if name == "ScheduleFreeSGD":
        pytest.importorskip("schedulefree")
    for _, options in [case for case in t.cases(t.GRIDS) if case[0] == name]:
        ours, theirs = our_descent(name, options), t.torch_descent(name, options)
        np.testing.assert_allclose(ours, theirs, **CLOSE, err_msg=str(options))


@pytest.mark.parametrize("name", list(t.SCHEDULES))
def test_schedules_follow_pytorch(name):
    pytest.importorskip("torch")
    for _, options in [case for case in t.cases(t.SCHEDULES) if case[0] == name]:
        for warmup in t.warmed(name):
            ours = our_rates(name, options, warmup)
            theirs = t.torch_rates(name, options, warmup)
            message = f"{options}, warmup {warmup}"
            np.testing.assert_allclose(
                ours, theirs, rtol=1e-11, atol=1e-15, err_msg=message
            )
