"""Optimizers and schedules over 200 steps, ours or PyTorch's: a grid of their options.

    python tests/optim/trajectories.py    # with torch, schedulefree: records PyTorch's

writes `trajectories.json`, which the tests hold ours against everywhere. Where torch is
installed they also run it.
"""

import itertools
import json
import math
from pathlib import Path

import numpy as np

STEPS = 200
SEEN = [1, 2, 5, 20, 100, 200]  # of which the numbers are recorded
FILE = Path(__file__).with_suffix(".json")
START, CURVATURE = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 3.0])

# Every combination of these options, but those that an optimizer refuses.
GRIDS = {
    "SGD": {
        "lr": [0.02],
        "momentum": [0.0, 0.9],
        "dampening": [0.0, 0.3],
        "weight_decay": [0.0, 0.1],
        "nesterov": [False, True],
        "maximize": [False, True],
    },
    "RMSprop": {
        "lr": [0.01],
        "alpha": [0.99, 0.5],
        "eps": [1e-8, 0.1],
        "weight_decay": [0.0, 0.1],
        "momentum": [0.0, 0.9],
        "centered": [False, True],
        "maximize": [False, True],
    },
    "Adagrad": {
        "lr": [0.1],
        "lr_decay": [0.0, 0.1],
        "weight_decay": [0.0, 0.1],
        "initial_accumulator_value": [0.0, 0.5],
        "eps": [1e-10, 0.1],
        "maximize": [False, True],
    },
    "Adadelta": {
        "lr": [1.0, 0.5],
        "rho": [0.9, 0.5],
        "eps": [1e-6, 0.01],
        "weight_decay": [0.0, 0.1],
        "maximize": [False, True],
    },
    "Adam": {
        "lr": [0.01],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 0.1],
        "weight_decay": [0.0, 0.1],
        "amsgrad": [False, True],
        "maximize": [False, True],
        "decoupled_weight_decay": [False, True],
    },
    "AdamW": {
        "lr": [0.01],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "weight_decay": [0.0, 0.1],
        "amsgrad": [False, True],
        "maximize": [False, True],
    },
    "NAdam": {
        "lr": [0.01],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "weight_decay": [0.0, 0.1],
        "momentum_decay": [4e-3, 0.1],
        "decoupled_weight_decay": [False, True],
        "maximize": [False, True],
    },
    "Adamax": {
        "lr": [0.01],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 0.1],
        "weight_decay": [0.0, 0.1],
        "maximize": [False, True],
    },
    "RAdam": {
        "lr": [0.01],
        "betas": [(0.9, 0.999), (0.5, 0.8)],
        "eps": [1e-8, 0.1],
        "weight_decay": [0.0, 0.1],
        "decoupled_weight_decay": [False, True],
        "maximize": [False, True],
    },
    "ScheduleFreeSGD": {  # facebookresearch/schedule_free 1.4.1
        "lr": [0.1, 0.5],
        "momentum": [0.9, 0.5],
        "weight_decay": [0.0, 0.1],
        "warmup_steps": [0, 20],
        "r": [0.0, 0.5],
        "weight_lr_power": [2.0, 0.0],
    },
}
SCHEDULES = {
    "StepLR": {"step_size": [1, 30], "gamma": [0.1, 0.9]},
    "MultiStepLR": {"milestones": [[2, 5, 5, 100], [150, 20]], "gamma": [0.1, 0.5]},
    "ExponentialLR": {"gamma": [0.9, 0.99, 1.0]},
    "ConstantLR": {"factor": [0.25], "total_iters": [1, 4, 100]},
    "LinearLR": {
        "start_factor": [0.1, 1.0],
        "end_factor": [1.0, 0.2],
        "total_iters": [1, 50],
    },
    "PolynomialLR": {"total_iters": [5, 150], "power": [1.0, 2.0, 0.5]},
    "CosineAnnealingLR": {"T_max": [1, 60, 200], "eta_min": [0.0, 0.01]},
    "CosineAnnealingWarmRestarts": {
        "T_0": [1, 10],
        "T_mult": [1, 2, 3],
        "eta_min": [0.0, 0.01],
    },
    "OneCycleLR": {
        "max_lr": [1.0],
        "total_steps": [201],
        "pct_start": [0.3, 0.6],
        "div_factor": [25.0, 10.0],
        "final_div_factor": [1e4, 10.0],
    },
    "ReduceLROnPlateau": {
        "mode": ["min", "max"],
        "factor": [0.5],
        "patience": [0, 5],
        "threshold": [1e-4, 0.05],
        "threshold_mode": ["rel", "abs"],
        "cooldown": [0, 7],
        "min_lr": [0.0, 0.01],
    },
}
WARMUPS = [0, 7]


