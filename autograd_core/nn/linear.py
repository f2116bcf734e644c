"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.nn import check, init
from autograd_core.nn.module import Layer
from autograd_core.nn.parameter import Parameter
from autograd_core.ops.matmul import linear
from autograd_core.tensor import Tensor


class Linear(Layer):
    """``x @ weight.T + bias``: x (..., in_features) to (..., out_features).

    ``weight`` is (out_features, in_features), ``bias`` (out_features,) or None, both of
    ``dtype``. Both start uniform within 1 / sqrt(in_features), as in PyTorch (which
    writes it as kaiming_uniform with a = sqrt(5)); `nn.init` has others. Raises
    TypeError for an input that is not floating, ValueError for one of another width.

    >>> import numpy as np
    >>> from autograd_core import nn
    >>> layer = nn.Linear(3, 2)
    >>> layer
    Linear(3, 2): 8 parameters
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        self.in_features = check.size("Linear: in_features", in_features)
        self.out_features = check.size("Linear: out_features", out_features)
        self.weight = Parameter(np.zeros((out_features, in_features), dtype))
        self.bias = Parameter(np.zeros(out_features, dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """``x @ weight.T + bias`` as one op."""
        if x._data.dtype.kind != "f":
            raise TypeError(
                f"expected a float32 or float64 input, got {x.dtype}; "
                "np.asarray(x, np.float32) makes one"
            )
        y: Tensor = linear.call(x, self.weight, self.bias)
        return y

    def extra_repr(self) -> str:
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.in_features}, {self.out_features}{bias}"
