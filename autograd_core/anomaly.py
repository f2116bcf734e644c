"""``detect_anomaly``: the first op that made a NaN or an infinity, and where it was.

While a thread is in the block every op of it takes the general way (`Op.general`),
which hands it over to the `Watcher`; so does the backward walk with each node. Outside
of such blocks nothing is asked that was not asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current, refuse
from autograd_core.tape import Node, Spec, TensorBase
from autograd_core.user_code import Line, user_line

KEPT = 1 << 20  # nodes whose lines are remembered
KINDS: dict[str, Callable[[Any], Any]] = {"NaN": np.isnan, "inf": np.isinf}


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise FloatingPointError at the first op that makes a NaN or an infinity.

    It names the op, forward or backward, the line of the user's code that called it,
    and shapes, dtypes and state of its inputs. An infinity that an input already had
    (a mask of ``-inf``) is none; a NaN always is. Of this thread alone; slow, for every
    result is looked at. Compiled functions run eagerly in the block.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> with ag.detect_anomaly():
    ...     np.log(ag.tensor([1.0, 0.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: detect_anomaly: log made inf ...
    """
    refuse("ag.detect_anomaly()", "put it around the call of the compiled function")
    before, current.watcher = current.watcher, Watcher()
    RECORDING.append(None)  # nothing takes a shorter way
    try:
        yield
    finally:
        RECORDING.pop()
        current.watcher = before


class Watcher:
    """Looks at what the ops of a thread make; see `detect_anomaly`."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}  # by number of the node
        self.at: Line | None = None  # of the node whose backward is running

    # Forward ------------------------------------------------------------------------

    def op(self, op: Any, args: Sequence[Any], attrs: dict[str, Any]) -> Any:
        """The result of an op, looked at. What happens within it is not."""
        current.watcher = None
        try:
            result = op.general(*args, **attrs)
        finally:
            current.watcher = self
        line = self.at or user_line()
        self.remember(result, line)
        if self.at is None:
            inputs = list(
                zip(names_of(op, len(args)), map(array_of, args), strict=True)
            )
            found = made([array_of(result)], [array for _, array in inputs])
            if found is not None:
                kind, _, array = found
                raise _error(
                    f"{op.name} {did(kind, inputs)}", array, kind, line, inputs
                )
        return result

    def remember(self, result: Any, line: Line) -> None:
        """Where the node of a result was made."""
        node = getattr(result, "node", None)
        if type(node) is Node:
            self.lines[node.number] = line
            if len(self.lines) > KEPT:
                del self.lines[next(iter(self.lines))]

    # Backward -----------------------------------------------------------------------

    def backward(self, cotangents_of: Callable[..., Any]) -> Callable[..., Any]:
        """A step of the walk whose cotangents are looked at."""

        def watched(node: Node, g: Any, parents: Sequence[Any]) -> Any:
            inputs = _seen_by(node, g)  # before it is freed
            before = self.at
            line = self.lines.get(node.number)
            self.at = before if node.op.runs_user_code else line or before or _NOWHERE
            try:
                grads = cotangents_of(node, g, parents)
            finally:
                self.at = before
            self.look(node, line, grads, inputs)
            return grads

        return watched

    def look(
        self,
        node: Node,
        line: Line | None,
        grads: Sequence[Any],
        inputs: list[tuple[str, Any]],
    ) -> None:
        """Raise if one of the cotangents that a node handed on is not finite."""
        found = made(list(map(array_of, grads)), [array for _, array in inputs])
        if found is not None:
            kind, i, array = found
            names = names_of(node.op, len(grads))
            what = f"backward of {node.op.name} {did(kind, inputs)} in the gradient by "
            what += names[i]
            raise _error(what, array, kind, line, inputs)


class _Nowhere:
    def __str__(self) -> str:
        return "a line outside of the block"


_NOWHERE: Any = _Nowhere()


def array_of(value: Any) -> Any:
    """What there is to look at of an argument or a result."""
    return value._data if isinstance(value, TensorBase) else value


def names_of(op: Any, count: int) -> list[str]:
    """How an error calls the inputs of an op."""
    if op.variadic or len(op.names) < count:
        return [f"input {i}" for i in range(count)]
    return [f"input {name!r}" for name in op.names[:count]]


def _seen_by(node: Node, g: Any) -> list[tuple[str, Any]]:
    """What a node's backward reads, by name."""
    inputs = node.inputs or ()
    named = zip(names_of(node.op, len(inputs)), inputs, strict=True)
    found = [("the gradient that came in", array_of(g))]
    found += [(name, array_of(x)) for name, x in named if x is not None]
    if node.out is not None:
        found.append(("its output", node.out[0]))
    return found


def holds(value: Any, kind: str) -> bool:
    """Whether an array or a number has a NaN, or an infinity, in it."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc" and bool(KINDS[kind](value).any())
    return isinstance(value, float | complex) and bool(KINDS[kind](value))


def made(results: list[Any], inputs: list[Any]) -> tuple[str, int, Array] | None:
    """What is wrong with the results of an op: (kind, number of the result, result)."""
    for i, result in enumerate(results):
        if holds(result, "NaN"):
            return "NaN", i, result
        if holds(result, "inf") and not any(holds(x, "inf") for x in inputs):
            return "inf", i, result
    return None


def did(kind: str, inputs: Sequence[tuple[str, Any]]) -> str:
    """Whether an op made what is wrong, or got it."""
    got = any(holds(x, kind) for _, x in inputs)
    return f"{'passed on' if got else 'made'} {kind}"


def _error(
    what: str, array: Any, kind: str, line: Any, inputs: Sequence[tuple[str, Any]]
) -> FloatingPointError:
    where = KINDS[kind](np.asarray(array))
    count, first = int(where.sum()), tuple(map(int, np.argwhere(where)[0]))
    size = f"{count} of {where.size}, first at {first}" if where.ndim else "a scalar"
    if "backward" in what:
        place = "outside of the block" if line is None else f"at {line}"
        place = f"its forward was called {place}"
    else:
        place = f"called at {line}"
    rows = [f"  {name}: {_told(x)}" for name, x in inputs]
    return FloatingPointError(
        "\n".join([f"detect_anomaly: {what} ({size}); {place}", *rows])
    )


def _told(x: Any) -> str:
    """Shape, dtype and state of an input."""
    if isinstance(x, Spec):
        return f"shape {x.shape}, {x.dtype} (not read)"
    if not isinstance(x, np.ndarray):
        return repr(x)
    text = f"shape {x.shape}, {x.dtype}"
    if x.dtype.kind not in "fc" or not x.size:
        return text
    bad = [f"{kind} in {n}" for kind in KINDS if (n := int(KINDS[kind](x).sum()))]
    if bad:
        return f"{text}, already has {' and '.join(bad)} of {x.size}"
    if x.dtype.kind == "c":
        return f"{text}, finite"
    return f"{text}, finite, from {x.min():.6g} to {x.max():.6g}"
