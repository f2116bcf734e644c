"""Training: data, a loop with callbacks, checkpoints that resume bit for bit."""

from autograd_core.train.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    Progress,
    Schedule,
)
from autograd_core.train.checkpoint import CheckpointError, load, save
from autograd_core.train.data import (
    Batches,
    Jitter,
    Standardizer,
    check_data,
    check_labels,
    split,
)
from autograd_core.train.finder import LearningRates, find_lr
from autograd_core.train.gradients import check_gradients
from autograd_core.train.metrics import (
    Confusion,
    accuracy,
    confusion_matrix,
    evaluate,
    predict,
    worst_confusions,
)
from autograd_core.train.plots import (
    bars,
    histograms,
    learning_curve,
    lines,
    weight_histograms,
)
from autograd_core.train.race import descend, paths
from autograd_core.train.signals import Signals, signals
from autograd_core.train.step import make_step, penalty
from autograd_core.train.trainer import INTERRUPTED, History, ResumeError, Run, fit

__all__ = [
    "INTERRUPTED",
    "Batches",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "Confusion",
    "EarlyStopping",
    "History",
    "Jitter",
    "LearningRates",
    "Progress",
    "ResumeError",
    "Run",
    "Schedule",
    "Signals",
    "Standardizer",
    "accuracy",
    "bars",
    "check_data",
    "check_gradients",
    "check_labels",
    "confusion_matrix",
    "descend",
    "evaluate",
    "find_lr",
    "fit",
    "histograms",
    "learning_curve",
    "lines",
    "load",
    "make_step",
    "paths",
    "penalty",
    "predict",
    "save",
    "signals",
    "split",
    "weight_histograms",
    "worst_confusions",
]
