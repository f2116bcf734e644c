"""What is said when a model makes NaN or infinity of data that has none."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.nn import Module
from autograd_core.train.predict import predict
from autograd_core.train.step import DIVERGED

BEFORE = (
    "The steps before have made the model diverge: its largest parameter is {:.3g}, in "
    "{!r}. A smaller learning rate, clipped gradients or inputs of a smaller scale may "
    "help."
)
LARGE = 1e4


def step_diverged(model: Module, x: Any, error: ValueError) -> Exception:
    """A ValueError of a training step, as FloatingPointError if the model diverged."""
    found = _explained(model, x, error)
    if found is not error:
        for note in getattr(error, "__notes__", ()):
            found.add_note(note)
    return found


def _explained(model: Module, x: Any, error: ValueError) -> Exception:
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        return ValueError(
            f"{error}. The rows are finite, and the augmentation has made NaN or "
            "infinity of some"
        )
    if not _diverged(model, x):
        return error
    largest, name = _largest_parameter(model)
    more = f" {BEFORE.format(largest, name)}" if not largest < LARGE else ""
    return FloatingPointError(f"{error}. {DIVERGED}{more}")


def parameters_diverged(
    model: Module, x: Any, error: ValueError, where: str
) -> Exception:
    """The same, of a validation."""
    if not _diverged(model, x):
        return error
    return FloatingPointError(
        f"{where}: {error}. {BEFORE.format(*_largest_parameter(model))}"
    )


def _diverged(model: Module, x: Any) -> bool:
    with np.errstate(all="ignore"):
        return not np.isfinite(predict(model, x)).all()


def _largest_parameter(model: Module) -> tuple[float, str]:
    """The largest absolute value; NaN is larger than all."""
    found = [
        (float(np.abs(p._data).max(initial=0.0)), name)
        for name, p in model.named_parameters()
    ]
    return max(found, key=lambda f: np.inf if np.isnan(f[0]) else f[0])
