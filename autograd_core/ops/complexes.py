"""Complex numbers: their parts.

A gradient passes through them where a real loss does, as through `numpy.fft`. The vjps
are transposes under the pairing Re(sum(x * y)), as in HIPS autograd and JAX: that of a
holomorphic function is written like a real one's, without a conjugate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import is_complex
from autograd_core.ops.elementwise import mul
from autograd_core.ops.shape import astype, full_like
from autograd_core.samples import Arg, sample

COMPLEX = (sample(Arg((3, 4), kind="complex")), sample((3, 4)))


@primitive(
    lambda g, y, z: astype(g, dtype=z.dtype), saves="", samples=COMPLEX, view=True
)
def real(z: Any) -> Any:
    """The real part; a view."""
    return np.asarray(z).real if is_complex(z) else np.asarray(z)


@primitive(
    lambda g, y, z: astype(mul(g, -1j), dtype=z.dtype),
    saves="",
    samples=COMPLEX,
    view=True,
)
def imag(z: Any) -> Any:
    """The imaginary part, a view; of real numbers new zeros."""
    return np.asarray(z).imag if is_complex(z) else full_like.forward(z, fill_value=0)


@primitive(
    lambda g, y, z: conj(g),
    saves="",
    samples=COMPLEX,
    elementwise=True,
    ufunc=np.conjugate,
)
def conj(z: Any) -> Any:
    """The conjugate; a copy."""
    return host(np.conjugate, z)
