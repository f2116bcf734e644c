"""Activations as layers; each is the op of its name, applied to every element."""

from __future__ import annotations

from autograd_core.nn import check
from autograd_core.nn.module import Layer
from autograd_core.ops import activations as ops
from autograd_core.tensor import Tensor


class ReLU(Layer):
    """The larger of x and 0, element by element; slope 0 at 0. See `functional.relu`.

    >>> import autograd_core as ag
    >>> from autograd_core import nn
    >>> nn.ReLU()(ag.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = ops.relu.call(x)
        return y


class LeakyReLU(Layer):
    """x above 0, ``negative_slope * x`` elsewhere (Maas, Hannun, Ng, ICML 2013).

    ``negative_slope``: a number, TypeError otherwise. See `functional.leaky_relu`.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = check.number("LeakyReLU: negative_slope", negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope:g}"


class ELU(Layer):
    """x above 0, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al., ICLR 2016).

    ``alpha``: a number, TypeError otherwise. See `functional.elu`.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check.number("ELU: alpha", alpha)

    def forward(self, x: Tensor) -> Tensor:
        return ops.elu(x, alpha=self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:g}"


class SELU(Layer):
    """ELU scaled to keep mean 0 and variance 1 (Klambauer et al., NeurIPS 2017).

    For weights drawn by `init.lecun_normal_`. See `functional.selu`.
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.selu(x)


class GELU(Layer):
    """x times P(a standard normal number <= x) (Hendrycks, Gimpel 2016).

    ``approximate``: "none", by erf, or "tanh"; ValueError otherwise. See
    `functional.gelu`.
    """

    def __init__(self, approximate: str = "none") -> None:
        known = ("none", "tanh")
        self.approximate = check.choice("GELU: approximate", approximate, known)

    def forward(self, x: Tensor) -> Tensor:
        return ops.gelu(x, approximate=self.approximate)

    def extra_repr(self) -> str:
        return "" if self.approximate == "none" else "approximate='tanh'"


class SiLU(Layer):
    """``x * sigmoid(x)``, also called swish (Hendrycks, Gimpel 2016).

    See `functional.silu`.
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.silu(x)


class Softplus(Layer):
    """``log(1 + exp(beta * x)) / beta``, a smooth ReLU (Dugas et al., NIPS 2000).

    ``beta``: above 0; ``threshold``: x itself where ``beta * x`` is above it.
    ValueError for another beta. See `functional.softplus`.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = check.positive("Softplus: beta", beta)
        self.threshold = check.number("Softplus: threshold", threshold)

    def forward(self, x: Tensor) -> Tensor:
        return ops.softplus(x, beta=self.beta, threshold=self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta:g}, threshold={self.threshold:g}"


class Sigmoid(Layer):
    """``1 / (1 + exp(-x))``, without overflow. See `functional.sigmoid`.

    A loss on top of it: `BCEWithLogitsLoss` on what comes before it is more accurate.
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)


class Tanh(Layer):
    """The hyperbolic tangent, element by element. See `functional.tanh`."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.tanh(x)
