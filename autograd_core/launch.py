"""Run a kernel now and, while a Program is recorded, write the launch down.

Everything that touches data goes through here; an op does no arithmetic of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.front import POINT, Empty, Uses, column_of, launched, point
from autograd_core.hooks import RECORDING, Array, current, recorder
from autograd_core.pool import LEAST, pool
from autograd_core.tape import FLOATS as FLOATS
from autograd_core.threads import teams
from autograd_kernels import elementwise as k
from autograd_kernels.copying import copy4
from autograd_kernels.driver.launching import SHARED
from autograd_kernels.driver.objects import layout_known
from autograd_kernels.native import data_of

new = Empty()
cleared: list[Array] = []  # status words that hold 0
SPARE = 64  # of them at most
SHARED_CHUNKS = 64  # chunks of an optimizer's parameters from which on threads pay
SHARE = 1 << 17  # elements that a thread gets at least: waking it takes microseconds


def launch(kernel: Any, units: int, *args: Any) -> None:
    """Run ``kernel`` over all its ``units`` of work.

    Threads share it if its first argument or its last, both arrays, is large.
    """
    if RECORDING and (listener := current.recorder) is not None:
        listener.launch(kernel, units, args)
    elif not (native := kernel.launches).enter(native.row, units, args):
        large = args[-1].size >= SHARED or args[0].size >= SHARED
        if units > 1 and large and teams.current.size > 1:
            most = max(args[0].size, args[-1].size) // SHARE
            teams.current.run(kernel, units, args, most)
        else:
            run(kernel, units, args)


def launch_whole(kernel: Any, units: int, *args: Any) -> None:
    """`launch` for work that is known to be too little to be shared."""
    if RECORDING and (listener := current.recorder) is not None:
        listener.launch(kernel, units, args)
    elif not (native := kernel.launches).enter(native.row, units, args):
        run(kernel, units, args)


def launch_parts(kernel: Any, units: int, *args: Any) -> None:
    """`launch` for work that takes long enough to be shared among threads.

    A kernel that works in scratch memory needs a row of it for each: see `scratch`.
    """
    if RECORDING and (listener := current.recorder) is not None:
        listener.launch(kernel, units, args)
    elif units > 1 and teams.current.size > 1:
        teams.current.run(kernel, units, args)
    elif not (native := kernel.launches).enter(native.row, units, args):
        run(kernel, units, args)


def run(kernel: Any, units: int, args: tuple[Any, ...]) -> None:
    """``kernel(0, units, *args)``, of which the next may be a built-in's work."""
    kernel(0, units, *args)
    launched(kernel, units, args)