def cases(grids):
    """(name, options) of every combination."""
    for name, grid in grids.items():
        for values in itertools.product(*grid.values()):
            options = dict(zip(grid, values, strict=True))
            damped = options.get("dampening", 0.0)
            if options.get("nesterov") and (damped or not options["momentum"]):
                continue
            yield name, options


def metric(step):
    """What `ReduceLROnPlateau` judges: it falls, then stays, and is never smooth."""
    return 0.2 + math.exp(-step / 30) + 0.05 * math.cos(7 * step)


def descend(step, read, give):
    """The parameter after every step; ``read()`` it, ``give(gradient)``."""
    path = []
    for t in range(STEPS):
        give(CURVATURE * read() + np.cos(t))
        step()
        path.append(read().tolist())
    return path


def rates(step, read):
    """The learning rate at first and after every ``step(metric)``."""
    path = [read()]
    for t in range(1, STEPS + 1):
        step(metric(t))
        path.append(read())
    return path


# PyTorch ---------------------------------------------------------------------------


def torch_descent(name, options):
    """The path of PyTorch's optimizer, in float64."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # else NAdam's product is of float32
    try:
        return _torch_descent(torch, name, options)
    finally:
        torch.set_default_dtype(before)


def _torch_descent(torch, name, options):
    p = torch.tensor(START, requires_grad=True)
    if name == "ScheduleFreeSGD":
        from schedulefree import SGDScheduleFree

        opt = SGDScheduleFree([p], **options)
        opt.train()
    else:
        opt = getattr(torch.optim, name)([p], **options)

    def give(g):
        p.grad = torch.tensor(g)

    path = descend(opt.step, lambda: p.detach().numpy().copy(), give)
    if name == "ScheduleFreeSGD":
        opt.eval()
        path[-1] = p.detach().tolist()
    return path


def torch_rates(name, options, warmup):
    """The rates of PyTorch's schedule, from 0.4, after a warm-up of its LambdaLR."""
    import torch
    from torch.optim import lr_scheduler

    opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    plateau = name == "ReduceLROnPlateau"
    if warmup:
        warm = lr_scheduler.LambdaLR(opt, lambda t: min(1, (t + 1) / warmup))
        if plateau:
            late = lr_scheduler.ReduceLROnPlateau(opt, **options)
            after = iter([warm] * warmup + [late] * STEPS)
        else:
            late = getattr(lr_scheduler, name)(opt, **options)
            both = lr_scheduler.SequentialLR(opt, [warm, late], [warmup])
            after = iter([both] * STEPS)
    else:
        after = iter([getattr(lr_scheduler, name)(opt, **options)] * STEPS)

    def step(value):
        opt.step()
        schedule = next(after)
        judges = isinstance(schedule, lr_scheduler.ReduceLROnPlateau)
        schedule.step(value) if judges else schedule.step()

    return rates(step, lambda: opt.param_groups[0]["lr"])


def warmed(name):
    """PyTorch's OneCycleLR takes the optimizer's own rate away."""
    return [0] if name == "OneCycleLR" else WARMUPS


def record():
    """Write PyTorch's numbers."""
    lines = []
    for name, options in cases(GRIDS):
        path = torch_descent(name, options)
        lines.append(json.dumps([name, options, [path[t - 1] for t in SEEN]]))
    optimizers, lines = lines, []
    for name, options in cases(SCHEDULES):
        for warmup in warmed(name):
            path = torch_rates(name, options, warmup)
            lines.append(json.dumps([name, options, warmup, [path[t] for t in SEEN]]))
    text = '{"optimizers": [\n%s\n],\n"schedules": [\n%s\n]}\n'
    FILE.write_text(text % (",\n".join(optimizers), ",\n".join(lines)))


if __name__ == "__main__":
    record()
