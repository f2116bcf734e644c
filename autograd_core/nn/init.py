"""Initial values, written into a Tensor in place; ``ag.manual_seed`` seeds them.

The n-th draw after ``manual_seed(s)`` is NumPy's Philox stream with the key (s, n).
A weight is (out, in, ...): fan_in counts what an output sums over, fan_out what an
input spreads to.

- Glorot, Bengio: "Understanding the difficulty of training deep feedforward neural
  networks", AISTATS 2010 (xavier).
- He, Zhang, Ren, Sun: "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852
  (kaiming).
- LeCun, Bottou, Orr, Mueller: "Efficient backprop", 1998, section 4.6 (lecun).
- Saxe, McClelland, Ganguli: "Exact solutions to the nonlinear dynamics of learning in
  deep linear neural networks", ICLR 2014, arXiv:1312.6120 (orthogonal).
"""

from __future__ import annotations

import math
from typing import Any, Literal, Never, TypeVar

import numpy as np

from autograd_core.nn import check
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor
from autograd_core.writes import write

__all__ = [
    "calculate_gain",
    "constant_",
    "fans",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "lecun_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

T = TypeVar("T", bound=Tensor)
Mode = Literal["fan_in", "fan_out"]


def stream() -> np.random.Generator:
    """A NumPy generator of its own, next in the order that `manual_seed` starts."""
    return default_generator.numpys("a random initial value")


def fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight ``tensor`` (out, in, ...).

    fan_in is in times the size of what follows, fan_out likewise. Raises ValueError
    below two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fans: need a weight of shape (out, in, ...), got shape {tensor.shape}"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def calculate_gain(nonlinearity: str, a: float = 0.0) -> float:
    """The scale that keeps the variance through a ``nonlinearity``, as in PyTorch.

    ``a`` is the negative slope of "leaky_relu"; others are "linear", "sigmoid", "tanh",
    "relu", "selu". Returns a float; raises ValueError for a name that is not known. He
    et al., ICCV 2015, for those of ReLU's kind.

    >>> from autograd_core import nn
    >>> round(nn.init.calculate_gain("relu"), 4)
    1.4142
    """
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + a * a)),
        "selu": 3 / 4,
    }
    if nonlinearity not in gains:
        known = ", ".join(gains)
        raise ValueError(
            f"calculate_gain: expected one of {known}; got {nonlinearity!r}"
        )
    return gains[nonlinearity]


def constant_(tensor: T, value: float) -> T:
    """Make every element ``value``; returns ``tensor``."""
    return _write(tensor, value)


def zeros_(tensor: T) -> T:
    """Make every element 0; returns ``tensor``."""
    return _write(tensor, 0.0)


def ones_(tensor: T) -> T:
    """Make every element 1; returns ``tensor``."""
    return _write(tensor, 1.0)


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0) -> T:
    """Draw from the normal distribution with ``mean`` and ``std``; returns ``tensor``.

    Raises TypeError for one that is not floating, as all that draw here, ValueError for
    a ``std`` below 0.
    """
    _floating(tensor)
    mean = check.number("normal_: mean", mean)
    std = check.number("normal_: std", std, 0.0)
    drawn = stream().standard_normal(tensor.shape, tensor.dtype)
    return _write(tensor, drawn * tensor.dtype.type(std) + tensor.dtype.type(mean))


def uniform_(tensor: T, low: float = 0.0, high: float = 1.0) -> T:
    """Draw uniformly from [low, high); returns ``tensor``.

    Raises TypeError for one that is not floating, ValueError if ``high`` is below
    ``low``.
    """
    _floating(tensor)
    low = check.number("uniform_: low", low)
    high = check.number("uniform_: high", high, low)
    drawn = stream().random(tensor.shape, tensor.dtype)
    width, low = tensor.dtype.type(high - low), tensor.dtype.type(low)
    return _write(tensor, drawn * width + low)


