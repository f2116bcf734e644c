"""Dot products of lines that lie along k: nothing of the operands is copied."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, rolled
from autograd_kernels.llvm.target import REGISTERS

DOTS, ALONE = 6, 8  # lines that `dots` takes at once, by up to so many others or by one
OTHERS = (2, 1) if REGISTERS == 16 else (4, 2, 1)


@intrinsic
def dots(
    context: Any, others: Any, count: Any, k: Any, x: Any, ldx: Any, y: Any, ldy: Any,
    out: Any,
) -> Any:  # fmt: skip
    """``out[o * DOTS + l] = sum over p of x[o * ldx + p] * y[l * ldy + p]``.

    For l < count <= DOTS (ALONE if others is 1), and as many o < others as it
    returns: one of OTHERS. All those elements of ``out`` are written. The order of a
    sum follows from k alone: lane by lane, then the lanes by halves.
    """

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = Vectors(target, builder, x.dtype)
        done = cgutils.alloca_once(builder, WORD)
        after = builder.append_basic_block("done")
        many = builder.icmp_signed(">", args[1], WORD(DOTS))

        def emit(height: int, lines: int, test: Any) -> None:
            with builder.if_then(test):
                _dots(v, height, lines, *args[1:])
                builder.store(WORD(height), done)
                builder.branch(after)

        emit(1, ALONE, many)
        for height in OTHERS:
            enough = builder.icmp_signed(">=", args[0], WORD(height))
            emit(height, DOTS, enough)
        builder.branch(after)
        builder.position_at_end(after)
        return builder.load(done)

    n = types.intp
    return n(n, n, n, x, n, y, n, out), codegen


def _dots(
    v: Vectors, height: int, lines: int, count: Any, k: Any, x: Any, ldx: Any, y: Any,
    ldy: Any, out: Any,
) -> None:  # fmt: skip
    """``height`` by ``lines``; the last of these stands in for those beyond count."""
    builder = v.builder
    last = builder.sub(count, WORD(1))
    xs, ys = [v.at(x, v.times(ldx, i)) for i in range(height)], []
    for i in range(lines):
        i_at = WORD(i)
        inside = builder.icmp_signed("<", i_at, last)
        ys.append(v.at(y, builder.mul(builder.select(inside, i_at, last), ldy)))

    def add(p: Any, mask: Any, sums: list[Any]) -> list[Any]:
        left = [v.load(v.at(line, p), mask) for line in xs]
        sums = [*sums]
        for j, line in enumerate(ys):
            right = v.load(v.at(line, p), mask)
            for i, one in enumerate(left):
                e = i * lines + j
                sums[e] = v.fma(one, right, sums[e])
        return sums

    def whole(state: list[Any]) -> list[Any]:
        p, *sums = state
        return [builder.add(p, WORD(v.lanes)), *add(p, None, sums)]

    state = [WORD(0), *[v.zero] * (height * lines)]
    p, *sums = rolled(builder, builder.sdiv(k, WORD(v.lanes)), state, whole)
    sums = add(p, v.first(builder.sub(k, p)), sums)
    for e, total in enumerate(sums):
        builder.store(v.sum(total), v.at(out, e))