class Pointers:
    """Columns of arrays for a kernel that walks many of them: one row per array.

    ``columns[0]`` gives the sizes; the kernel gets an int64 table with rows
    ``size, address in column 0, address in column 1, ...``. The last word of a row is
    its first unit, when a unit is ``chunk`` elements of one array.
    """

    def __init__(self, columns: Sequence[Sequence[Array]], chunk: int) -> None:
        self.columns = list(columns)
        self.uses = Uses()
        rows = len(columns[0])
        self.table = np.empty((rows, len(columns) + 2), np.int64)
        self.units = 0
        for row, array in enumerate(columns[0]):
            self.table[row, 0] = array.size
            self.table[row, -1] = self.units
            self.units += -(-array.size // chunk)
        for column in range(len(columns)):
            self.point(column, columns[column])

    def point(self, column: int, arrays: Sequence[Array]) -> None:
        """Aim a column at other arrays of the same sizes."""
        self.columns[column] = arrays
        often = self.uses.enough(POINT) and layout_known()
        if often and point()(self.table, column_of(column + 1), tuple(arrays)):
            return
        self.table[:, column + 1] = list(map(data_of, arrays))

    def snapshot(self) -> Pointers:
        """The same table with columns that no later `point` changes."""
        copy = Pointers.__new__(Pointers)
        copy.columns = [list(column) for column in self.columns]
        copy.table, copy.units, copy.uses = self.table.copy(), self.units, self.uses
        return copy


def launch_many(kernel: Any, pointers: Pointers, *args: Any) -> None:
    """Run a kernel over a table of arrays: ``kernel(lo, hi, *args, table)``."""
    if RECORDING and (listener := current.recorder) is not None:
        listener.launch_many(kernel, pointers, args)
    else:
        run = launch_parts if pointers.units >= SHARED_CHUNKS else launch_whole
        run(kernel, pointers.units, *args, pointers.table)


def host(function: Callable[..., Any], *args: Any) -> Array:
    """Call NumPy for what has no kernel; a Program replays it as a host call."""
    out = np.array(function(*args))
    if (listener := recorder()) is not None:
        listener.on_host(function, args, out)
    return out


def raise_if(status: Array, make_error: Callable[[int], Exception]) -> None:
    """Raise ``make_error(index)`` if a kernel stored ``1 + index`` in ``status``.

    Nobody uses ``status`` afterwards: it may be another's by then.
    """
    if RECORDING and (listener := current.recorder) is not None:
        listener.on_check(status, make_error)
    found = status.item()
    if found:
        raise make_error(found - 1)
    if not RECORDING and len(cleared) < SPARE:
        cleared.append(status)


def empty(shape: int | tuple[int, ...], dtype: Any) -> Array:
    """An uninitialised array that the recorder knows to be a temporary."""
    if RECORDING and (listener := current.recorder) is not None:
        out = np.empty(shape, dtype)
        listener.on_allocate(out)
        return out
    small: Array | None = new.enter(shape, dtype)
    if small is not None:
        return small
    new.missed()
    out = np.empty(shape, dtype)
    return out if out.nbytes < LEAST else pool.instead_of(out)


def scratch(size: int, dtype: Any, *, parts: bool = False) -> Array:
    """Working memory for a kernel, with ``parts`` a row for each that runs at once."""
    if RECORDING and (listener := current.recorder) is not None:
        out = np.empty((1, size), dtype)  # the plan gives it the rows
        listener.on_allocate(out, scratch=True)
        return out
    return empty((teams.current.size if parts else 1, size), dtype)


def full(shape: int | tuple[int, ...], value: float, dtype: Any) -> Array:
    """An array of one value."""
    if np.dtype(dtype).kind == "c":
        return host(lambda: np.full(shape, value, dtype))
    out = empty(shape, dtype)
    launch(k.fill, out.size, const(value, out.dtype).reshape(-1), out.reshape(-1))
    return out


def new_status() -> Array:
    """A cleared status word for `raise_if`."""
    if RECORDING and current.recorder is not None:
        return full(1, 0, np.int64)  # a launch, so that a replay clears it too
    try:
        return cleared.pop()
    except IndexError:
        return np.zeros(1, np.int64)


class Constant(bytearray):
    """Memory of numbers that nobody writes to, known as such by its type."""


def constant(values: Any, dtype: Any) -> Array:
    """An array of numbers that stay as they are."""
    array = np.asarray(values, dtype)
    return np.ndarray(array.shape, array.dtype, Constant(array.tobytes()))


def const(value: float, dtype: Any) -> Array:
    """A 0-d array of one number. Shared: nobody writes to it."""
    if not alike((value,)):
        return constant(value, dtype)
    return _const(value, dtype)


@lru_cache(1024)
def _const(value: float, dtype: Any) -> Array:
    return constant(value, dtype)


def hyper(dtype: Any, *values: float) -> Array:
    """Hyper-parameters as the array that a kernel reads; shared, never written to."""
    return _hyper(dtype, values) if alike(values) else constant(values, dtype)


@lru_cache(1024)
def _hyper(dtype: Any, values: tuple[float, ...]) -> Array:
    return constant(values, dtype)


def alike(values: tuple[Any, ...]) -> bool:
    """Whether numbers that are equal to these as keys also have their bits.

    Not NaN, which no key finds, nor -0.0, nor what may have one for a part.
    """
    for v in values:
        if v != v or isinstance(v, complex) or (v == 0 and str(v)[0] == "-"):
            return False
    return True


def strided4(x: Array) -> Array:
    """The same memory seen with four axes (x has at most four)."""
    return x.reshape((1,) * (4 - x.ndim) + x.shape)


def copy_into(src: Array, out: Array) -> None:
    """Copy between arrays of one shape and any strides."""
    if src.dtype != out.dtype or not (src.flags.aligned and src.dtype.isnative):
        cast_into(src, out)
    elif src.dtype.kind == "c":
        copy_into(src.real, out.real)
        copy_into(src.imag, out.imag)
    elif src.flags.carray and out.flags.carray:  # threads can share it anywhere
        launch(k.cast, out.size, src.reshape(-1), out.reshape(-1))
    elif src.ndim > 4:
        for i in range(src.shape[0]):
            copy_into(src[i], out[i])
    else:
        shape = strided4(src)
        launch(copy4, shape.shape[0] * shape.shape[1], shape, strided4(out))


def duplicate(x: Array) -> Array:
    """A contiguous copy."""
    out = empty(x.shape, x.dtype)
    copy_into(x, out)
    return out


def cast_into(src: Array, out: Array) -> None:
    """Copy with a change of dtype; of a complex number its real part."""
    if not out.flags.c_contiguous:
        whole = empty(out.shape, out.dtype)
        cast_into(src, whole)
        copy_into(whole, out)
    elif out.dtype.kind == "c":
        imaginary = src.imag if src.dtype.kind == "c" else full(src.shape, 0, "f4")
        cast_into(src.real, out.real)
        cast_into(imaginary, out.imag)
    elif src.dtype.kind == "c":
        cast_into(src.real, out)
    elif src.dtype.kind not in "fiub" or (src.itemsize < 4 and src.dtype.kind == "f"):
        raise TypeError(f"cannot compute with dtype {src.dtype}")
    elif not (src.flags.aligned and src.dtype.isnative):
        cast_into(host(lambda a: a.astype(a.dtype.newbyteorder("=")), src), out)
    else:
        launch(k.cast, out.size, flat(src), out.reshape(-1))


def add_into(out: Array, x: Array) -> None:
    """``out += x`` in place, for arrays of one shape."""
    if out.flags.carray and out.dtype == x.dtype and x.dtype.kind != "c":
        launch(k.add_inplace, out.size, flat(x), out.reshape(-1))
    else:
        copy_into(host(np.add, out, x), out)


def contiguous(x: Array) -> Array:
    """``x`` itself if a kernel can read it as flat memory, else a copy."""
    if x.flags.carray:
        return x
    out = empty(x.shape, x.dtype.newbyteorder("="))
    copy_into(x, out)
    return out


def flat(x: Array) -> Array:
    """``x`` as contiguous one-dimensional memory, a copy only if it must be."""
    return (x if x.flags.carray else contiguous(x)).ravel()
