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
from autograd_core.train.metrics import (
    Confusion,
    accuracy,
    confusion_matrix,
    evaluate,
    predict,
    worst_confusions,
)
from autograd_core.train.plots import learning_curve
from autograd_core.train.step import make_step, penalty
from autograd_core.train.trainer import INTERRUPTED, History, ResumeError, Run, fit
from autograd_core.train.weights import load_weights, save_weights

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
    "Progress",
    "ResumeError",
    "Run",
    "Schedule",
    "Standardizer",
    "accuracy",
    "check_data",
    "check_labels",
    "confusion_matrix",
    "evaluate",
    "fit",
    "learning_curve",
    "load",
    "load_weights",
    "make_step",
    "penalty",
    "predict",
    "save",
    "save_weights",
    "split",
    "worst_confusions",
]
