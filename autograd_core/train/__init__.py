"""Training: data, a loop with callbacks, checkpoints that resume bit for bit."""

from autograd_core.train.augment import (
    Chain,
    Cutout,
    Flip,
    Jitter,
    Mixup,
    Noise,
    Rotate,
    Shift,
    Zoom,
)
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

__all__ = [
    "INTERRUPTED",
    "Batches",
    "Callback",
    "Chain",
    "Checkpoint",
    "CheckpointError",
    "Confusion",
    "Cutout",
    "EarlyStopping",
    "Flip",
    "History",
    "Jitter",
    "Mixup",
    "Noise",
    "Progress",
    "ResumeError",
    "Rotate",
    "Run",
    "Schedule",
    "Shift",
    "Standardizer",
    "Zoom",
    "accuracy",
    "check_data",
    "check_labels",
    "confusion_matrix",
    "evaluate",
    "fit",
    "learning_curve",
    "load",
    "make_step",
    "penalty",
    "predict",
    "save",
    "split",
    "worst_confusions",
]
