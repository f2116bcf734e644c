"""Vectors as values that kernels compute with.

A kernel written with them walks memory a vector at a time, and a mask stands in for
the loop over what is left::

    for j in range(0, n, LANES):
        m = first(n - j, LANES)
        store(load(x, j, m) * scale, out, j, m)

Each operation is one LLVM instruction on ``<lanes x dtype>``, which LLVM cuts to the
registers of the machine. Against a plain loop there is no second copy for the rest, no
check for overlap and no choice of a width, so that a row of a few numbers costs a few
instructions and compiles fast. Operators take two vectors, or a vector and a number
of its dtype; comparisons give masks for `where`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from autograd_kernels.llvm.builder import Vectors
from autograd_kernels.llvm.memory import start_of
from autograd_kernels.llvm.target import SIMD

LANES = 16  # of all vectors, whatever the dtype
FREE_MASKS = (
    SIMD == "avx512"
)  # a mask costs nothing; else, a full one is looked for first


class Vector(types.Type):  # type: ignore[misc]
    """``lanes`` values of a dtype; of booleans, a mask."""

    def __init__(self, dtype: Any, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(f"Vector({dtype}, {lanes})")

    def of(self, dtype: Any) -> Vector:
        """As many values of another dtype."""
        return Vector(dtype, self.lanes)


@register_model(Vector)
class VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    """As LLVM sees it."""

    def __init__(self, manager: Any, kind: Any) -> None:
        scalar = ir.IntType(1)
        if kind.dtype != types.boolean:
            scalar = manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(scalar, kind.lanes))


def vectors_of(target: Any, builder: Any, vector: Any) -> Vectors:
    """Who writes the code for vectors of a type."""
    return Vectors(target, builder, vector.dtype, lanes=vector.lanes)


# Operators ----------------------------------------------------------------------------


def _typed(op: Any, result: Any) -> None:
    """Declare a binary operator: two vectors, or one and a number of its dtype."""

    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            vectors = [a for a in args if isinstance(a, Vector)]
            if len(args) != 2 or not vectors:
                return None
            dtypes = {getattr(a, "dtype", a) for a in args}
            if dtypes == {vectors[0].dtype}:
                return signature(vectors[0].of(result or vectors[0].dtype), *args)
            return None

    infer_global(op)(Typing)


def _define(op: Any, result: Any, build: Any) -> None:
    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = next(arg for arg in sig.args if isinstance(arg, Vector))
        v = vectors_of(target, builder, vector)
        return build(builder, vector.dtype, *(v.splat(arg) for arg in args))

    _typed(op, result)
    for pair in ((Vector, Vector), (Vector, types.Any), (types.Any, Vector)):
        lower_builtin(op, *pair)(codegen)


def _arithmetic(name: str) -> Any:
    def build(builder: Any, dtype: Any, a: Any, b: Any) -> Any:
        floating = isinstance(dtype, types.Float)
        return getattr(builder, f"f{name}" if floating else name)(a, b)

    return build


def _comparison(symbol: str) -> Any:
    def build(builder: Any, dtype: Any, a: Any, b: Any) -> Any:
        if not isinstance(dtype, types.Float):
            return builder.icmp_unsigned(symbol, a, b)
        compare = builder.fcmp_unordered if symbol == "!=" else builder.fcmp_ordered
        return compare(symbol, a, b)

    return build


def _bits(name: str) -> Any:
    return lambda builder, dtype, a, b: getattr(builder, name)(a, b)


_define(operator.add, None, _arithmetic("add"))
_define(operator.sub, None, _arithmetic("sub"))
_define(operator.mul, None, _arithmetic("mul"))
_define(operator.truediv, None, _bits("fdiv"))
_define(operator.xor, None, _bits("xor"))
_define(operator.and_, None, _bits("and_"))
_define(operator.rshift, None, _bits("lshr"))
for _symbol, _op in {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "!=": operator.ne,
}.items():  # fmt: skip
    _define(_op, types.boolean, _comparison(_symbol))


# Memory -------------------------------------------------------------------------------


@intrinsic(prefer_literal=True)
def first(context: Any, count: Any, lanes: Any) -> Any:
    """The mask of ``lanes`` (a literal) lanes, those below ``count`` >= 0 being set."""
    wide = lanes.literal_value

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return Vectors(target, builder, types.int32, lanes=wide).first(args[0])

    return Vector(types.boolean, wide)(types.intp, lanes), codegen


@intrinsic
def load(context: Any, source: Any, index: Any, mask: Any) -> Any:
    """Elements from ``index`` on of a flat array or a pointer; zeros off the mask."""
    vector = mask.of(source.dtype)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, vector)
        place = v.at(start_of(target, builder, source, args[0]), args[1])
        if FREE_MASKS:
            return v.load(place, args[2])
        result = cgutils.alloca_once(builder, v.type)
        with builder.if_else(v.whole(args[2])) as (whole, part):
            with whole:
                builder.store(v.load(place), result)
            with part:
                builder.store(v.load(place, args[2]), result)
        return builder.load(result)

    return vector(source, types.intp, mask), codegen


@intrinsic
def store(context: Any, vector: Any, out: Any, index: Any, mask: Any) -> Any:
    """Write the lanes of the mask to elements from ``index`` on; see `load`."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v, value = vectors_of(target, builder, vector), args[0]
        place = v.at(start_of(target, builder, out, args[1]), args[2])
        if FREE_MASKS:
            v.store(value, place, args[3])
            return target.get_dummy_value()
        with builder.if_else(v.whole(args[3])) as (whole, part):
            with whole:
                v.store(value, place)
            with part:
                v.store(value, place, args[3])
        return target.get_dummy_value()

    return types.void(vector, out, types.intp, mask), codegen


