"""Copies of a vector or of a square of them, for operands that a product rearranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, transposed
from autograd_kernels.llvm.target import BYTES, HALVES


@intrinsic
def copy_vector(context: Any, source: Any, out: Any) -> Any:
    """One whole vector."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = Vectors(target, builder, source.dtype)
        v.store(v.load(args[0]), args[1])
        return target.get_dummy_value()

    return types.void(source, out), codegen


@intrinsic
def copy_lanes(context: Any, source: Any, count: Any, out: Any, room: Any) -> Any:
    """One vector: ``count`` elements copied, then zeros up to ``room``."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        source_at, valid, out_at, space = args
        v = Vectors(target, builder, source.dtype)
        with builder.if_else(v.all(space)) as (full, partial):
            with full:
                v.store(v.load(source_at, v.first(valid)), out_at)
            with partial:
                v.store(v.load(source_at, v.first(valid)), out_at, v.first(space))
        return target.get_dummy_value()

    return types.void(source, types.intp, out, types.intp), codegen


@intrinsic
def transpose_lanes(
    context: Any, source: Any, ld: Any, rows: Any, columns: Any, out: Any,
    to: Any, room: Any, side: Any,
) -> Any:  # fmt: skip
    """A block of at most side x side elements, transposed; side: a vector or a half.

    ``out[c * to + r] = source[r * ld + c]`` for c < columns and r < room; zeros
    where r >= rows.
    """

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        for size in (BYTES // 2, BYTES) if HALVES else (BYTES,):
            v = Vectors(target, builder, source.dtype, size)
            this = builder.icmp_signed("==", args[-1], WORD(v.lanes))
            with builder.if_then(this):
                _transpose(v, *args[:-1])
        return target.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, n, out, n, n, n), codegen


def _transpose(
    v: Vectors, source: Any, ld: Any, rows: Any, columns: Any, out: Any,
    to: Any, room: Any,
) -> None:  # fmt: skip
    """Load, shuffle, store; line by line where there are not as many as lanes."""
    builder = v.builder
    lines = [cgutils.alloca_once(builder, v.type) for _ in range(v.lanes)]
    sources, targets = v.lines(source, ld, v.lanes), v.lines(out, to, v.lanes)

    def move(limit: Any, one: Callable[[int], None]) -> None:
        """Those below the limit; no test for each where a vector of them are."""
        with builder.if_else(v.all(limit)) as (full, partial):
            with full:
                for i in range(v.lanes):
                    one(i)
            with partial:
                for i in range(v.lanes):
                    inside = builder.icmp_signed("<", WORD(i), limit)
                    with builder.if_then(inside):
                        one(i)

    def load(i: int) -> None:
        builder.store(v.load(sources[i], edge), lines[i])

    for line in lines:
        builder.store(v.zero, line)
    edge = v.first(columns)
    move(rows, load)
    results = transposed(v, [builder.load(line) for line in lines])
    mask = v.first(room)
    with builder.if_else(v.all(room)) as (full, partial):
        with full:  # a later load need not wait for a store without a mask
            move(columns, lambda i: v.store(results[i], targets[i]))
        with partial:
            move(columns, lambda i: v.store(results[i], targets[i], mask))
