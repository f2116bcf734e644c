"""The negative log-likelihood of the targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.data.forms import as_array
from autograd_core.train.metrics.labels import (
    counted,
    is_probabilities,
    require_finite,
    scores,
    truth,
)


def log_loss(output: Any, y: Any, *, ignore_index: int | None = None) -> float:
    """The mean of -log p(target), in nats and double precision.

    ``output``: one logit, (rows,) or (rows, 1): p is its sigmoid. Scores (rows,
    classes): their softmax, or themselves if every row is one of probabilities. ``y``:
    labels or probabilities; rows of ``ignore_index`` do not count. Returns a float:
    `sklearn.metrics.log_loss` of the probabilities. Raises ValueError for shapes and
    targets that are none of a classification.
    """
    output, y = counted(output, y, ignore_index, "log_loss")
    score = scores(output, "log_loss")
    require_finite(score, "log_loss")
    true = truth(score, y, "log_loss")
    target = as_array(y, "log_loss: y").astype(np.float64)
    logits = score.astype(np.float64)
    if score.ndim == 1:
        target = target.reshape(len(score))
        return float((np.logaddexp(0, logits) - target * logits).mean())
    logs = _log_shares(
        logits, np.finfo(score.dtype if score.dtype.kind == "f" else "f8")
    )
    if target.shape == score.shape:
        return float(-(target * logs).sum(1).mean())
    return float(-np.take_along_axis(logs, true[:, None], 1).mean())


def _log_shares(values: Array, info: Any) -> Array:
    """log p by class; probabilities are kept ``info.eps`` away from 0 and 1."""
    if is_probabilities(values):
        return np.log(np.clip(values, info.eps, 1 - info.eps))
    values = values - values.max(1, keepdims=True)
    logs: Array = values - np.log(np.exp(values).sum(1, keepdims=True))
    return logs
