"""A step of each optimizer, all of its state in use, over many small or one large.

One timing is a hundred steps in a loop: ``x100``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .common import if_known, warm

# Options that bring all state of an optimizer to use.
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "Adadelta": {},
    "Adagrad": {},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "Adamax": {},
    "NAdam": {},
    "Lion": {"weight_decay": 0.1},
    "RAdam": {},
    "ScheduleFreeSGD": {},
}
PARAMETERS = {"50 x 100": [100] * 50, "1 x 1M": [1 << 20]}


class Optimizer:
    params = (list(OPTIONS), list(PARAMETERS), ["eager", "Program"])
    param_names = ("optimizer", "parameters", "mode")
    repeat = (3, 5, 0.5)
    warmup_time = 0  # setup is

    def setup(self, name: str, parameters: str, mode: str) -> None:
        with if_known():
            self.prepare(name, parameters, mode)

    def prepare(self, name: str, parameters: str, mode: str) -> None:
        import autograd_core as ag
        from autograd_core import optim

        rng = np.random.default_rng(0)

        def drawn(n: int) -> Any:
            return rng.standard_normal(n).astype("f4")

        leaves = [
            ag.tensor(drawn(n), requires_grad=True) for n in PARAMETERS[parameters]
        ]
        for leaf in leaves:
            leaf.grad = ag.tensor(drawn(leaf.size))
        opt = getattr(optim, name)(leaves, lr=1e-6, **OPTIONS[name])
        self.step = ag.compile(opt.step) if mode == "Program" else opt.step
        warm(self.step)

    def time_step_x100(self, name: str, parameters: str, mode: str) -> None:
        for _ in range(100):
            self.step()
