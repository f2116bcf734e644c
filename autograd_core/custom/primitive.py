"""``primitive``: an op of the user's own, in eager, in Programs, and under transforms.

All of the user's functions get Tensors, so that what they compute is recorded as other
ops are: the body with its kernels, the vjps, and the composition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.custom.host import type_of
from autograd_core.hooks import Array
from autograd_core.launch import duplicate
from autograd_core.op import Op
from autograd_core.operand import operand
from autograd_core.ops.shape import identity
from autograd_core.samples import UNARY, Sample
from autograd_core.tape import TensorBase, grad_mode
from autograd_core.tensor import Tensor
from autograd_core.walk import walk


class Primitive(Op[...]):
    """An op by its body and its vjps, or its composition. Made by `primitive`.

    ``composed`` computes the same in NumPy functions; ``quick(g, out, *inputs)`` gives
    all cotangents, and is asked where no graph is wanted.
    """

    runs_user_code = True

    def __init__(
        self,
        body: Callable[..., Any],
        vjps: Sequence[Any],
        composed: Any = None,
        quick: Any = None,
        **options: Any,
    ) -> None:
        if not callable(body):
            raise TypeError(f"primitive: expected a function, got {body!r:.40}")
        for rule in (*vjps, composed, quick):
            if rule is not None and not callable(rule):
                raise TypeError(
                    f"{body.__name__}: a vjp, backward or composition must be a "
                    f"function, got {type(rule).__name__}"
                )
        super().__init__(body, vjps or None, **options)
        if self.variadic:
            raise TypeError(f"{self.name}: *{self.names[0]} cannot be differentiated")
        if len(vjps) > len(self.names):
            raise TypeError(
                f"{self.name}: {len(vjps)} vjps for {len(self.names)} inputs "
                f"({', '.join(self.names)})"
            )
        self.composed, self.quick = composed, quick
        self.differentiable = bool(any(vjps) or composed or quick)
        self.forward = self._forward

    @property
    def follows(self) -> tuple[Any, ...]:
        """What a Program's guards look into beside the body."""
        return (*(self.vjps or ()), self.composed, self.quick)

    def _forward(self, *args: Any, **attrs: Any) -> Array:
        out = self._array(self.body(*map(_tensor, args), **attrs), "the body")
        shared = (np.may_share_memory(out, x) for x in args if type(x) is np.ndarray)
        return duplicate(out) if any(shared) else out

    def _array(self, out: Any, who: str) -> Array:
        if isinstance(out, TensorBase):
            if out._requires_grad:
                raise TypeError(
                    f"{self.name}: {who} uses a Tensor that requires grad and is none "
                    "of its arguments, whose gradient would be lost; pass it"
                )
            return out._data
        if not isinstance(out, np.ndarray):
            raise TypeError(
                f"{self.name}: {who} must return one array, got {type(out).__name__}"
            )
        return out

    def _named(self, error: Exception) -> Exception:
        return error  # it may be the user's own, with the line where it arose

    def _operands(self, args: tuple[Any, ...]) -> list[Any]:
        try:
            return [operand(arg) for arg in args]
        except (ValueError, TypeError) as error:
            raise super()._named(error) from None

    # Gradients ----------------------------------------------------------------------

    def by_rule(
        self,
        g: Any,
        needs: Sequence[bool],
        out: Any,
        inputs: Sequence[Any],
        attrs: dict[str, Any],
    ) -> list[Any]:
        """Cotangents, over arrays or Tensors."""
        if isinstance(g, TensorBase):
            return self._as_graph(g, needs, out, inputs, attrs)
        g, out, *given = map(_tensor, (g, out, *inputs))
        if self.quick is not None:
            found = self._all_at_once(self.quick, g, out, given, attrs)
        elif self.composed is not None:
            found = self._by_composition(g, needs, given, attrs, graph=False)
        else:
            found = self._by_vjps(g, needs, out, given, attrs)
        return [
            None if x is None else self._fitting(x, need, like, i)
            for i, (x, need, like) in enumerate(zip(found, needs, inputs, strict=True))
        ]

    def _as_graph(
        self, g: Any, needs: Sequence[bool], out: Any, inputs: Any, attrs: Any
    ) -> list[Any]:
        if self.composed is not None:
            try:
                return self._by_composition(g, needs, inputs, attrs, graph=True)
            except Exception as error:
                if self.quick is None:
                    raise
                first = error
            try:
                found = self._all_at_once(self.quick, g, out, inputs, attrs)
            except Exception:
                raise first from None
        elif self.quick is not None and not any(self.vjps or ()):
            found = self._all_at_once(self.quick, g, out, inputs, attrs)
        else:
            found = self._by_vjps(g, needs, out, inputs, attrs)
        return [
            None if x is None or not need else self._cotangent(x, like, i)
            for i, (x, need, like) in enumerate(zip(found, needs, inputs, strict=True))
        ]

    def _by_vjps(
        self, g: Any, needs: Sequence[bool], out: Any, inputs: Any, attrs: Any
    ) -> list[Any]:
        return [
            self._vjp(i)(g, out, *inputs, **attrs) if need else None
            for i, need in enumerate(needs)
        ]

    def _all_at_once(
        self, rule: Callable[..., Any], g: Any, out: Any, inputs: Any, attrs: Any
    ) -> list[Any]:
        found = rule(g, out, *inputs, **attrs)
        found = tuple(found) if isinstance(found, tuple | list) else (found,)
        if len(found) != len(inputs):
            raise ValueError(
                f"{self.name}: backward must give a cotangent for each of "
                f"{len(inputs)} inputs (None for none), got {len(found)}"
            )
        return list(found)

    def _by_composition(
        self, g: Any, needs: Sequence[bool], inputs: Any, attrs: Any, graph: bool
    ) -> list[Any]:
        """The composition, run on the inputs as leaves (or as they are), and back."""
        with grad_mode(True):
            leaves = [
                _leaf(x, graph) if need else x
                for x, need in zip(inputs, needs, strict=True)
            ]
            out = self._composed(leaves, attrs)
        if out.shape != g.shape or out.dtype != g.dtype:
            raise ValueError(
                f"{self.name}: its composition gives shape {out.shape} {out.dtype}, "
                f"the op {g.shape} {g.dtype}"
            )
        places = [
            leaf.node or leaf for leaf, need in zip(leaves, needs, strict=True) if need
        ]
        seed = g if graph else g._data
        found = (
            walk([out], [seed], places, create_graph=graph)
            if out._requires_grad
            else {}
        )
        return [
            found.get(leaf.node or leaf) if need else None
            for leaf, need in zip(leaves, needs, strict=True)
        ]

    def _composed(self, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
        assert self.composed is not None
        try:
            out = self.composed(*inputs, **attrs)
        except Exception as error:
            raise type_of(error)(
                f"{self.name}: its gradient runs the composition on Tensors, which "
                f"failed: {error}. Write it in np.* functions and operators, with "
                "np.where for a choice"
            ) from error
        if not isinstance(out, TensorBase):
            raise TypeError(
                f"{self.name}: its composition gave {type(out).__name__}, not a Tensor"
            )
        return out

    def _fitting(self, x: Any, need: bool, like: Any, i: int) -> Any:
        """A cotangent as an array; a view, as the user may keep what it is of."""
        return None if not need else _bare(self._cotangent(x, like, i))[...]

    def _cotangent(self, x: Any, like: Any, i: int) -> Any:
        want = f"expected shape {like.shape} and dtype {like.dtype}"
        who = f"{self.name}: the cotangent of {self.names[i]!r}:"
        if not hasattr(x, "dtype"):
            raise TypeError(f"{who} {want}, got {type(x).__name__}")
        if x.shape != like.shape:
            raise ValueError(f"{who} {want}, got shape {x.shape}")
        if x.dtype != like.dtype:
            raise TypeError(f"{who} {want}, got dtype {x.dtype}")
        return x


def _tensor(x: Any) -> Any:
    return Tensor(x) if isinstance(x, np.ndarray) else x


def _bare(x: Any) -> Any:
    return x._data if isinstance(x, TensorBase) else x


def _leaf(x: Any, graph: bool) -> Any:
    """An input under a place of its own."""
    if graph:
        return identity(x)
    leaf = Tensor(_bare(x))
    leaf._requires_grad = True
    return leaf


def primitive(
    *vjps: Callable[..., Any] | None,
    backward: Callable[..., Any] | None = None,
    composition: Callable[..., Any] | None = None,
    saves: str | Sequence[str] | None = None,
    samples: Sequence[Sample] = UNARY,
    elementwise: bool = False,
) -> Callable[[Callable[..., Any]], Primitive]:
    """An op of your own: the decorated body computes it, by kernels and ``np.*``.

    Positional parameters are the inputs, keywords are options. All functions here get
    Tensors. How its gradient is known, one of:

    - ``vjps``: for each input ``vjp(g, out, *inputs)``, its cotangent in NumPy
      functions (None: it has none); gradients of gradients come of them;
    - ``composition``: the same function in NumPy functions. Gradients of any order are
      its gradients, and `check_op` holds the body against it;
    - ``backward(g, out, *inputs)``, beside the composition: all cotangents, by kernels;
      it is asked where no graph is wanted.

    ``saves`` names what vjps or backward read of inputs and "out", all by default;
    ``elementwise`` says that the op works so; ``samples`` are operands for tests, as
    the library's own table has them. Raises TypeError for more vjps than inputs.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> @ag.primitive(lambda g, out, x: 2.0 * g * x)
    ... def squares(x):
    ...     return x * x
    >>> ag.grad(lambda x: squares(x).sum())(np.array([1.0, 2.0]))
    tensor([2., 4.], dtype=float64)
    """
    if len(vjps) == 1 and _is_body(vjps[0]) and backward is composition is None:
        raise TypeError(
            "primitive: how is it differentiated? Use @ag.primitive(vjp), "
            "@ag.primitive(composition=f), or @ag.primitive() for none"
        )

    def decorate(body: Callable[..., Any]) -> Primitive:
        return Primitive(
            body,
            vjps,
            composition,
            backward,
            saves=saves if composition is None else None,
            samples=samples,
            elementwise=elementwise,
        )

    return decorate


def _is_body(rule: Any) -> bool:
    """Whether ``@primitive`` without parentheses was meant."""
    code = getattr(rule, "__code__", None)
    return code is not None and code.co_argcount < 3 and not code.co_flags & 0x04
