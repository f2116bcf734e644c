"""`Kernel`: a compiled loop that Python and native code call by its address.

The function there takes (return slot, exception slot, then every argument exploded into
64-bit words): an integer is one word, an array of n dimensions is ``0, 0, size,
itemsize, data, *shape, *strides``. Nobody needs Numba's wrapper, which reads Python's
objects and is a sixth of what a kernel takes to compile.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import index
from typing import Any, TypeAlias

import numba
import numpy as np
from numba.core.compiler_lock import global_compiler_lock as compiling
from numba.core.registry import CPUDispatcher

from autograd_kernels.compiler import KernelPipeline

Array: TypeAlias = np.ndarray[Any, Any]
Kind: TypeAlias = tuple[np.dtype[Any], int, int] | None
Kinds: TypeAlias = tuple[Kind, ...]

ROW = 26  # words: globals, a count, and three for each of eight kinds of arguments
C, F, ALIGNED, WRITEABLE = 1, 2, 0x100, 0x400  # of an array's flags ...
LAYOUT = C | F | ALIGNED | WRITEABLE  # ... those that a kernel's code depends on

# Where compiled code writes what it returns, and an exception: None of a kernel's does.
_unread = (ctypes.c_int64 * 2)()
UNREAD = ctypes.addressof(_unread)

# In C: an interrupt inside Numba's own way in, which is Python, may leave it taken.
LOCK = compiling._lock


@dataclass(frozen=True)
class Traits:
    """What a kernel is, for those who cut, move, fuse and share launches.

    It writes to its last ``writes`` arguments and to nothing else. If the last one is a
    pointer table, that counts as one, and ``columns`` says what it writes of it.

    With ``elements``, units are elements: element i of all that it writes comes of
    element i of each flat array of as many elements (or of operands that a ``geom``
    broadcasts) and of small arrays, which it only reads. So tiles may be computed in
    any order, each by several such kernels in turn.

    Parts start at multiples of ``step`` units. ``cost`` gives nanoseconds in one thread
    beyond what it takes to move the bytes, from the arguments after lo and hi: integers
    and whatever has shape, size and itemsize.
    """

    writes: int = 1
    columns: tuple[int, ...] = ()
    elements: bool = False
    step: int = 1
    cost: Callable[[Sequence[Any]], float] | None = None


class Launches:
    """How a kernel's small launches are done by a built-in of `driver`.

    ``enter(row, units, args)`` does one, or says False. At first it always does: what
    is launched often enough is worth an entry in ``row``, see `driver.launching`.
    """

    __slots__ = ("count", "enter", "row", "uses")

    def __init__(self) -> None:
        self.enter: Callable[..., bool] = _never
        self.row = np.zeros(ROW, np.int64)
        self.count = 0
        self.uses: Any = None  # who counts them


def _never(row: Any, units: int, args: Any) -> bool:
    return False


class Kernel(CPUDispatcher):  # type: ignore[misc]
    """``kernel(lo, hi, *arguments)``: arrays and integers, ``out`` last.

    It is compiled for each combination of types that it meets, and releases the GIL.
    Raises TypeError for an argument of another kind or if it returns anything, and
    RuntimeError if the compiled code raised something, which no kernel may.
    """

    def __init__(self, fn: Any, traits: Traits, options: dict[str, Any]) -> None:
        super().__init__(fn, {}, options, pipeline_class=KernelPipeline)
        self.traits = traits
        self.launches = Launches()
        self.addresses: dict[Kinds, int] = {}
        self.functions: dict[Kinds, Callable[..., int]] = {}

    def __call__(self, lo: int, hi: int, *args: Any) -> None:
        kinds, words = kinds_of(args), exploded(args)
        function = self.functions.get(kinds)
        if function is None:
            function = _prototype(len(words))(self.address(kinds))
            self.functions[kinds] = function
        if function(UNREAD, UNREAD, lo, hi, *words):
            name = self.py_func.__name__
            raise RuntimeError(f"{name}: the kernel raised an exception; none may")

    def address(self, kinds: Kinds) -> int:
        """Native address for arguments of such kinds after lo and hi."""
        found = self.addresses.get(kinds)
        if found is None:
            types = (numba.int64, numba.int64, *map(type_of, kinds))
            found = address_of(self, types)
            returned = self.overloads[types].signature.return_type
            if returned != numba.types.none:
                name = self.py_func.__name__
                raise TypeError(f"{name}: a kernel returns nothing, got {returned}")
            self.addresses[kinds] = found
        return found

    def __reduce__(self) -> str:
        return str(self.py_func.__qualname__)  # it is there, on the other side


def address_of(dispatcher: Any, types: tuple[Any, ...]) -> int:
    """Native address of a compiled function for arguments of Numba's ``types``."""
    if types not in dispatcher.overloads:
        dispatcher.compile(types)
    result = dispatcher.overloads[types]
    with LOCK:  # LLVM has a lock of its own, see above
        name = result.fndesc.llvm_func_name
        return int(result.library.get_pointer_to_function(name))


def kinds_of(args: Iterable[Any]) -> Kinds:
    """All that a kernel's code depends on of its arguments: None for an integer."""
    return tuple(
        [
            (x.dtype, x.ndim, x.flags.num & LAYOUT)
            if isinstance(x, np.ndarray)
            else None
            for x in args
        ]
    )


def type_of(kind: Kind) -> Any:
    """Numba's type of arguments of a kind."""
    if kind is None:
        return numba.int64
    dtype, ndim, flags = kind
    layout = "C" if flags & C else "F" if flags & F else "A"
    fixed, aligned = not flags & WRITEABLE, bool(flags & ALIGNED)
    scalar = numba.from_dtype(dtype)
    return numba.types.Array(scalar, ndim, layout, fixed, aligned=aligned)


def exploded(args: Iterable[Any]) -> list[int]:
    """Arguments as the words that compiled code takes."""
    words: list[int] = []
    for x in args:
        if isinstance(x, np.ndarray):
            words += (0, 0, x.size, x.itemsize, data_of(x), *x.shape, *x.strides)
        else:
            words.append(index(x))
    return words


def data_of(array: Array) -> int:
    """Address of the first element.

    By way of a buffer, which must be writable, contiguous and not empty: NumPy's own
    way builds a dictionary and takes eight times as long.
    """
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return int(array.__array_interface__["data"][0])


@cache
def _prototype(words: int) -> Any:
    """Of functions of two slots, lo, hi and so many words, which release the GIL."""
    return ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int64] * (4 + words))
