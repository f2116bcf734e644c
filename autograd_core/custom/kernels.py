"""``kernel``: a user's own loop in Numba, launched like the library's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from autograd_core.custom.bounds import Bounds
from autograd_core.custom.source import Captured, function_of, parameters_of
from autograd_core.hooks import RECORDING, current
from autograd_core.launch import const, contiguous, empty, launch
from autograd_core.operand import is_native, native
from autograd_core.tape import FLOATS, TensorBase, keeps_graph
from autograd_core.tensor import Tensor
from autograd_kernels import jit

LIMIT = 1 << 63
DECORATORS = {"plain": jit.kernel, "sums": jit.reduction}


class Kernel:
    """A loop ``(lo, hi, *inputs, *outputs)`` over a part of its work; see `kernel`."""

    def __init__(self, fn: Any, outputs: int, sums: bool, step: int) -> None:
        self.function = self.__wrapped__ = function_of(fn, "kernel")
        self.name = self.__name__ = self.function.__name__
        self.__doc__, self.__module__ = self.function.__doc__, self.function.__module__
        who = f"kernel {self.name}"
        names = [p.name for p in parameters_of(self.function, who)]
        if names[:2] != ["lo", "hi"] or len(names) < 3:
            raise TypeError(
                f"{who}: its parameters must be (lo, hi, *inputs, *outputs), got "
                f"({', '.join(names)})"
            )
        if not 1 <= outputs <= len(names) - 2:
            raise ValueError(f"{who}: outputs={outputs} of {len(names) - 2} arrays")
        self.names, self.outputs = names[2:], outputs
        self.inputs = self.names[:-outputs]
        self._captured = Captured(self.function, who)
        self._decorate, self._step = DECORATORS["sums" if sums else "plain"], step
        self._compiled: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"<kernel {self.name}>"

    @property
    def dispatcher(self) -> Any:
        """The compiled function for the globals as they are."""
        key = self._captured.now()
        found = self._compiled.get(key)
        if found is None:
            decorate = self._decorate(writes=self.outputs, step=self._step)
            found = decorate(self.function)
            found.bounds = Bounds(self.function, self.names, self.outputs)
            self._compiled[key] = found
        return found

    def __call__(self, units: int, *inputs: Any, out: Any) -> Any:
        """New arrays like ``out`` (arrays, or ``(shape, dtype)``), filled by the loop.

        Inputs are Tensors or arrays, which the loop gets in C order, ints, and floats,
        which it gets as an array of one. Tensors in give Tensors.
        """
        if len(inputs) != len(self.inputs):
            raise TypeError(
                f"{self.name}: expected {len(self.inputs)} inputs "
                f"({', '.join(self.inputs)}), got {len(inputs)}"
            )
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_op(inputs)
        args = [
            self._input(x, name, inputs)
            for x, name in zip(inputs, self.inputs, strict=True)
        ]
        outs = [empty(*self._like(like)) for like in self._likes(out)]
        self._run(units, [*args, *outs])
        results: list[Any] = outs
        if [x for x in inputs if isinstance(x, TensorBase)]:  # quicker than any()
            results = [Tensor(x) for x in outs]
        return results[0] if self.outputs == 1 else tuple(results)

    def _run(self, units: int, args: list[Any]) -> None:
        if (units := int(units)) < 0:
            raise ValueError(f"{self.name}: expected units >= 0, got {units}")
        dispatcher = self.dispatcher
        try:
            dispatcher.bounds.check(units, self._step, args)
        except NumbaError as error:
            raise TypeError(told(self.name, error)) from error
        run(self.name, dispatcher, units, args)

    def _input(self, x: Any, name: str, inputs: Sequence[Any]) -> Any:
        if isinstance(x, TensorBase):
            if keeps_graph(x):
                raise TypeError(
                    f"{self.name}: {name} requires grad, and a kernel by itself has no "
                    "gradient; call it in an op, see ag.primitive"
                )
            x = x._data
        if isinstance(x, np.ndarray):
            return contiguous(x if is_native(x) else native(x))
        if isinstance(x, bool | int | np.integer):
            if not -LIMIT <= int(x) < LIMIT:
                raise OverflowError(f"{self.name}: {name} does not fit an int64")
            return int(x)
        if isinstance(x, float | np.floating):
            return const(float(x), _dtype(inputs)).reshape(1)
        raise TypeError(
            f"{self.name}: {name} must be an array, a Tensor or a number, got "
            f"{type(x).__name__}"
        )

    def _likes(self, out: Any) -> Sequence[Any]:
        single = hasattr(out, "dtype") or (
            isinstance(out, tuple)
            and len(out) == 2
            and not hasattr(out[0], "dtype")
            and (isinstance(out[0], int) or not _is_pair(out[0]))
        )
        likes = [out] if single else list(out)
        if len(likes) != self.outputs:
            raise ValueError(
                f"{self.name}: it has {self.outputs} outputs, and out= tells of "
                f"{len(likes)}; give an array, or (shape, dtype), for each"
            )
        return likes

    def _like(self, like: Any) -> tuple[tuple[int, ...], Any]:
        if hasattr(like, "dtype"):
            return tuple(like.shape), like.dtype
        try:
            shape, dtype = like
            sizes = (shape,) if isinstance(shape, int) else tuple(map(int, shape))
            return sizes, np.dtype(dtype)
        except (TypeError, ValueError):
            raise TypeError(
                f"{self.name}: out= must be an array or (shape, dtype), got "
                f"{like!r:.60}"
            ) from None


def _is_pair(x: Any) -> bool:
    """Whether x is a (shape, dtype) rather than a shape."""
    return (
        isinstance(x, tuple)
        and len(x) == 2
        and not all(isinstance(n, int | np.integer) for n in x)
    )


def _dtype(inputs: Sequence[Any]) -> Any:
    """That of numbers among them: the first float array's."""
    return next((x.dtype for x in inputs if _is_float(x)), np.dtype(np.float64))


