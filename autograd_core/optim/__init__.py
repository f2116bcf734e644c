"""Optimizers: an update rule each, and the one fused kernel that carries it out.

Beside them schedules of the learning rate (`Scheduler`), limits of gradients and
weights (`clip_grad_norm_`, `clip_weight_norm_`, `shrink_`) and averages (`EMA`).

>>> import autograd_core as ag
>>> from autograd_core import optim
>>> w = ag.tensor([4.0], requires_grad=True)
>>> opt = optim.SGD([w], lr=0.25)
>>> for _ in range(3):
...     opt.zero_grad()
...     (w * w).sum().backward()
...     opt.step()
>>> w.item()
0.5
"""

from typing import Never

from autograd_core.optim.adadelta import Adadelta
from autograd_core.optim.adagrad import Adagrad
from autograd_core.optim.adam import Adam, AdamW, NAdam
from autograd_core.optim.adamax import Adamax
from autograd_core.optim.average import Average
from autograd_core.optim.clip import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_weight_norm_,
    shrink_,
)
from autograd_core.optim.cosine import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    OneCycleLR,
)
from autograd_core.optim.decay import (
    ConstantLR,
    ExponentialLR,
    InverseSqrtLR,
    InverseTimeLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from autograd_core.optim.ema import EMA
from autograd_core.optim.lion import Lion
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.plateau import ReduceLROnPlateau
from autograd_core.optim.radam import RAdam
from autograd_core.optim.rmsprop import RMSprop
from autograd_core.optim.schedule_free import ScheduleFreeSGD
from autograd_core.optim.scheduler import Scheduler
from autograd_core.optim.sgd import SGD

__all__ = [
    "EMA",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Average",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "InverseSqrtLR",
    "InverseTimeLR",
    "LambdaLR",
    "LinearLR",
    "Lion",
    "MultiStepLR",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "ScheduleFreeSGD",
    "Scheduler",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_weight_norm_",
    "shrink_",
]


def __getattr__(name: str) -> Never:
    """A name that is not here; of PyTorch's, with what to use instead."""
    from autograd_core.foreign import missing

    raise missing(__name__, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
