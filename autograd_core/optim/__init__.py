"""Optimizers: an update rule each, and the one fused kernel that carries it out."""

from autograd_core.optim.adagrad import Adagrad
from autograd_core.optim.adam import Adam, AdamW, NAdam
from autograd_core.optim.lion import Lion
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.rmsprop import RMSprop
from autograd_core.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Lion", "NAdam", "Optimizer", "RMSprop"]