def _is_float(x: Any) -> bool:
    return getattr(x, "dtype", object) in FLOATS  # None would be float64


def run(name: str, dispatcher: Any, units: int, args: Sequence[Any]) -> None:
    """Launch a kernel of the user's, whose errors are those of its source."""
    try:
        launch(dispatcher, units, *args)
    except NumbaError as error:
        raise TypeError(told(name, error)) from error


def told(name: str, error: Exception) -> str:
    """What a user can act on of what Numba says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    skip = (
        "During:",
        "Failed in",
        "Overload of",
        "There are",
        "- Of which",
        "No match",
    )
    short = [line for line in lines if not line.startswith(skip)][:4]
    where = [line for line in lines if line.startswith('File "')][:1]
    text = " ".join([*short, *(line for line in where if line not in short)])
    return (
        f"{name}: Numba cannot compile it: {text:.600}\n"
        "A kernel knows numbers, arrays, math.* and np.*; functions that it calls need "
        "@numba.njit"
    )


def kernel(
    fn: Any = None, *, outputs: int = 1, sums: bool = False, step: int = 1
) -> Any:
    """A loop of your own: ``fn(lo, hi, *inputs, *outputs)`` computes units lo to hi.

    Call it in an op (`primitive`) as ``k(units, *inputs, out=x)``: ``out`` is an array
    or a ``(shape, dtype)`` that the result is like, a list of them for several
    ``outputs``. A unit is what the loop says: an element, a row. Where work is cut must
    change no bit, for it is shared among threads, and replayed natively by Programs; so
    it writes only to its outputs, each element of them, and raises nothing. ``sums``
    lets LLVM re-associate additions; parts start at multiples of ``step`` units.

    The loop checks no index. So the first call with such units, shapes, dtypes and
    integers tries a few units at both ends with every index checked: IndexError if one
    is outside, before anything is written there. Indices that are read from arrays are
    not seen by it, but by `check_op`.

    Raises TypeError for a signature of another kind and for what Numba cannot compile.
    Plain globals that it reads are constants to Numba; it is compiled anew when one has
    changed, or a function that it calls was defined anew. If what such a function reads
    has changed, RuntimeError.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> @ag.kernel
    ... def row_max(lo, hi, x, out):
    ...     for i in range(lo, hi):
    ...         out[i] = x[i].max()
    >>> row_max(2, np.array([[1.0, 3.0], [5.0, 2.0]]), out=((2,), np.float64))
    array([3., 5.])
    """
    if fn is None:
        return lambda fn: Kernel(fn, outputs, sums, step)
    return Kernel(fn, outputs, sums, step)
