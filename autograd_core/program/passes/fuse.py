"""Fuse: one kernel in the place of two launches, bit for bit the same.

A rule is offered a launch and the one that touches its output next, and answers with
the launch that does the work of both, or None. The temporary between them is then
touched by none, and gets no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd_core.program.buffers import Ref, same
from autograd_core.program.events import Event, Launch
from autograd_core.program.passes.uses import Uses
from autograd_kernels import activations, dropout, fused, matmul
from autograd_kernels.matmul_bfloat16 import matmul_bfloat16
from autograd_kernels.matmul_few import matmul_few

Rule = Callable[[Uses, int, int], Launch | None]
Done = dict[str, int]  # how often which rule applied
PRODUCTS = (matmul.matmul, matmul_bfloat16, matmul_few)


def fuse(events: Sequence[Event], kept: Sequence[Ref], done: Done) -> list[Event]:
    """All rules, each over the whole list."""
    uses = Uses(events, kept)
    for rule in RULES:
        for time, first in enumerate(list(uses.at)):
            if not isinstance(first, Launch) or not first.outs:
                continue
            later = uses.next_user(first.outs[-1], time)
            if later is None or not isinstance(uses.at[later], Launch):
                continue
            by = rule(uses, time, later)
            if by is not None and uses.may_move(time, later):
                uses.set(time, None)
                uses.set(later, by)
                done[rule.__name__] = done.get(rule.__name__, 0) + 1
    return uses.events


def _pair(uses: Uses, time: int, later: int) -> tuple[Launch, Launch]:
    first, second = uses.at[time], uses.at[later]
    assert isinstance(first, Launch)
    assert isinstance(second, Launch)
    return first, second


def relu_dropout_backward(uses: Uses, time: int, later: int) -> Launch | None:
    """The mask follows from the output that dropout once gave: no new draw."""
    drop, slope = _pair(uses, time, later)
    if drop.kernel is not dropout.dropout:
        return None
    if slope.kernel is not activations.relu_backward:
        return None
    key, p, g, masked = drop.args
    g1, y, gx = slope.args
    if not same(masked, g1) or not uses.private(masked, time, later):
        return None
    for then in uses.users(key):
        first = uses.at[then]
        if then >= time or not isinstance(first, Launch):
            continue
        if first.kernel is not dropout.dropout:
            continue
        first_key, first_p, x, out = first.args
        if not (same(x, y) and same(first_key, key) and same(first_p, p)):
            continue
        if any(uses.writes(ref, then, later) for ref in (key, x, out)):
            return None
        return Launch(
            fused.relu_dropout_backward, drop.units, (p, g, out, gx), slope.line
        )
    return None


def relu_dropout(uses: Uses, time: int, later: int) -> Launch | None:
    """relu's output is seen by dropout alone."""
    relu, drop = _pair(uses, time, later)
    if relu.kernel is not activations.relu or drop.kernel is not dropout.dropout:
        return None
    key, p, x, out = drop.args
    if not same(x, relu.args[-1]) or not uses.private(x, time, later):
        return None
    return Launch(
        fused.relu_dropout, relu.units, (key, p, relu.args[0], out), relu.line
    )


def matmul_relu(uses: Uses, time: int, later: int) -> Launch | None:
    """relu while the tile is in registers."""
    product, relu = _pair(uses, time, later)
    if product.kernel not in PRODUCTS or relu.kernel is not activations.relu:
        return None
    ta, tb, mode, *rest, out = product.args
    x, y = relu.args
    if mode & matmul.ADD:  # it reads what was there before
        return None
    if not same(x, out) or not uses.private(out, time, later):
        return None
    if not y.buffer.temporary:
        return None
    args = (ta, tb, mode | matmul.RELU, *rest, y.shaped(out))
    return Launch(product.kernel, product.units, args, product.line)


RULES: tuple[Rule, ...] = (relu_dropout_backward, relu_dropout, matmul_relu)
