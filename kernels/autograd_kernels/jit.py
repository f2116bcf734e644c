"""The decorators of all kernels: flags, traits, disk cache, native address.

===============  =====================================================================
what is launched
--------------------------------------------------------------------------------------
``@elements``    each element for itself: may be tiled, fused and cut at every 1024
``@kernel``      anything else, cut at any unit
``@reduction``   as ``@kernel``; additions may be re-associated, so that sums vectorise
``@holding``     a built-in of `driver`, which holds the GIL and takes Python's objects
---------------  ---------------------------------------------------------------------
what they call
--------------------------------------------------------------------------------------
``@inline``      a helper; LLVM decides whether it is a call
``@rule``        a helper that is no call, however long: a loop that takes a function or
                 is part of many kernels
``@exact``       a function of one number that must round as written (`math`)
===============  =====================================================================

A kernel is a plain serial function over a part ``lo:hi`` of its work::

    @elements
    def add(lo, hi, a, b, out):
        A, B, O = a[lo:hi], b[lo:hi], out[lo:hi]    # slice first: it vectorises
        for i in range(O.size):
            O[i] = A[i] + B[i]

The first two arguments are the part, in units that the kernel documents (elements,
rows, tiles). All others are arrays or integers, ``out`` last; a float travels in an
array, so that it is read from memory when a Program is replayed. A kernel raises
nothing and allocates nothing on its hot path. Which part a thread gets never changes
a bit of the result: a unit is computed the same way wherever the cuts fall.

What else may be done with a launch follows from the kernel's `Traits`, which stand at
its head: ``@kernel(writes=2)``. How to write one: ``docs/kernels.md``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core.compiler_lock import global_compiler_lock as compiling

from autograd_kernels import interpreter
from autograd_kernels.compiler import Helper, Kernel
from autograd_kernels.disk_cache import DiskCache
from autograd_kernels.undisturbed import undisturbed

interpreter.check()

F = TypeVar("F", bound=Callable[..., Any])

# No nnan and no ninf: NaN and infinity keep their meaning. No arcp and no afn: a
# quotient is a quotient. Contraction to FMA is what makes polynomials accurate.
FAST = {"contract"}
SUMS = {"contract", "reassoc", "nsz"}
ROW = 26  # words: globals, a count, and three for each of eight kinds of arguments
ELEMENTS = 1024  # at multiples of so many, a part of a launch over elements may start
# Nobody calls a kernel as a C function: its wrapper is 7 % of the compile time.
njit = partial(numba.njit, error_model="numpy", nogil=True, no_cfunc_wrapper=True)
helper = partial(njit, no_cpython_wrapper=True, pipeline_class=Helper)

# A child forked while another thread compiles would find Numba's and LLVM's locks held
# for ever: a fork waits until nobody does.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=compiling.acquire,
        after_in_parent=compiling.release,
        after_in_child=compiling.release,
    )

# In C: an interrupt inside Numba's own way in, which is Python, may leave it taken.
LOCK = compiling._lock


def exact(fn: F) -> F:
    """A function of one number: no fastmath flag, and inlined however long it is.

    Unless told otherwise, Numba gives it the flags of whichever kernel comes first.
    """
    return njit(fn, fastmath=False, forceinline=True)


def inline(fn: F) -> F:
    """A helper for kernels of its own file or of another: compiled into its caller."""
    return helper(fn, fastmath=FAST, forceinline=False)  # not its caller's


def rule(fn: F) -> F:
    """`inline` for a loop's whole body: however long it is, it is no call."""
    return helper(fn, fastmath=FAST, forceinline=True)


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
    """How a kernel's small launches are done without its dispatcher.

    ``enter(row, units, args)`` does one, or says False. At first it always does: what
    is launched often enough is worth an entry in ``row``, see `front`.
    """

    __slots__ = ("count", "enter", "row", "uses")

    def __init__(self) -> None:
        self.enter: Callable[..., bool] = _never
        self.row = np.zeros(ROW, np.int64)
        self.count = 0
        self.uses: Any = None  # who counts them


