"""Training: data, a loop with callbacks, checkpoints that resume bit for bit.

- `fit` is the loop; `make_step` one step of it, for loops of your own.
- Data: `Batches`, `Standardizer`, `split`, `class_weights`; augmentation: `Jitter`,
  `Mixup`, `Noise`, ...
- What is measured: `accuracy`, `f1`, `auc`, `r2`, ..., `evaluate`, `predict`.
- Callbacks: `EarlyStopping`, `Checkpoint`, `Schedule`, `Progress`, `Callback`.
- Looking: `learning_curve`, `signals`, `find_lr`, `check_gradients`.
- Settings: `search`, and with Optuna `suggest`, `Prune`. Files: `save`, `load`.
"""

from typing import Never

from autograd_core.train.augment import (
    Chain,
    CutMix,
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
from autograd_core.train.finder import LearningRates, find_lr
from autograd_core.train.gradients import check_gradients
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
from autograd_core.train.parallel import OtherRankError, Parallel
from autograd_core.train.plots import (
    bars,
    histograms,
    learning_curve,
    lines,
    panels,
    weight_histograms,
)
from autograd_core.train.race import descend, paths
from autograd_core.train.resume import ResumeError
from autograd_core.train.run import Run
from autograd_core.train.signals import Signals, signals
from autograd_core.train.step import make_step, penalty
from autograd_core.train.trainer import fit
from autograd_core.train.tuning import (
    Choice,
    Log,
    OneMinus,
    Prune,
    Scale,
    Search,
    Trial,
    Uniform,
    Whole,
    from_study,
    plot_search,
    requeue,
    search,
    suggest,
)
from autograd_core.train.weights import load_weights, save_weights

__all__ = [
    "INTERRUPTED",
    "Batches",
    "Callback",
    "Chain",
    "Checkpoint",
    "CheckpointError",
    "Choice",
    "Confusion",
    "CutMix",
    "Cutout",
    "EarlyStopping",
    "Flip",
    "History",
    "Jitter",
    "LearningRates",
    "Log",
    "Mixup",
    "Noise",
    "OneMinus",
    "OtherRankError",
    "Parallel",
    "Progress",
    "Prune",
    "ResumeError",
    "Rotate",
    "Run",
    "Scale",
    "Schedule",
    "Search",
    "Shift",
    "Signals",
    "Standardizer",
    "Trial",
    "Uniform",
    "Whole",
    "Zoom",
    "accuracy",
    "auc",
    "bars",
    "check_data",
    "check_gradients",
    "check_labels",
    "class_weights",
    "confusion_matrix",
    "descend",
    "evaluate",
    "f1",
    "find_lr",
    "fit",
    "from_study",
    "histograms",
    "learning_curve",
    "lines",
    "load",
    "load_weights",
    "log_loss",
    "make_step",
    "mean_absolute_error",
    "mean_squared_error",
    "panels",
    "paths",
    "penalty",
    "plot_search",
    "precision",
    "predict",
    "r2",
    "recall",
    "requeue",
    "save",
    "save_weights",
    "search",
    "signals",
    "split",
    "suggest",
    "top_k",
    "weight_histograms",
    "worst_confusions",
]


def __getattr__(name: str) -> Never:
    """A name that is not here; of PyTorch's, with what to use instead."""
    from autograd_core.foreign import missing

    raise missing(__name__, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
