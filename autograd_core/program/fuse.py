"""Fuse: one kernel in the place of several launches, bit for bit the same.

A rule looks at the launches from one place on, and changes the list if it applies. A
temporary that only the fused launches knew is then touched by none, and gets no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core.program.buffers import Buffer, Known, Ref, same
from autograd_core.program.record import Event, Launch
from autograd_kernels import activations, dropout, fused, matmul, sloped

# Files whose kernels write to nothing but their last argument.
PURE = frozenset({"elementwise", "activations", "copying", "reduce", "matmul"})
# Kernels that give a slope as well, and what gives the same output without.
WITHOUT_SLOPE = {
    sloped.gelu: activations.gelu,
    sloped.gelu_tanh: activations.gelu_tanh,
}


class Uses:
    """Which events touch which temporary."""

    def __init__(self, events: list[Event], kept: list[Known]) -> None:
        self.kept = {array.buffer for array in kept if isinstance(array, Ref)}
        self.of: dict[Buffer, list[Event]] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Count an event in."""
        for buffer in buffers(event):
            self.of.setdefault(buffer, []).append(event)

    def remove(self, event: Event) -> None:
        """Count an event out."""
        for buffer in buffers(event):
            self.of[buffer] = [e for e in self.of[buffer] if e is not event]

    def users(self, array: Known) -> list[Event]:
        """Events that touch the temporary an array lies in, in order."""
        return self.of.get(array.buffer, []) if isinstance(array, Ref) else []

    def private(self, array: Known, *events: Event) -> bool:
        """Whether nobody but these events ever sees a temporary."""
        if not isinstance(array, Ref) or array.buffer in self.kept:
            return False
        if array.buffer.home is not None:
            return False
        return all(any(e is mine for mine in events) for e in self.users(array))

    def written_once(self, array: Known) -> bool:
        """Whether one launch alone has the temporary as its output."""
        if not isinstance(array, Ref):
            return False
        writes = [
            e
            for e in self.users(array)
            if not isinstance(e, Launch) or _buffer(last(e)) is array.buffer
        ]
        return len(writes) == 1


def buffers(event: Event) -> set[Buffer]:
    """All temporaries of an event."""
    return {array.buffer for array in event.arrays if isinstance(array, Ref)}


def _buffer(array: Any) -> Buffer | None:
    return array.buffer if isinstance(array, Ref) else None


def last(launch: Launch) -> Any:
    """The output, by convention the last argument."""
    return launch.args[-1]


def runs(event: Event | None, kernel: Any) -> bool:
    """Whether an event launches this kernel."""
    return isinstance(event, Launch) and event.kernel is kernel


class Fuser:
    """Applies the rules to a list of events, and says what it did."""

    def __init__(self, events: list[Event], kept: list[Known]) -> None:
        self.uses = Uses(events, kept)
        self.events = list(events)
        self.done: dict[str, int] = {}

    def run(self) -> list[Event]:
        """All rules, each over the whole list; then what nobody reads is dropped."""
        rules: list[Callable[[Launch, Launch], Launch | None]] = [
            self.relu_dropout_backward,
            self.relu_dropout,
            self.matmul_relu,
        ]
        for rule in rules:
            self._apply(rule)
        self._drop_dead()
        return self.events

    def _apply(self, rule: Callable[[Launch, Launch], Launch | None]) -> None:
        """Offer a rule every launch with the one that reads its output next."""
        for first in list(self.events):
            if not isinstance(first, Launch) or not first.args:
                continue
            readers = [e for e in self.uses.users(last(first)) if e is not first]
            if not readers or not isinstance(readers[0], Launch):
                continue
            fused_launch = rule(first, readers[0])
            if fused_launch is not None:
                self._replace(first, readers[0], fused_launch)
                self.done[rule.__name__] = self.done.get(rule.__name__, 0) + 1

    def _replace(self, first: Launch, second: Launch, by: Launch) -> None:
        """Put ``by`` where the second launch was."""
        for event in (first, second):
            self.uses.remove(event)
        self.uses.add(by)
        self.events = [by if e is second else e for e in self.events if e is not first]

    def _drop_dead(self) -> None:
        for event in reversed(list(self.events)):
            if not isinstance(event, Launch):
                continue
            event = self._without_slope(event)
            if event.file not in PURE:
                continue
            if self.uses.private(last(event), event):
                self.uses.remove(event)
                self.events = [e for e in self.events if e is not event]
                self.done["dead"] = self.done.get("dead", 0) + 1

    def _without_slope(self, launch: Launch) -> Launch:
        """A launch that computes no slope that nobody reads."""
        plain = WITHOUT_SLOPE.get(launch.kernel)
        if plain is None or not self.uses.private(launch.args[-2], launch):
            return launch
        x, _, out = launch.args
        by = Launch(plain, launch.units, (x, out))
        self.uses.remove(launch)
        self.uses.add(by)
        self.events = [by if e is launch else e for e in self.events]
        self.done["without_slope"] = self.done.get("without_slope", 0) + 1
        return by

    # Rules: what two launches become, or None ----------------------------------------

    def relu_dropout_backward(self, drop: Launch, slope: Launch) -> Launch | None:
        """The mask follows from the output that dropout once gave: no new draw."""
        if not runs(drop, dropout.dropout) or not runs(
            slope, activations.relu_backward
        ):
            return None
        key, p, g, masked = drop.args
        g1, y, gx = slope.args
        if not same(masked, g1) or not self.uses.private(masked, drop, slope):
            return None
        for first in self.uses.users(key):
            if not isinstance(first, Launch) or first is drop:
                continue
            if first.kernel is not dropout.dropout:
                continue
            _, _, x, out = first.args
            if same(x, y) and all(map(self.uses.written_once, (x, out))):
                args = (p, g, out, gx)
                return Launch(fused.relu_dropout_backward, drop.units, args)
        return None

    def relu_dropout(self, relu: Launch, drop: Launch) -> Launch | None:
        """relu's output is nobody else's business."""
        if not runs(relu, activations.relu) or not runs(drop, dropout.dropout):
            return None
        key, p, x, out = drop.args
        if not same(x, relu.args[-1]) or not self.uses.private(x, relu, drop):
            return None
        args = (key, p, relu.args[0], out)
        return Launch(fused.relu_dropout, relu.units, args)

    def matmul_relu(self, product: Launch, relu: Launch) -> Launch | None:
        """relu while the tile is in registers."""
        if not runs(product, matmul.matmul) or not runs(relu, activations.relu):
            return None
        ta, tb, mode, *rest, out = product.args
        x, y = relu.args
        if not same(x, out) or not self.uses.private(out, product, relu):
            return None
        if not isinstance(y, Ref):
            return None
        args = (ta, tb, mode | matmul.RELU, *rest, y.shaped(out))
        return Launch(matmul.matmul, product.units, args)
