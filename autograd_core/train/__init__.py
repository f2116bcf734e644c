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
    class_weights,
    split,
)
from autograd_core.train.history import INTERRUPTED, History
from autograd_core.train.metrics import (
    Confusion,
    accuracy,
    auc,
    confusion_matrix,
    evaluate,
    f1,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision,
    predict,
    r2,
    recall,
    top_k,
    worst_confusions,
)
from autograd_core.train.plots import learning_curve
from autograd_core.train.resume import ResumeError
from autograd_core.train.run import Run
from autograd_core.train.step import make_step, penalty
from autograd_core.train.trainer import fit
from autograd_core.train.weights import load_weights, save_weights

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
    "auc",
    "check_data",
    "check_labels",
    "class_weights",
    "confusion_matrix",
    "evaluate",
    "f1",
    "fit",
    "learning_curve",
    "load",
    "load_weights",
    "log_loss",
    "make_step",
    "mean_absolute_error",
    "mean_squared_error",
    "penalty",
    "precision",
    "predict",
    "r2",
    "recall",
    "save",
    "save_weights",
    "split",
    "top_k",
    "worst_confusions",
]
