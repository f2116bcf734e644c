"""Sums of lines times numbers, for `matmul_few`: lines are read as they lie, once."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, rolled

STEPS = 8  # lines of B that pass at a time
VECTORS = 2  # side by side: a chain of FMAs waits for itself, two fill the gaps


@intrinsic
def add_lines(
    context: Any, columns: Any, k: Any, a: Any, step: Any, b: Any, ldb: Any, sums: Any,
) -> Any:  # fmt: skip
    """``sums[j] += sum over p < k of a[p * step] * b[p * ldb + j]``, in the order of p.

    k is STEPS, or less in the last lines. Sums are written to the end of a vector.
    """

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = Vectors(target, builder, b.dtype)
        columns, k, a, step, b_first, ldb, sums = args
        full = builder.icmp_signed("==", k, WORD(STEPS))
        with builder.if_else(full) as (many, few):
            with many:
                _pass_by(v, STEPS, columns, a, step, b_first, ldb, sums)
            with few:
                a_at = cgutils.alloca_once_value(builder, a)
                b_at = cgutils.alloca_once_value(builder, b_first)
                with rolled(builder, k):
                    a, b_first = builder.load(a_at), builder.load(b_at)
                    _pass_by(v, 1, columns, a, step, b_first, ldb, sums)
                    builder.store(v.at(a, step), a_at)
                    builder.store(v.at(b_first, ldb), b_at)
        return target.get_dummy_value()

    n = types.intp
    return types.void(n, n, a, n, b, n, sums), codegen


def _pass_by(
    v: Vectors, count: int, columns: Any, a: Any, step: Any, b: Any, ldb: Any,
    sums: Any,
) -> None:  # fmt: skip
    """The code for ``count`` lines of B; the others are LLVM values."""
    builder = v.builder
    left = [v.splat(builder.load(v.at(a, v.times(step, p)))) for p in range(count)]
    j_at = cgutils.alloca_once_value(builder, WORD(0))

    def add(mask: Any, vectors: int) -> None:
        j = builder.load(j_at)
        lines = v.lines(v.at(b, j), ldb, count)
        places = [v.at(sums, j, i * v.lanes) for i in range(vectors)]
        totals = [v.load(place) for place in places]
        for one, line in zip(left, lines, strict=True):
            for i in range(vectors):
                right = v.load(v.at(line, i * v.lanes), mask)
                totals[i] = v.fma(one, right, totals[i])
        for total, place in zip(totals, places, strict=True):
            v.store(total, place)
        builder.store(builder.add(j, WORD(vectors * v.lanes)), j_at)

    with rolled(builder, builder.sdiv(columns, WORD(VECTORS * v.lanes))):
        add(None, VECTORS)
    rest = builder.sub(columns, builder.load(j_at))
    up = builder.add(rest, WORD(v.lanes - 1))
    with rolled(builder, builder.sdiv(up, WORD(v.lanes))):
        add(v.first(builder.sub(columns, builder.load(j_at))), 1)
