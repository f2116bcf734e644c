"""Activations as layers; each is the op of its name, applied to every element."""

from __future__ import annotations

from autograd_core.nn import check
from autograd_core.nn.module import Module
from autograd_core.ops import activations as ops
from autograd_core.tensor import Tensor


class ReLU(Module):
    """The larger of x and 0; slope 0 at 0."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = ops.relu.call(x)
        return y


class LeakyReLU(Module):
    """x above 0, ``negative_slope * x`` below."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = check.number("LeakyReLU: negative_slope", negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope:g}"


class ELU(Module):
    """x above 0, ``alpha * (exp(x) - 1)`` below."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check.number("ELU: alpha", alpha)

    def forward(self, x: Tensor) -> Tensor:
        return ops.elu(x, alpha=self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:g}"


class SELU(Module):
    """ELU scaled so that activations keep mean 0, variance 1 (`init.lecun_normal_`)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.selu(x)


class GELU(Module):
    """x times P(a standard normal number <= x), ``approximate`` "none" or "tanh"."""

    def __init__(self, approximate: str = "none") -> None:
        known = ("none", "tanh")
        self.approximate = check.choice("GELU: approximate", approximate, known)

    def forward(self, x: Tensor) -> Tensor:
        return ops.gelu(x, approximate=self.approximate)

    def extra_repr(self) -> str:
        return "" if self.approximate == "none" else "approximate='tanh'"


class SiLU(Module):
    """``x * sigmoid(x)``, also called swish."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.silu(x)


class Softplus(Module):
    """``log(1 + exp(beta * x)) / beta``; x itself where ``beta * x > threshold``."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta = check.positive("Softplus: beta", beta)
        self.threshold = check.number("Softplus: threshold", threshold)

    def forward(self, x: Tensor) -> Tensor:
        return ops.softplus(x, beta=self.beta, threshold=self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta:g}, threshold={self.threshold:g}"


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.tanh(x)
