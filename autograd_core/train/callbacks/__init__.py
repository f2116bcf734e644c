"""What happens around the steps of a run: schedules, early stopping, checkpoints."""

from autograd_core.train.callbacks.base import Callback
from autograd_core.train.callbacks.progress import Progress
from autograd_core.train.callbacks.saving import Checkpoint
from autograd_core.train.callbacks.schedule import Schedule, as_callbacks
from autograd_core.train.callbacks.stopping import EarlyStopping

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Progress",
    "Schedule",
    "as_callbacks",
]
