"""How rows of SciPy's ufuncs are written, and parameters beside the given ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from autograd_core.launch import const
from autograd_core.op import Op, Saves, Vjp, primitive
from autograd_core.ops import broadcasting
from autograd_core.ops.elementwise import add
from autograd_core.ops.maps import Quiet
from autograd_core.samples import UNARY, Sample

P = ParamSpec("P")


def hosted(
    ufunc: np.ufunc,
    *vjps: Vjp | None,
    saves: Saves,
    samples: Sequence[Sample] = UNARY,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """`maps.hosted` for a ufunc of SciPy's, which takes Python's numbers for float64.

    Here they are weak, as everywhere: float32 stays float32.
    """
    compute = Quiet(ufunc)

    def decorate(stub: Callable[P, Any]) -> Op[P]:
        @wraps(stub)
        def body(*args: Any) -> Any:
            return broadcasting.hosted(compute, strong(args))

        op: Any = primitive(
            *vjps, saves=saves, samples=samples, elementwise=True, ufunc=ufunc
        )(body)
        return documented(op)

    return decorate


def documented(op: Op[P]) -> Op[P]:
    """``op`` with a docstring that says of its row what is the same for all rows."""
    operands = ", ".join(f"``{name}``" for name in op.names)
    of = [name for name, vjp in zip(op.names, op.vjps or (), strict=True) if vjp]
    op.__doc__ = (
        f"{op.__doc__}\n\n"
        f"{operands}: real numbers or arrays, which broadcast; "
        f"gradients by {', '.join(of)}.\n"
        "Returns float64, or float32 if they are; NaN outside of the domain.\n"
        f"Raises TypeError for float16. As `scipy.special.{op.name}`.\n"
    )
    return op


def strong(args: Sequence[Any]) -> Sequence[Any]:
    """Operands with Python's numbers made floats of the others' dtype."""
    if not any(isinstance(x, int | float) for x in args):
        return args
    dtype = np.result_type(np.float32 if _any_float(args) else np.float64, *args)
    return [const(x, dtype) if isinstance(x, int | float) else x for x in args]


def _any_float(args: Sequence[Any]) -> bool:
    return any(isinstance(x, np.ndarray) and x.dtype.kind in "fc" for x in args)


def more(n: Any, by: float) -> Any:
    """``n + by``; a Python number stays one, so that it stays weak."""
    return n + by if isinstance(n, int | float) else add(n, by)