def kaiming_normal_(
    tensor: T,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
) -> T:
    """He: normal, std = gain / sqrt(fan); the default gain is that of ReLU.

    Args:
        tensor: a weight (out, in, ...).
        a: the negative slope, where ``nonlinearity`` is "leaky_relu".
        mode: the fan, "fan_in" (keeps the variance forward) or "fan_out" (backward).
        nonlinearity: see `calculate_gain`.

    Returns ``tensor``. Raises ValueError below two dimensions and for other names. He
    et al., ICCV 2015, arXiv:1502.01852, equations 10 and 15.

    >>> import autograd_core as ag
    >>> from autograd_core import nn
    >>> weight = nn.init.kaiming_normal_(ag.zeros(100, 200))
    >>> bool(abs(weight.numpy().std() - 0.1) < 0.01)
    True
    """
    return normal_(tensor, std=_kaiming(tensor, a, mode, nonlinearity))


def kaiming_uniform_(
    tensor: T,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
) -> T:
    """He: uniform within gain * sqrt(3 / fan); the default gain is that of ReLU.

    ``tensor``, ``a``, ``mode``, ``nonlinearity``, the result and what is raised are
    those of `kaiming_normal_` (He et al., ICCV 2015).
    """
    bound = math.sqrt(3) * _kaiming(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: T, gain: float = 1.0) -> T:
    """Glorot: normal, std = gain * sqrt(2 / (fan_in + fan_out)).

    ``tensor`` is a weight (out, in, ...), ``gain`` is as `calculate_gain` gives it.
    Returns ``tensor``; raises ValueError below two dimensions. Glorot, Bengio, AISTATS
    2010, equation 12.
    """
    return normal_(tensor, std=gain * math.sqrt(2 / _at_least_one(sum(fans(tensor)))))


def xavier_uniform_(tensor: T, gain: float = 1.0) -> T:
    """Glorot: uniform within gain * sqrt(6 / (fan_in + fan_out)).

    ``tensor`` is a weight (out, in, ...), ``gain`` is as `calculate_gain` gives it.
    Returns ``tensor``; raises ValueError below two dimensions. Glorot, Bengio, AISTATS
    2010, equation 16.
    """
    bound = gain * math.sqrt(6 / _at_least_one(sum(fans(tensor))))
    return uniform_(tensor, -bound, bound)


def lecun_normal_(tensor: T) -> T:
    """LeCun: normal, std = sqrt(1 / fan_in); what SELU needs.

    Returns ``tensor``, a weight (out, in, ...); raises ValueError below two dimensions.
    LeCun et al., "Efficient backprop", 1998, equation 16.
    """
    return kaiming_normal_(tensor, nonlinearity="linear")


def lecun_uniform_(tensor: T) -> T:
    """LeCun: uniform within sqrt(3 / fan_in).

    Returns ``tensor``, a weight (out, in, ...); raises ValueError below two dimensions.
    LeCun et al., "Efficient backprop", 1998, equation 16.
    """
    return kaiming_uniform_(tensor, nonlinearity="linear")


def orthogonal_(tensor: T, gain: float = 1.0) -> T:
    """Orthonormal rows, or columns where there are fewer, times ``gain``.

    Axes of ``tensor`` after the first count as one. Returns it; raises ValueError below
    two dimensions. Saxe, McClelland, Ganguli, ICLR 2014. The signs make the draw
    uniform over the orthogonal group: Mezzadri, "How to generate random matrices from
    the classical compact groups", Notices of the AMS 54, 2007.
    """
    fans(tensor)  # for its error
    _floating(tensor)
    rows = tensor.shape[0]
    columns = math.prod(tensor.shape[1:])
    drawn = stream().standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    matrix = q.T if rows < columns else q
    return _write(tensor, gain * matrix.reshape(tensor.shape))


def _kaiming(tensor: Tensor, a: float, mode: Mode, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode: expected 'fan_in' or 'fan_out', got {mode!r}")
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(_at_least_one(fan))


def _at_least_one(fan: int) -> int:
    return max(fan, 1)  # an empty weight draws nothing


def _tensor(tensor: Tensor) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"init: expected a Tensor, got {type(tensor).__name__}")


def _floating(tensor: Tensor) -> None:
    _tensor(tensor)
    if tensor.dtype.kind != "f":
        raise TypeError(f"init: expected float32 or float64, got {tensor.dtype}")


def _write(tensor: T, values: Any) -> T:
    _tensor(tensor)
    write(tensor, values)
    return tensor


def __getattr__(name: str) -> Never:
    """A name that is not here; of Keras's or PyTorch's, with what to use instead."""
    from autograd_core.foreign import missing

    raise missing(__name__, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
