"""The net under a user's kernel: new sorts of calls are tried with checked indices.

Its compiled loop checks none, and would write past the end of an array. So a second
one, with Numba's ``boundscheck``, first computes a few units at both ends of the work,
where loops leave their arrays. It is asked once for each combination of units, shapes,
dtypes and integers; what depends on the values in arrays is not seen. In `all_units`,
which is `check_op`'s, every call is tried, and all of its units.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numba.core import ir, types
from numba.core.errors import NumbaError
from numpy import ndarray

from autograd_kernels import jit
from autograd_kernels.compiler import KernelPipeline

END = 4  # steps of units that are tried at each end
MOST_CALLS = 4096  # that are remembered
MOST_INTS = 64  # combinations of integers that are tried with the same shapes


class Bounds:
    """Whether a kernel stays within its arrays: ``names`` are those of its parameters.

    ``written`` of them, the last, are outputs.
    """

    thorough = 0  # blocks of `all_units` that are entered

    def __init__(
        self, function: Callable[..., Any], names: Sequence[str], written: int
    ) -> None:
        self.name, self.names = function.__name__, names
        self.inputs, self.outputs = names[:-written], names[-written:]
        self.checked = jit.njit(
            function, boundscheck=True, pipeline_class=KernelPipeline
        )
        self.seen: set[Any] = set()  # calls that were tried
        self.alike: Counter[Any] = Counter()  # how many of them, but for integers

    def check(self, units: int, step: int, args: Sequence[Any]) -> None:
        """Try both ends of the work, unless such a call has been tried before."""
        call = (
            units,
            *[(x.shape, x.dtype.char) if isinstance(x, ndarray) else x for x in args],
        )
        if self.thorough:
            self.run(0, units, units, args)
        elif call not in self.seen:
            self._try(call, units, step, args)

    def _try(self, call: Any, units: int, step: int, args: Sequence[Any]) -> None:
        shapes = tuple([x for x in call[1:] if isinstance(x, tuple)])
        if self.alike[units, shapes] == MOST_INTS:
            return
        for lo, hi in _ends(units, step):
            self.run(lo, hi, units, args)
        if len(self.seen) >= MOST_CALLS:
            self.seen.clear()
            self.alike.clear()
        self.seen.add(call)
        self.alike[units, shapes] += 1

    def run(self, lo: int, hi: int, units: int, args: Sequence[Any]) -> None:
        """Compute a part of so many units; IndexError before it leaves an array.

        Raises RuntimeError for any other error of the kernel's.
        """
        known = len(self.checked.signatures)
        try:
            self.checked(lo, hi, *args)
        except NumbaError:
            raise
        except IndexError as error:
            raise IndexError(
                f"kernel {self.name}: an index is outside of its array, in units {lo} "
                f"to {hi}. It was called for {units} units with {self._told(args)}"
            ) from error
        except Exception as error:
            raise RuntimeError(
                f"kernel {self.name}: it raised {type(error).__name__}: {error}; no "
                f"kernel may. It was called for {units} units with {self._told(args)}"
            ) from error
        if len(self.checked.signatures) > known:
            compiled = self.checked.overloads[self.checked.signatures[-1]]
            self._warn(compiled.type_annotation, args)

    def _told(self, args: Sequence[Any]) -> str:
        return ", ".join(
            f"{name} of shape {x.shape}" if isinstance(x, ndarray) else f"{name}={x}"
            for name, x in zip(self.names, args, strict=True)
        )

    def _warn(self, typed: Any, args: Sequence[Any]) -> None:
        """Of floats that become integers without a word."""
        lost = sorted(set(_casts(typed, self.inputs)))
        if not any(x.dtype.kind == "f" for x in args if isinstance(x, ndarray)):
            lost += sorted(set(_stores(typed, self.outputs)))
        if lost:
            warnings.warn(
                f"kernel {self.name}: {', '.join(lost)}: 0.5 becomes 0. Call it with "
                'floats (an op can raise where x.dtype.kind != "f"), or say int(...)',
                stacklevel=7,
            )


@contextmanager
def all_units() -> Iterator[None]:
    """A block in which every call is tried with all of its units."""
    Bounds.thorough += 1
    try:
        yield
    finally:
        Bounds.thorough -= 1


def _ends(units: int, step: int) -> list[tuple[int, int]]:
    """The parts that are tried; they start at multiples of ``step``."""
    if units <= 2 * END * step:
        return [(0, units)]
    return [(0, END * step), ((units - 1) // step * step - (END - 1) * step, units)]


# What Numba found of types -----------------------------------------------------------


def _casts(typed: Any, names: Sequence[str]) -> Iterator[str]:
    """Casts ``x.dtype.type(a float)`` to integers, of parameters with these names."""
    made: dict[str, Any] = {
        one.target.name: one.value
        for block in typed.blocks.values()
        for one in block.find_insts(ir.Assign)
    }
    for call, signature in typed.calltypes.items():
        if not _is(call, "call") or not _loses(signature, typed, call):
            continue
        dtype: Any = made.get(_source(made.get(call.func.name)))
        if not _is(dtype, "getattr") or dtype.attr != "dtype":
            continue
        name = dtype.value.name.partition(".")[0]
        given = made.get(call.args[0].name)
        whole = isinstance(given, ir.Const) and float(given.value).is_integer()
        if name in names and not whole:
            yield f"{name}.dtype.type(...) makes {signature.return_type} of a float"


def _loses(signature: Any, typed: Any, call: Any) -> bool:
    """Whether a call makes an integer of a float by its dtype."""
    return (
        isinstance(typed.typemap[call.func.name], types.NumberClass)
        and isinstance(signature.return_type, types.Integer)
        and any(isinstance(x, types.Float) for x in signature.args)
    )


def _stores(typed: Any, names: Sequence[str]) -> Iterator[str]:
    """Stores of floats in arrays of integers, of parameters with these names."""
    for store, signature in typed.calltypes.items():
        if isinstance(store, ir.SetItem | ir.StaticSetItem) and signature:
            array, value = signature.args[0], signature.args[-1]
            name = store.target.name.partition(".")[0]
            is_integer = isinstance(getattr(array, "dtype", None), types.Integer)
            if name in names and is_integer and isinstance(value, types.Float):
                yield f"{name} of {array.dtype} takes floats"


def _source(one: Any) -> str:
    """The variable that an attribute is taken of."""
    return str(one.value.name) if _is(one, "getattr") else ""


def _is(one: Any, op: str) -> bool:
    return isinstance(one, ir.Expr) and one.op == op
