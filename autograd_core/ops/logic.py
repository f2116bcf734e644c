"""Logic, bits and questions about elements: what has no gradient, by NumPy.

A result is bool or integer, or a Tensor outside the graph. A Program replays all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.op import primitive
from autograd_core.ops import maps
from autograd_core.ops.broadcasting import geometry
from autograd_core.samples import Arg, sample

ANY = (sample(Arg((3, 4), kind="distinct")), sample(Arg((3, 4), kind="bool")))
PAIRS = (
    sample(Arg((3, 4), kind="distinct"), Arg((3, 4), -1.9, 1.95, "distinct")),
    sample(Arg((3, 1), kind="bool"), Arg((4,), kind="bool")),
    sample(Arg((3, 4), kind="distinct"), 0.0),
)
BITS = (
    sample(Arg((3, 4), -9, 9, "int"), Arg((3, 4), -9, 9, "int")),
    sample(Arg((3, 1), -9, 9, "int"), Arg((4,), -9, 9, "int")),
    sample(Arg((3, 4), -9, 9, "int"), 5),
)
SHIFTS = (
    sample(Arg((3, 4), -9, 9, "int"), Arg((3, 4), 0, 5, "int")),
    sample(Arg((3, 1), -9, 9, "int"), Arg((4,), 0, 5, "int")),
    sample(Arg((3, 4), -9, 9, "int"), 2),
)


# Truth -----------------------------------------------------------------------------


@maps.hosted(np.logical_and, integers=True, samples=PAIRS)
def logical_and(a: Any, b: Any) -> Any:
    """Whether both are true, which is all that is not 0."""


@maps.hosted(np.logical_or, integers=True, samples=PAIRS)
def logical_or(a: Any, b: Any) -> Any:
    """Whether either is true."""


@maps.hosted(np.logical_xor, integers=True, samples=PAIRS)
def logical_xor(a: Any, b: Any) -> Any:
    """Whether one is true and the other is not."""


@maps.hosted(np.logical_not, integers=True, samples=ANY)
def logical_not(x: Any) -> Any:
    """Whether it is 0."""


@maps.hosted(np.signbit, samples=ANY)
def signbit(x: Any) -> Any:
    """Whether the sign is negative, that of -0.0 too."""


@primitive(
    samples=(
        sample((3, 4), Arg((3, 4), kind="distinct")),
        sample((3, 1), Arg((4,)), rtol=0.3, atol=0.1, equal_nan=True),
    ),
)
def isclose(
    a: Any, b: Any, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether ``|a - b| <= atol + rtol * |b|``, as `numpy.isclose` has it."""
    geometry(np.shape(a), np.shape(b))  # for its error
    return host(lambda a, b: np.isclose(a, b, rtol, atol, equal_nan), a, b)


# Bits ------------------------------------------------------------------------------


@maps.hosted(np.bitwise_and, integers=True, samples=BITS)
def bitwise_and(a: Any, b: Any) -> Any:
    """``a & b``, of integers and bool."""


@maps.hosted(np.bitwise_or, integers=True, samples=BITS)
def bitwise_or(a: Any, b: Any) -> Any:
    """``a | b``, of integers and bool."""


@maps.hosted(np.bitwise_xor, integers=True, samples=BITS)
def bitwise_xor(a: Any, b: Any) -> Any:
    """``a ^ b``, of integers and bool."""


@maps.hosted(
    np.invert,
    integers=True,
    samples=(sample(Arg((3, 4), -9, 9, "int")), sample(Arg((3, 4), kind="bool"))),
)
def invert(x: Any) -> Any:
    """``~x``, of integers and bool."""


@maps.hosted(np.left_shift, integers=True, samples=SHIFTS)
def left_shift(a: Any, b: Any) -> Any:
    """``a << b``, of integers."""


@maps.hosted(np.right_shift, integers=True, samples=SHIFTS)
def right_shift(a: Any, b: Any) -> Any:
    """``a >> b``, of integers."""


@maps.hosted(
    np.bitwise_count, integers=True, samples=(sample(Arg((3, 4), -9, 9, "int")),)
)
def bitwise_count(x: Any) -> Any:
    """How many bits of ``|x|`` are set."""


# Integers --------------------------------------------------------------------------


@maps.hosted(np.gcd, integers=True, samples=BITS)
def gcd(a: Any, b: Any) -> Any:
    """The greatest common divisor, of integers."""


@maps.hosted(np.lcm, integers=True, samples=BITS)
def lcm(a: Any, b: Any) -> Any:
    """The least common multiple, of integers."""
