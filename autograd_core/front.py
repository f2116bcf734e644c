"""Native fronts: small eager ops as one built-in each, beside their general way.

A front is called with operands and gives the result, with the general way's bits, or
None: "not for here". It starts by always giving None. What is used often enough is
compiled (or read from the disk cache) and then called by address; a script that runs an
op a few times pays for nothing. See ``autograd_kernels.driver.front``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.tape import FLOATS
from autograd_core.threads import lock
from autograd_kernels import jit
from autograd_kernels import matmul as mm
from autograd_kernels import reduce as red
from autograd_kernels.driver import front, launching, objects, rows
from autograd_kernels.native import (
    ALIGNED,
    WRITEABLE,
    C,
    Kind,
    Kinds,
    data_of,
    kinds_of,
)

MOST = rows.MOST  # bytes of an array that a front takes
OFTEN, LOOKS = 40, 50  # uses between two looks at the disk, and how many looks
SCRATCH = 1 << 18  # bytes of a product's working memory

preparing = lock()  # one thread at a time fills rows


def _flat(dtype: Any, ndim: int = 1) -> Kind:
    return np.dtype(dtype), ndim, C | ALIGNED | WRITEABLE


def _declines(*args: Any) -> None:
    """What a front does before it is compiled."""


class Uses:
    """Counts what could have been a built-in's work, until that built-in pays.

    That is soon if it is in the disk cache, which is looked at now and then, else only
    in a long run: to compile one takes up to a second, once per machine.
    """

    __slots__ = ("left", "looks")

    def __init__(self, often: int = OFTEN) -> None:
        self.left, self.looks = often, LOOKS

    def enough(self, entry: tuple[Any, tuple[Any, ...]]) -> bool:
        """Count one; whether the built-in `jit.entry` pays from now on."""
        if self.left:
            self.left -= 1
        elif not self.looks or jit.is_ready(*entry):
            self.looks = 0
            return True
        else:
            self.left, self.looks = OFTEN, self.looks - 1
        return False


class Front:
    """``front.enter(*operands)``: the result, or None.

    ``entry`` is the built-in with the types of its arguments. For a dtype, ``kinds``
    gives those of the kernel's arguments after lo and hi. ``rest`` gives the row's
    words after the two addresses, ``bound`` are the first operands.
    """

    __slots__ = ("bound", "enter", "entry", "kernel", "kinds", "rest", "row", "uses")

    def __init__(
        self,
        entry: tuple[Any, tuple[Any, ...]],
        kernel: Any,
        kinds: Callable[[Any], Kinds],
        rest: Callable[[], list[int]] = list,
        bound: tuple[Any, ...] = (),
    ) -> None:
        self.entry, self.kernel = entry, kernel
        self.kinds, self.rest, self.bound = kinds, rest, bound
        self.enter: Callable[..., Any] = _declines
        self.row: Array | None = None
        # Of the dtypes that are not ready yet.
        self.uses: dict[Any, Uses] = {dtype: Uses() for dtype in FLOATS}

    def missed(self, *operands: Any) -> None:
        """The general way was taken; often enough, and it is not again."""
        arrays = [x for x in operands if type(x) is np.ndarray]
        dtype = arrays[0].dtype if arrays else None
        uses = self.uses.get(dtype)
        if uses is None or not uses.enough(self.entry):
            return
        with preparing:
            if self.uses.pop(dtype, None) is not None and objects.layout_known():
                self._prepare(dtype)

    def _prepare(self, dtype: Any) -> None:
        """From now on the built-in takes ``dtype``."""
        if self.row is None:
            head = [data_of(rows.shared()), 0, 0]
            self.row = np.array([*head, *self.rest()], np.int64)
        place = front.ADDRESS + FLOATS.index(dtype)
        self.row[place] = self.kernel.address(self.kinds(dtype))
        self.enter = partial(jit.entry(*self.entry), self.row, *self.bound)


def unary(kernel: Any, *constants: float) -> Front:
    """Of a kernel ``(lo, hi, [constants,] x, out)``."""
    entry = front.unary, rows.TWO
    return Front(entry, kernel, _flats(2, constants), _constants(constants))


def slope(kernel: Any, *constants: float) -> Front:
    """Of a kernel ``(lo, hi, [constants,] g, x, out)``, all of one size."""
    entry = front.slope, rows.THREE
    return Front(entry, kernel, _flats(3, constants), _constants(constants))


def binary(kernel: Any, comparison: bool = False) -> Front:
    """Of a broadcasting kernel; a comparison's results are bool."""

    def kinds(dtype: Any) -> Kinds:
        out = np.bool_ if comparison else dtype
        return _flat(np.int64), _flat(dtype), _flat(dtype), _flat(out)

    return Front((front.binary, rows.THREE), kernel, kinds, lambda: [comparison])


