"""The decorators of all kernels: flags, traits, disk cache, native address.

===============  =====================================================================
what is launched
--------------------------------------------------------------------------------------
``@elements``    each element for itself: may be tiled, fused and cut at every 1024
``@kernel``      anything else, cut at any unit
``@reduction``   as ``@kernel``; additions may be re-associated, so that sums vectorise
what Python calls to launch, of `driver`: built-ins, which need Numba's wrapper
--------------------------------------------------------------------------------------
``@holding``     takes Python's objects as they are, and holds the GIL
``@releasing``   takes integers, and releases the GIL
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
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numba
from numba.core.compiler_lock import global_compiler_lock as compiling

from autograd_kernels import interpreter
from autograd_kernels.compiler import HelperPipeline, KernelPipeline
from autograd_kernels.disk_cache import DiskCache
from autograd_kernels.native import Kernel, Traits
from autograd_kernels.undisturbed import undisturbed

interpreter.check()

F = TypeVar("F", bound=Callable[..., Any])

# No nnan and no ninf: NaN and infinity keep their meaning. No arcp and no afn: a
# quotient is a quotient. Contraction to FMA is what makes polynomials accurate.
FAST = {"contract"}
SUMS = {"contract", "reassoc", "nsz"}
ELEMENTS = 1024  # at multiples of so many, a part of a launch over elements may start
OPTIONS = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
njit = partial(numba.njit, **OPTIONS)
helper = partial(njit, no_cpython_wrapper=True, pipeline_class=HelperPipeline)
builtin = partial(njit, fastmath=FAST, pipeline_class=KernelPipeline)

# A child forked while another thread compiles would find Numba's and LLVM's locks held
# for ever: a fork waits until nobody does.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=compiling.acquire,
        after_in_parent=compiling.release,
        after_in_child=compiling.release,
    )


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


def _made(fn: Any, traits: Traits, flags: set[str]) -> Any:
    if fn is None:
        return partial(_made, traits=traits, flags=flags)
    whole = {"nopython": True, "boundscheck": None, "no_cpython_wrapper": True}
    return _kept(Kernel(fn, traits, {**whole, **OPTIONS, "fastmath": flags}), fn)


def holding(fn: F) -> F:
    """A built-in for what takes microseconds and must not be seen half done."""
    return _kept(builtin(fn, nogil=False), fn)


def releasing(fn: F) -> F:
    """A built-in that lets other threads run."""
    return _kept(builtin(fn), fn)


def _kept(dispatcher: Any, fn: Any) -> Any:
    dispatcher.compile = undisturbed(dispatcher.compile)
    # Only what the folder's key tells apart: no source from elsewhere, no closure.
    if fn.__module__.startswith(f"{__package__}.") and fn.__closure__ is None:
        dispatcher._cache = DiskCache(fn)
    return dispatcher


def is_ready(builtin: Any, kinds: tuple[Any, ...]) -> bool:
    """Whether `entry` needs not compile: it was there before, or is in the cache."""
    known = kinds in builtin.overloads
    return known or os.path.exists(builtin._cache.path(kinds))


def entry(builtin: Any, kinds: tuple[Any, ...]) -> Callable[..., Any]:
    """The compiled built-in for these types: it looks at no types."""
    if kinds not in builtin.overloads:
        builtin.compile(kinds)
    function: Callable[..., Any] = builtin.overloads[kinds].entry_point
    return function
