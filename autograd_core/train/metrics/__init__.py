"""How good a model is: functions (output, y) of all rows, and what applies them."""

from autograd_core.train.metrics.auc import auc
from autograd_core.train.metrics.classification import (
    accuracy,
    f1,
    precision,
    recall,
    top_k,
)
from autograd_core.train.metrics.confusion import (
    Confusion,
    confusion_matrix,
    worst_confusions,
)
from autograd_core.train.metrics.evaluate import (
    Metric,
    check_loss,
    check_metrics,
    evaluate,
    measure,
)
from autograd_core.train.metrics.log_loss import log_loss
from autograd_core.train.metrics.regression import (
    mean_absolute_error,
    mean_squared_error,
    r2,
)
from autograd_core.train.predict import predict

__all__ = [
    "Confusion",
    "Metric",
    "accuracy",
    "auc",
    "check_loss",
    "check_metrics",
    "confusion_matrix",
    "evaluate",
    "f1",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "measure",
    "precision",
    "predict",
    "r2",
    "recall",
    "top_k",
    "worst_confusions",
]
