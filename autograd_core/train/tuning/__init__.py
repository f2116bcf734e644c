"""Hyper-parameter search: random, coarse to fine, or on Optuna."""

from autograd_core.train.tuning.plot import plot_search
from autograd_core.train.tuning.random_search import search
from autograd_core.train.tuning.result import Search, Trial
from autograd_core.train.tuning.space import (
    Choice,
    Log,
    OneMinus,
    Scale,
    Uniform,
    Whole,
)
from autograd_core.train.tuning.with_optuna import Prune, from_study, requeue, suggest

__all__ = [
    "Choice",
    "Log",
    "OneMinus",
    "Prune",
    "Scale",
    "Search",
    "Trial",
    "Uniform",
    "Whole",
    "from_study",
    "plot_search",
    "requeue",
    "search",
    "suggest",
]