def total(mean: bool = False) -> Front:
    """The sum, or the mean, of all of an array."""

    def kinds(dtype: Any) -> Kinds:
        return _flat(dtype, 2), _flat(dtype)

    return Front((front.total, rows.TWO), red.sum_rows, kinds, lambda: [mean])


def product(ta: bool, tb: bool, *bound: Any) -> Front:
    """``op(a) @ op(b) [+ bias]``; operands are bias or None, a and b, matrices."""

    def kinds(dtype: Any) -> Kinds:
        two, one = _flat(dtype, 2), _flat(dtype)
        return None, None, None, two, two, one, two, two

    def rest() -> list[int]:
        scratch, plans = map(data_of, _shared_by_products())
        return [ta, tb, scratch, SCRATCH, plans, mm.BIAS]

    return Front((front.product, rows.FOUR), mm.matmul, kinds, rest, bound)


@cache
def _shared_by_products() -> tuple[Array, Array]:
    """Working memory and the plans of products: the GIL is held by who uses them."""
    plans = np.full(front.SLOTS * front.SLOT, -1, np.int64)
    return np.empty(SCRATCH, np.uint8), plans


def plan_product(
    shape: Sequence[int],
    k: int,
    turned: Sequence[bool],
    dtype: Any,
    plan: Sequence[int],
) -> None:
    """Tell fronts how a product (m, n) is planned: its units, scratch and mode."""
    told = turned[0] + 2 * turned[1] + 4 * FLOATS.index(dtype)
    m, n = shape
    place = front.SLOT * front.slot(m, n, k, told)
    _shared_by_products()[1][place : place + front.SLOT] = (m, n, k, told, *plan)


def _flats(count: int, constants: tuple[float, ...]) -> Callable[[Any], Kinds]:
    return lambda dtype: (_flat(dtype),) * (count + bool(constants))


def _constants(values: tuple[float, ...]) -> Callable[[], list[int]]:
    """The words that stand for hyper-parameters, which stay in memory for ever."""

    def rest() -> list[int]:
        places = [data_of(_forever(dtype, values, repr(values))) for dtype in FLOATS]
        return [*places, len(values)]

    return rest


@cache
def _forever(dtype: Any, values: tuple[float, ...], text: str) -> Array:
    return np.array(values, dtype)  # `text` tells 0.0 from -0.0


# Memory ------------------------------------------------------------------------------


class Empty:
    """``enter(shape, dtype)``: a new small array, or None, see `numpy.empty`."""

    __slots__ = ("enter", "uses")

    def __init__(self) -> None:
        self.enter: Callable[..., Any] = _declines
        self.uses: Uses | None = Uses(1000)

    def missed(self) -> None:
        """NumPy made one; often enough, and it makes no more small ones."""
        entry = launching.empty, rows.THREE
        if self.uses is not None and self.uses.enough(entry):
            self.uses = None
            if objects.layout_known():
                row = np.array([data_of(rows.shared())])
                self.enter = partial(jit.entry(*entry), row)


POINT = launching.point, rows.THREE


@cache
def point() -> Callable[[Array, Array, tuple[Array, ...]], bool]:
    """``point()(table, column, arrays)``, see ``autograd_kernels.driver.launching``."""
    return jit.entry(*POINT)


@cache
def column_of(column: int) -> Array:
    """A table's column as `point` takes it."""
    return np.array([data_of(rows.shared()), column])


# Any launch --------------------------------------------------------------------------


def launched(kernel: Any, units: int, args: tuple[Any, ...]) -> None:
    """Python called a kernel; often enough, and it does not for such arguments again.

    From then on ``kernel.launches.enter(kernel.launches.row, units, args)`` launches
    what is not to be shared among threads, and says whether it has.
    """
    native, entry = kernel.launches, (launching.launch, rows.THREE)
    if native.uses is None:
        native.uses = Uses(4)  # calls by Python take ten times as long
    full = native.count == launching.MOST_KERNELS
    if full or not native.uses.enough(entry) or not objects.layout_known():
        return
    codes = launching.codes(args)
    if codes is None:
        return
    with preparing:
        known = native.row[2:].reshape(-1, 3)
        there = (known[: native.count, :2] == codes).all(1).any()
        if there or native.count == launching.MOST_KERNELS:
            native.uses = Uses(1000)  # it is too large: look again much later
            return
        known[native.count] = *codes, kernel.address(kinds_of(args))
        native.count += 1
        native.row[:2] = data_of(rows.shared()), native.count
        native.enter = jit.entry(*entry)
