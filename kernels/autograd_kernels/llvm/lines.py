"""Sums of lines times numbers, for `matmul_few`: lines are read as they lie, once."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, rolled

STEPS = 8  # lines of B that pass at a time
WIDTH = 2  # vectors side by side: a chain of FMAs waits for itself, two fill the gaps


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

                def one(places: list[Any]) -> list[Any]:
                    a, b = places
                    _pass_by(v, 1, columns, a, step, b, ldb, sums)
                    return [v.at(a, step), v.at(b, ldb)]

                rolled(builder, k, [a, b_first], one)
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

    def add(j: Any, mask: Any, vectors: int) -> list[Any]:
        lines = v.lines(v.at(b, j), ldb, count)
        places = [v.at(sums, j, i * v.lanes) for i in range(vectors)]
        totals = [v.load(place) for place in places]
        for one, line in zip(left, lines, strict=True):
            for i in range(vectors):
                right = v.load(v.at(line, i * v.lanes), mask)
                totals[i] = v.fma(one, right, totals[i])
        for total, place in zip(totals, places, strict=True):
            v.store(total, place)
        return [builder.add(j, WORD(vectors * v.lanes))]

    def whole(js: list[Any]) -> list[Any]:
        return add(js[0], None, WIDTH)

    def edge(js: list[Any]) -> list[Any]:
        return add(js[0], v.first(builder.sub(columns, js[0])), 1)

    (j,) = rolled(
        builder, builder.sdiv(columns, WORD(WIDTH * v.lanes)), [WORD(0)], whole
    )
    up = builder.add(builder.sub(columns, j), WORD(v.lanes - 1))
    rolled(builder, builder.sdiv(up, WORD(v.lanes)), [j], edge)
