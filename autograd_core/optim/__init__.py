"""Optimizers: an update rule each, and the one fused kernel that carries it out."""

from autograd_core.optim.adagrad import Adagrad
from autograd_core.optim.adam import Adam, AdamW, NAdam
from autograd_core.optim.clip import clip_grad_norm_, clip_grad_value_
from autograd_core.optim.ema import EMA
from autograd_core.optim.lion import Lion
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.rmsprop import RMSprop
from autograd_core.optim.schedulers import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    Scheduler,
    StepLR,
)
from autograd_core.optim.sgd import SGD

__all__ = [
    "EMA",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "Lion",
    "MultiStepLR",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "ReduceLROnPlateau",
    "Scheduler",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
]