def _never(row: Any, units: int, args: Any) -> bool:
    return False


def traits(kernel: Any) -> Traits:
    """What a kernel declares of itself."""
    declared: Traits = kernel.traits
    return declared


# Each of these stands alone, ``@kernel``, or says what differs from the defaults of
# `Traits`, ``@kernel(writes=2)``.


def kernel(fn: Any = None, /, **declared: Any) -> Any:
    """Compile ``fn`` on first use, once per machine and argument types."""
    return _made(fn, Traits(**declared), FAST)


def elements(fn: Any = None, /, **declared: Any) -> Any:
    """`kernel` whose units are elements, each for itself: see `Traits`."""
    return _made(fn, Traits(elements=True, step=ELEMENTS, **declared), FAST)


def reduction(fn: Any = None, /, **declared: Any) -> Any:
    """`kernel` for sums: additions may be re-associated (the order stays fixed)."""
    return _made(fn, Traits(**declared), SUMS)


def holding(fn: Any = None, /, **declared: Any) -> Any:
    """`kernel` that keeps the GIL: for what takes microseconds and must not be seen."""
    return _made(fn, Traits(**declared), FAST, nogil=False)


def _made(fn: Any, traits: Traits, flags: set[str], **options: Any) -> Any:
    if fn is None:
        return partial(_made, traits=traits, flags=flags, **options)
    dispatcher = njit(fn, fastmath=flags, pipeline_class=Kernel, **options)
    dispatcher.compile = undisturbed(dispatcher.compile)
    dispatcher.traits = traits
    dispatcher.launches = Launches()
    # Only what the folder's key tells apart: no source from elsewhere, no closure.
    if fn.__module__.startswith(f"{__package__}.") and fn.__closure__ is None:
        dispatcher._cache = DiskCache(fn)
    return dispatcher


def address(dispatcher: Any, args: tuple[Any, ...]) -> int:
    """Native address of a kernel for the types of ``args``.

    The function there takes (return slot, exception slot, then every argument
    exploded into 64-bit words): an integer is one word, an array of n dimensions is
    ``0, 0, size, itemsize, data, *shape, *strides``.
    """
    return address_for(dispatcher, tuple(numba.typeof(a) for a in args))


def array_type(dtype: np.dtype[Any], ndim: int, flags: Any) -> Any:
    """Numba's type of arrays whose ``flags`` are those of C, F, ALIGNED, WRITEABLE."""
    c, f, aligned, writeable = flags
    layout = "C" if c else "F" if f else "A"
    kind = numba.from_dtype(dtype)
    return numba.types.Array(kind, ndim, layout, not writeable, aligned=aligned)


def address_for(dispatcher: Any, types: tuple[Any, ...]) -> int:
    """`address` for Numba's own types."""
    result = _compiled(dispatcher, types)
    with LOCK:  # LLVM has a lock of its own, see above
        name = result.fndesc.llvm_func_name
        return int(result.library.get_pointer_to_function(name))


def _compiled(dispatcher: Any, types: tuple[Any, ...]) -> Any:
    """What Numba knows of a compiled function; the lock is taken only to compile."""
    if types not in dispatcher.overloads:
        dispatcher.compile(types)
    return dispatcher.overloads[types]


def is_ready(dispatcher: Any, kinds: tuple[Any, ...]) -> bool:
    """Whether `entry` needs not compile: it was there before, or is in the cache."""
    known = kinds in dispatcher.overloads
    return known or os.path.exists(dispatcher._cache.path(kinds))


def entry(dispatcher: Any, kinds: tuple[Any, ...]) -> Callable[..., Any]:
    """The compiled function for these types as a built-in: it looks at no types."""
    function: Callable[..., Any] = _compiled(dispatcher, kinds).entry_point
    return function
