"""One recorded call of a function on inputs that are its own, and its pullback."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd_core.create import tensor
from autograd_core.hooks import Array
from autograd_core.launch import duplicate, full
from autograd_core.ops.broadcasting import as_dtype
from autograd_core.ops.shape import identity
from autograd_core.tape import Node, TensorBase, grad_mode, state
from autograd_core.tensor import Tensor
from autograd_core.trees import leaves_of, numbered, rebuilt
from autograd_core.user_code import is_users
from autograd_core.walk import reachable, walk
from autograd_core.writes import array_of

Place = Node | TensorBase
Leaf = Tensor | Array | float


def fitted(
    given: Iterable[Any], leaves: Iterable[Tensor], names: Iterable[str], what: str
) -> list[Any]:
    """``given``, each a Tensor or an array of the shape of its leaf; or an error."""
    found = []
    for g, leaf, name in zip(given, leaves, names, strict=True):
        array = g if isinstance(g, Tensor) else np.asarray(g)
        if array.dtype.kind not in "biufc":
            raise TypeError(f"{what} {name} is {type(g).__name__}, not numbers")
        if array.shape != leaf.shape:
            noun = re.split(r"\W", name)[0]
            raise ValueError(
                f"{what} {name} has shape {array.shape}, the {noun} {leaf.shape}"
            )
        found.append(array)
    return found


def alias(x: Any, who: str, name: str) -> Tensor:
    """``x`` as a Tensor with a place of its own in the graph."""
    if not isinstance(x, Tensor):
        array = np.asarray(x)  # NumPy's dtype: a Python float is float64
        x = tensor(x, dtype=array.dtype) if array.dtype.kind in "fc" else array
    if x.dtype.kind not in "fc":
        raise TypeError(
            f"{who}: needs float32 or float64 inputs, {name} is {x.dtype}. Convert it, "
            "or leave it out of what is differentiated (argnum; in a dataclass, "
            'field(metadata={"static": True}))'
        )
    if x.requires_grad and state.grad_enabled:
        inner: Tensor = identity(x)
        return inner
    outer = x.detach()
    outer._requires_grad = True  # nobody has seen it yet
    return outer


def output(out: Any, who: str) -> Tensor:
    """What a function returned, a Tensor; TypeError for what is no number."""
    if isinstance(out, Tensor):
        return out
    array = np.asarray(out)
    if array.dtype.kind not in "biufc":
        kind = type(out).__name__
        raise TypeError(f"{who}: the function must return Tensors, got {kind}")
    return tensor(array)


def place_of(x: TensorBase) -> Place:
    """Where the cotangent of ``x`` arrives."""
    return x.node or x


class Run:
    """One recorded call of ``f`` on aliases of ``inputs`` (a tree of tensors).

    ``tree`` is what it returned and ``outs`` the leaves of that; with ``has_aux`` it
    returned a pair, of which ``aux`` is only handed on. ``told`` is the function of the
    user's to name in a warning if nothing depends on the inputs.
    """

    def __init__(
        self,
        f: Any,
        inputs: Any,
        who: str,
        names: Any = None,
        told: Any = None,
        has_aux: bool = False,
    ) -> None:
        enabled = state.grad_enabled
        self.who, self.told, self.reached = who, told, False
        self.names = names or numbered(inputs, "argument")
        self.inputs: list[Tensor] = [
            alias(x, who, name)
            for x, name in zip(leaves_of(inputs), self.names, strict=True)
        ]
        self.places = [place_of(x) for x in self.inputs]
        with grad_mode(True):
            self.tree = f(rebuilt(inputs, self.inputs))
        self.aux = None
        if has_aux:
            if not isinstance(self.tree, tuple) or len(self.tree) != 2:
                kind = type(self.tree).__name__
                raise TypeError(f"{who}: has_aux needs (value, aux), got {kind}")
            self.tree, self.aux = self.tree
        self.outs = [output(out, who) for out in leaves_of(self.tree)]
        self.nested = enabled and self._used_outside()
        self._require_grad(False)

    def _require_grad(self, value: bool) -> None:
        """Inputs that are leaves get no gradient from a later ``backward()``."""
        for place in self.places:
            if isinstance(place, TensorBase):
                place._requires_grad = value

    def _used_outside(self) -> bool:
        """Whether the outputs depend on something that requires grad outside."""
        if any(isinstance(place, Node) for place in self.places):
            return True
        inner = set(self.places)
        aux = [x for x in leaves_of(self.aux) if isinstance(x, Tensor)]
        outs = [*self.outs, *aux]
        roots = [out.node for out in outs if out.node]
        captured: list[TensorBase] = [
            out for out in outs if out.requires_grad and not out.node
        ]
        for node in reachable(roots, inner):
            captured += [p for p in node.parents if isinstance(p, TensorBase)]
        return any(leaf not in inner for leaf in captured)

    def result(self) -> Any:
        """The outputs, inside the outer graph if there is one."""
        return rebuilt(self.tree, map(self._outer, self.outs))

    def aux_result(self) -> Any:
        """What came beside them, likewise."""
        return rebuilt(self.aux, map(self._outer, leaves_of(self.aux)))

    def _outer(self, out: Any) -> Any:
        return out if self.nested or not isinstance(out, Tensor) else out.detach()

    def pull(self, cotangents: Sequence[Any], retain: bool) -> list[Tensor]:
        """Cotangents of the inputs; zeros where the outputs do not depend on them.

        None is for an output that is left out.
        """
        pairs: list[tuple[Tensor, Tensor]] = [
            (out, _cotangent(g, out))
            for g, out in zip(cotangents, self.outs, strict=True)
            if g is not None
        ]
        tracked = any(seed.requires_grad for _, seed in pairs) and state.grad_enabled
        graph = self.nested or tracked
        self._require_grad(True)
        used = [(out, seed) for out, seed in pairs if out.requires_grad]
        try:
            found = walk(
                [out for out, _ in used],
                [seed if graph else seed._data for _, seed in used],
                self.places,
                create_graph=graph,
                retain_graph=retain,
            )
        finally:
            self._require_grad(False)
        self.reached = self.reached or bool(found)
        return [
            _result(found.get(place), x)
            for place, x in zip(self.places, self.inputs, strict=True)
        ]

    def warn_if_constant(self) -> None:
        """Say it, once and after a pull, if the outputs depend on no input."""
        if self.reached or self.told is None or not self.places:
            return
        name = getattr(self.told, "__name__", type(self.told).__name__)
        self.told = None
        warnings.warn(
            f"{self.who}: what {name} returns does not depend on its input, so the "
            "derivative is zero. Is it constant, or did it leave the graph?",
            UserWarning,
            stacklevel=_users_level(),
        )


def _users_level() -> int:
    """How far up from a function that warns the user's code is."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and not is_users(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def _cotangent(g: Any, out: Tensor) -> Tensor:
    if isinstance(g, Tensor):
        array_of(g)  # read, for all who listen
    else:
        g = Tensor(as_dtype(np.asarray(g), out.dtype))
    return g


def _result(g: Any, like: Tensor) -> Tensor:
    if g is None:
        return Tensor(full(like.shape, 0.0, like.dtype))
    return g if isinstance(g, Tensor) else Tensor(duplicate(g))
