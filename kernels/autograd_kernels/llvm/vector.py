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
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from autograd_kernels.llvm.builder import INDEX
from autograd_kernels.llvm.target import SIMD

LANES = 16


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


def splatted(builder: Any, value: Any, lanes: int) -> Any:
    """A vector of one value, if it is not a vector already."""
    if isinstance(value.type, ir.VectorType):
        return value
    kind = ir.VectorType(value.type, lanes)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, INDEX(0))
    zeros = ir.Constant(ir.VectorType(INDEX, lanes), [0] * lanes)
    return builder.shuffle_vector(one, one, zeros)


def call(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """Call an LLVM intrinsic by its full name."""
    kind = ir.FunctionType(result, [a.type for a in args])
    return builder.call(
        cgutils.get_or_insert_function(builder.module, kind, name), args
    )


def suffix(vector: Any) -> str:
    kind = "f" if isinstance(vector.dtype, types.Float) else "i"
    return f"v{vector.lanes}{kind}{vector.dtype.bitwidth}"


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
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = next(arg for arg in sig.args if isinstance(arg, Vector))
        a, b = (splatted(builder, arg, vector.lanes) for arg in args)
        return build(builder, vector.dtype, a, b)

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


def _all(builder: Any, mask: Any) -> Any:
    """Whether every lane is set."""
    full = ir.IntType(mask.type.count)
    return builder.icmp_unsigned("==", builder.bitcast(mask, full), full(-1))


@intrinsic(prefer_literal=True)
def first(context: Any, count: Any, lanes: Any) -> Any:
    """The mask of ``lanes`` (a literal) lanes, those below ``count`` >= 0 being set."""
    wide = lanes.literal_value

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        most = args[0].type(wide)
        below = builder.icmp_signed("<", args[0], most)
        few = builder.trunc(builder.select(below, args[0], most), INDEX)
        ids = ir.Constant(ir.VectorType(INDEX, wide), [*range(wide)])
        return builder.icmp_signed("<", ids, splatted(builder, few, wide))

    return Vector(types.boolean, wide)(types.intp, lanes), codegen


def _place(
    target: Any, builder: Any, kind: Any, value: Any, index: Any, lanes: int
) -> Any:
    """Address of a vector: element ``index`` of a flat array or behind a pointer."""
    if isinstance(kind, types.Array):
        value = target.make_array(kind)(target, builder, value).data
    element = builder.gep(value, [index])
    vector = ir.VectorType(value.type.pointee, lanes)
    return builder.bitcast(element, vector.as_pointer())


@intrinsic
def load(context: Any, source: Any, index: Any, mask: Any) -> Any:
    """Elements from ``index`` on of a flat array or a pointer; zeros off the mask."""
    vector = mask.of(source.dtype)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind, align = target.get_value_type(vector), source.dtype.bitwidth // 8
        place = _place(target, builder, sig.args[0], args[0], args[1], mask.lanes)
        name = f"llvm.masked.load.{suffix(vector)}.p0"
        rest = INDEX(align), args[2], ir.Constant(kind, None)
        if SIMD == "avx512":
            return call(builder, name, kind, place, *rest)
        result = cgutils.alloca_once(builder, kind)
        with builder.if_else(_all(builder, args[2])) as (whole, part):
            with whole:
                builder.store(builder.load(place, align=align), result)
            with part:
                builder.store(call(builder, name, kind, place, *rest), result)
        return builder.load(result)

    return vector(source, types.intp, mask), codegen


@intrinsic
def store(context: Any, vector: Any, out: Any, index: Any, mask: Any) -> Any:
    """Write the lanes of the mask to elements from ``index`` on; see `load`."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        value, align = args[0], vector.dtype.bitwidth // 8
        place = _place(target, builder, sig.args[1], args[1], args[2], mask.lanes)
        name = f"llvm.masked.store.{suffix(vector)}.p0"
        rest = INDEX(align), args[3]
        if SIMD == "avx512":
            call(builder, name, ir.VoidType(), value, place, *rest)
            return target.get_dummy_value()
        with builder.if_else(_all(builder, args[3])) as (whole, part):
            with whole:
                builder.store(value, place, align=align)
            with part:
                call(builder, name, ir.VoidType(), value, place, *rest)
        return target.get_dummy_value()

    return types.void(vector, out, types.intp, mask), codegen


def _places(
    target: Any, builder: Any, kind: Any, value: Any, start: Any, step: Any, lanes: int
) -> Any:
    """Addresses of elements start, start + step, ... of a flat array or a pointer."""
    if isinstance(kind, types.Array):
        value = target.make_array(kind)(target, builder, value).data
    ids = ir.Constant(ir.VectorType(start.type, lanes), [*range(lanes)])
    steps = builder.mul(ids, splatted(builder, step, lanes))
    places = splatted(builder, builder.gep(value, [start]), lanes)
    return builder.gep(places, [steps], source_etype=value.type.pointee)


@intrinsic
def gather(context: Any, source: Any, start: Any, step: Any, mask: Any) -> Any:
    """Elements start, start + step, ... of a flat array; zeros off the mask."""
    vector = mask.of(source.dtype)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind, align = target.get_value_type(vector), INDEX(source.dtype.bitwidth // 8)
        value, start, step, lanes = args
        places = _places(target, builder, sig.args[0], value, start, step, mask.lanes)
        name = f"llvm.masked.gather.{suffix(vector)}.v{mask.lanes}p0"
        return call(builder, name, kind, places, align, lanes, ir.Constant(kind, None))

    return vector(source, types.intp, types.intp, mask), codegen


@intrinsic
def take(context: Any, source: Any, index: Any, mask: Any) -> Any:
    """The elements of a C-contiguous array that a vector counts; zeros off the mask."""
    vector = mask.of(source.dtype)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind, align = target.get_value_type(vector), INDEX(source.dtype.bitwidth // 8)
        data = target.make_array(sig.args[0])(target, builder, args[0]).data
        item = data.type.pointee
        places = builder.gep(
            splatted(builder, data, mask.lanes), [args[1]], source_etype=item
        )
        name = f"llvm.masked.gather.{suffix(vector)}.v{mask.lanes}p0"
        zeros = ir.Constant(kind, None)
        return call(builder, name, kind, places, align, args[2], zeros)

    return vector(source, index, mask), codegen


@intrinsic
def scatter(
    context: Any, vector: Any, out: Any, start: Any, step: Any, mask: Any
) -> Any:
    """Write the lanes of the mask to elements start, start + step, ..."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, value, start, step, lanes = args
        align = INDEX(vector.dtype.bitwidth // 8)
        places = _places(target, builder, sig.args[1], value, start, step, mask.lanes)
        name = f"llvm.masked.scatter.{suffix(vector)}.v{mask.lanes}p0"
        call(builder, name, ir.VoidType(), x, places, align, lanes)
        return target.get_dummy_value()

    return types.void(vector, out, types.intp, types.intp, mask), codegen


# The rest -----------------------------------------------------------------------------


@intrinsic
def splat(context: Any, value: Any, like: Any) -> Any:
    """A vector of one number, with the lanes of a vector or mask."""
    vector = like.of(value)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return splatted(builder, args[0], like.lanes)

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


@intrinsic
def counting(context: Any, start: Any, like: Any) -> Any:
    """start, start + 1, ... in the lanes of a vector or mask."""
    vector = like.of(start)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        ids = ir.Constant(target.get_value_type(vector), [*range(like.lanes)])
        return builder.add(splatted(builder, args[0], like.lanes), ids)

    return vector(start, like), codegen


@intrinsic
def counting_by_two(context: Any, start: Any, like: Any) -> Any:
    """start, start + 2, ... in the lower half of the lanes, start + 1, ... above."""
    vector = like.of(start)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        order = [*range(0, like.lanes, 2), *range(1, like.lanes, 2)]
        ids = ir.Constant(target.get_value_type(vector), order)
        return builder.add(splatted(builder, args[0], like.lanes), ids)

    return vector(start, like), codegen


@intrinsic
def zip_low(context: Any, x: Any) -> Any:
    """The lower halves of 64-bit integers, lanes from below and above by turns.

    With `counting_by_two` in order again: one instruction where `trunc` takes many.
    """
    vector = x.of(types.uint32)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        many = x.lanes
        words = builder.bitcast(args[0], ir.VectorType(INDEX, 2 * many))
        order = [i + half for i in range(0, many, 2) for half in (0, many)]
        pick = ir.Constant(ir.VectorType(INDEX, many), order)
        return builder.shuffle_vector(words, words, pick)

    return vector(x), codegen
