"""scikit-learn's MLPClassifier: neither BatchNorm nor Dropout, so less work."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import LR, Step, Task

VARIANTS = {"sklearn": "scikit-learn (no BatchNorm, no Dropout)"}


def build(variant: str, task: Task) -> Step:
    """See the package."""
    from sklearn.neural_network import MLPClassifier

    hidden = task.dims[1:-1]
    model = MLPClassifier(hidden, batch_size=task.batch, alpha=0, learning_rate_init=LR)
    classes = np.arange(task.dims[-1])
    x, y = task.data()

    def step() -> Any:
        model.partial_fit(x, y, classes=classes)
        return model.loss_

    return step
