"""SGD that needs no schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array, recorder, refuse
from autograd_core.launch import FLOATS, Pointers, launch_many
from autograd_core.optim.checks import check_layout, check_names
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import FINITE, FLAG, INSIDE, Setting, at_least, whole
from autograd_core.tape import TensorBase
from autograd_kernels.optim import schedule_free as k
from autograd_kernels.optim.rules import SCALARS
from autograd_kernels.pointers import CHUNK


class ScheduleFreeSGD(Optimizer):
    """SGD of which an average takes the place of a schedule (Defazio et al. 2024).

    z takes plain steps, x is z's average, and gradients are taken between the two, at
    y = (1 - momentum) z + momentum x. The parameters are y while training; ``eval()``
    makes them x, which is what is to be evaluated and used, and ``train()`` makes them
    y again. Both are rounded to the dtype, and neither can be recorded. `step` raises
    RuntimeError between them. As in facebookresearch/schedule_free, but training is
    the mode that it starts in. BatchNorm's statistics are those of y: with x, let them
    be computed anew.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 1.0. The step size: larger than SGD's, and constant.
        momentum: (0, 1), default 0.9. How near to x the gradients are taken.
        weight_decay: [0, inf), default 0.0. Adds so much of y to its gradient.
        warmup_steps: a whole number >= 0, default 0. Steps in which lr rises.
        r: (-inf, inf), default 0.0. The average weights step t by t^r.
        weight_lr_power: (-inf, inf), default 2.0. And by this power of the largest lr.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "momentum": INSIDE,
        "weight_decay": at_least(0),
        "warmup_steps": whole(0),
        "r": FINITE,
        "weight_lr_power": FINITE,
        "maximize": FLAG,
    }
    kernels = (k.schedule_free_advance, k.schedule_free)
    reads = k.Settings._fields
    state_names = ("z",)
    carried = ("weight_sum", "lr_max")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        maximize: bool = False,
    ) -> None:
        self.training = True
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            warmup_steps=warmup_steps,
            r=r,
            weight_lr_power=weight_lr_power,
            maximize=maximize,
        )

    def step(self) -> None:
        """See `Optimizer.step`; RuntimeError after ``eval()``."""
        if (listener := recorder()) is not None:
            what = "the mode of ScheduleFreeSGD"
            listener.on_setting(lambda: self.training, what, vars(self))
        if not self.training:
            raise RuntimeError(
                "ScheduleFreeSGD.step: the parameters are averages, since eval(); call "
                "train() first, before the gradients are computed"
            )
        super().step()

    def eval(self) -> None:
        """The parameters become the averages, to be evaluated."""
        self._move(False, lambda momentum: 1 - 1 / momentum)

    def train(self) -> None:
        """The parameters become those that are trained again."""
        self._move(True, lambda momentum: 1 - momentum)

    def _move(self, training: bool, share: Callable[[float], float]) -> None:
        """Go the ``share`` of the way to z; before the first step, all are one."""
        name = "train" if training else "eval"
        refuse(f"ScheduleFreeSGD.{name} is called", "call it outside")
        if self.training is training:
            return
        moved = [
            (p, self.state[p]["z"], share(group["momentum"]))
            for group in self.param_groups
            for p in group.params
            if self.state[p]["clock"][0]
        ]
        for p, _, _ in moved:
            check_layout(f"ScheduleFreeSGD.{name}: a parameter", p._data)
        for dtype in FLOATS:
            move_all([row for row in moved if row[0]._data.dtype == dtype], dtype)
        self.training = training

    def state_dict(self) -> dict[str, Any]:
        """See `Optimizer.state_dict`; also whether it is ``training``."""
        return {**super().state_dict(), "training": self.training}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """See `Optimizer.load_state_dict`. The mode is that in which it was saved."""
        where = f"{self.name}.load_state_dict"
        check_names(where, state_dict, ("state", "param_groups", "training"))
        rest = dict(state_dict)
        training = FLAG.check(where, "training", rest.pop("training"))
        super().load_state_dict(rest)
        self.training = training

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        d = (-g if h["maximize"] else g) + h["weight_decay"] * p
        lr, z = h["lr"], p if t == 1 else s["z"]
        if t < h["warmup_steps"]:
            lr *= t / h["warmup_steps"]
        s["lr_max"] = max(lr, s.get("lr_max", 0.0))
        weight = t ** h["r"] * s["lr_max"] ** h["weight_lr_power"]
        s["weight_sum"] = s.get("weight_sum", 0.0) + weight
        share = weight / s["weight_sum"] if s["weight_sum"] else 0.0
        x = (p - (1 - h["momentum"]) * z) / h["momentum"]
        s["z"] = z - lr * d
        x = (1 - share) * x + share * s["z"]
        new: Array = (1 - h["momentum"]) * s["z"] + h["momentum"] * x
        return new


def move_all(rows: list[tuple[TensorBase, Array, float]], dtype: Any) -> None:
    """p += share * (z - p) for rows (p, z, share) of one dtype."""
    scalars = np.zeros((len(rows), SCALARS), dtype)
    scalars[:, 0] = [share for _, _, share in rows]
    table = Pointers([[p._data for p, _, _ in rows], [z for _, z, _ in rows]], CHUNK)
    launch_many(k.schedule_free_move, table, scalars)
    for p, _, _ in rows:
        p.wrote()
