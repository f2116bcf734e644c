"""The exponentially weighted average of a series."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.checks import check_names
from autograd_core.optim.settings import BELOW_ONE, FLAG, FRACTION, whole
from autograd_core.tensor import Tensor


class Average:
    """v = beta v + (1 - beta) x from v = 0, over about the last 1 / (1 - beta) values.

    ``beta`` lies in [0, 1), default 0.9, ValueError otherwise. The first values of v
    are near to 0; ``unbiased`` (default True) divides by the sum of the weights, 1 -
    beta^t (Kingma & Ba 2015, section 3). It is what keeps `Adam`'s two moments,
    `RMSprop`'s mean square (biased), BatchNorm's running statistics (with 1 - momentum
    for beta, starting at 0 and 1) and, of a whole model, `EMA`.

    >>> from autograd_core.optim import Average
    >>> smooth = Average(beta=0.9)
    >>> [round(smooth.update(loss), 3) for loss in (1.0, 1.0, 0.0)]
    [1.0, 1.0, 0.631]
    """

    def __init__(self, beta: float = 0.9, unbiased: bool = True) -> None:
        self.beta = BELOW_ONE.check("Average", "beta", beta)
        self.unbiased = FLAG.check("Average", "unbiased", unbiased)
        self.updates = 0
        self._weights = 0.0  # their sum, 1 - beta^t
        self._value: float | Array | None = None

    @property
    def value(self) -> Any:
        """The average: a float, or an array of the values' shape; NaN before any."""
        if isinstance(self._value, np.ndarray):
            return self._value.copy()
        return math.nan if self._value is None else self._value

    def update(self, value: Any) -> Any:
        """Take a number or an array (Tensors too) in; returns the average.

        Arrays of whole numbers are averaged as float64. TypeError for what is no
        number, ValueError for another shape than before; NaN stays in the average.
        """
        x = as_values(value)
        before = self._value
        if before is not None and np.shape(before) != np.shape(x):
            raise ValueError(
                f"Average.update: got shape {np.shape(x)}, before {np.shape(before)}"
            )
        self.updates += 1
        self._weights = self.beta * self._weights + (1 - self.beta)
        rate = (1 - self.beta) / (self._weights if self.unbiased else 1)
        # From the new value back to the old one, so that a constant stays exact.
        if before is None:
            before = np.zeros_like(x) if isinstance(x, np.ndarray) else 0.0
        self._value = x + (before - x) * (1 - rate) if rate < 1 else x
        return self.value

    def state_dict(self) -> dict[str, Any]:
        """Copies of all that is needed to go on, bit for bit."""
        return {
            "beta": self.beta,
            "unbiased": self.unbiased,
            "updates": self.updates,
            "weights": self._weights,
            "value": self.value,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; changes nothing if it raises."""
        label = "Average.load_state_dict"
        check_names(label, state_dict, self.state_dict())
        beta = BELOW_ONE.check(label, "beta", state_dict["beta"])
        unbiased = FLAG.check(label, "unbiased", state_dict["unbiased"])
        updates = whole(0).check(label, "updates", state_dict["updates"])
        weights = FRACTION.check(label, "weights", state_dict["weights"])
        value = as_values(state_dict["value"])
        self.beta, self.unbiased, self.updates = beta, unbiased, int(updates)
        self._weights, self._value = weights, value if updates else None

    def __repr__(self) -> str:
        value = self.value if np.ndim(self.value) == 0 else f"of {np.shape(self.value)}"
        bias = "" if self.unbiased else ", unbiased=False"
        return (
            f"Average(beta={self.beta:g}{bias}, updates={self.updates}, value={value})"
        )


def as_values(value: Any) -> float | Array:
    """A number as a float, an array or a Tensor as a float array of its own."""
    array = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"Average.update: must be a number or an array, got {value!r}")
    if array.ndim == 0:
        return float(array)
    return array.astype(array.dtype if array.dtype.kind == "f" else np.float64)