def _apart(v: Vectors, pointer: Any, start: Any, step: Any) -> Any:
    """Pointers to elements start, start + step, ..."""
    steps = v.builder.mul(v.counting(start.type), v.splat(step))
    return v.places(v.at(pointer, start), steps)


@intrinsic
def gather(context: Any, source: Any, start: Any, step: Any, mask: Any) -> Any:
    """Elements start, start + step, ... of a flat array; zeros off the mask."""
    vector = mask.of(source.dtype)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, vector)
        pointer = start_of(target, builder, source, args[0])
        return v.gather(_apart(v, pointer, args[1], args[2]), args[3])

    return vector(source, types.intp, types.intp, mask), codegen


@intrinsic
def take(context: Any, source: Any, index: Any, mask: Any) -> Any:
    """The elements of a C-contiguous array that a vector counts; zeros off the mask."""
    vector = mask.of(source.dtype)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, vector)
        pointer = start_of(target, builder, source, args[0])
        return v.gather(v.places(pointer, args[1]), args[2])

    return vector(source, index, mask), codegen


@intrinsic
def scatter(
    context: Any, vector: Any, out: Any, start: Any, step: Any, mask: Any
) -> Any:
    """Write the lanes of the mask to elements start, start + step, ..."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, vector)
        pointer = start_of(target, builder, out, args[1])
        v.scatter(args[0], _apart(v, pointer, args[2], args[3]), args[4])
        return target.get_dummy_value()

    return types.void(vector, out, types.intp, types.intp, mask), codegen


# Lanes --------------------------------------------------------------------------------


@intrinsic
def splat(context: Any, value: Any, like: Any) -> Any:
    """A vector of one number, with the lanes of a vector or mask."""
    vector = like.of(value)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return vectors_of(target, builder, vector).splat(args[0])

    return vector(value, like), codegen


@intrinsic
def cast(context: Any, x: Any, like: Any) -> Any:
    """Each lane, toward 0, as the dtype of a number; integers have a sign."""
    vector = x.of(like)
    pair = isinstance(x.dtype, types.Float), isinstance(like, types.Float)
    wider = like.bitwidth > x.dtype.bitwidth
    name = {
        (True, False): "fptosi",
        (False, True): "sitofp",
        (True, True): "fpext" if wider else "fptrunc",
        (False, False): "sext" if wider else "trunc",
    }[pair]

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        if vector == x:
            return args[0]
        return getattr(builder, name)(args[0], target.get_value_type(vector))

    return vector(x, like), codegen


@intrinsic
def where(context: Any, mask: Any, a: Any, b: Any) -> Any:
    """Each lane from ``a`` if the mask has it, else from ``b``."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return a(mask, a, a), codegen


def _counted(start: Any, like: Any, order: Callable[[int], Sequence[int]]) -> Any:
    vector = like.of(start)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, vector)
        return builder.add(v.splat(args[0]), v.counting(v.type.element, order(v.lanes)))

    return vector(start, like), codegen


@intrinsic
def counting(context: Any, start: Any, like: Any) -> Any:
    """start, start + 1, ... in the lanes of a vector or mask."""
    return _counted(start, like, range)


@intrinsic
def counting_by_two(context: Any, start: Any, like: Any) -> Any:
    """start, start + 2, ... in the lower half of the lanes, start + 1, ... above."""
    return _counted(start, like, lambda n: [*range(0, n, 2), *range(1, n, 2)])


@intrinsic
def zip_low(context: Any, x: Any) -> Any:
    """The lower halves of 64-bit integers, lanes from below and above by turns.

    With `counting_by_two` in order again: one instruction where `trunc` takes many.
    """
    vector = x.of(types.uint32)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v, n = vectors_of(target, builder, vector), x.lanes
        words = builder.bitcast(args[0], ir.VectorType(v.type.element, 2 * n))
        picks = [i + half for i in range(0, n, 2) for half in (0, n)]
        return v.shuffle(words, words, picks)

    return vector(x), codegen
