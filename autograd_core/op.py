"""What an op is: a forward over arrays, and vjps written in ops.

Arrays in, arrays out; Tensors in, Tensors out. A vjp is written in ops too, so the same
rule runs on bare arrays in an ordinary backward and on Tensors when a gradient of the
gradient is wanted.

Positional parameters of an op are its differentiable inputs; keyword-only ones are
attributes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, current
from autograd_core.samples import UNARY, Sample
from autograd_core.tape import Node, TensorBase, state

Vjp = Callable[..., Any]


class Op:
    """One row of the op table. Call it as the function that it is."""

    def __init__(
        self,
        body: Callable[..., Any],
        vjps: Sequence[Vjp | None] | None,
        forward: Callable[..., Any] | None = None,
        saving: Callable[..., Any] | None = None,
        backward: Callable[..., Any] | None = None,
        saves: str | None = None,
        samples: Sequence[Sample] = UNARY,
        view: bool = False,
        elementwise: bool = False,
    ) -> None:
        parameters = inspect.signature(body).parameters.values()
        self.names = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.name = self.__name__ = body.__name__
        self.__doc__ = body.__doc__
        self.__module__ = body.__module__
        self.__wrapped__ = body
        self.body = body
        self.vjps = vjps
        self.fused = forward is not None
        self.forward = forward or body
        self.saving = forward or saving
        self.backward = backward
        self.samples = tuple(samples)
        self.view = view
        self.elementwise = elementwise
        self.differentiable = vjps is None or any(vjps)
        kept = {*self.names, "out"} if saves is None else set(saves.split())
        unknown = kept - {*self.names, "out"}
        if unknown:
            raise TypeError(f"{self.name}: saves names no parameter: {unknown}")
        self.saves_out = "out" in kept
        # By positional input; an op over ``*args`` treats them all alike.
        saved = [name in kept for name in self.names]
        self.kept: Iterable[bool] = repeat(saved[0]) if self.variadic else saved

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        tensor = None
        differentiate = False
        arrays = []
        for arg in args:
            if isinstance(arg, TensorBase):
                tensor = arg
                arrays.append(arg._data)
                if arg._requires_grad:
                    differentiate = True
            else:
                arrays.append(arg)
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_op(args)
        differentiate = differentiate and state.grad_enabled and self.differentiable
        saving = self.saving if differentiate or self.fused else None
        try:
            if saving is None:
                out, residuals = self.forward(*arrays, **attrs), ()
            else:
                out, residuals = saving(*arrays, **attrs)
        except (ValueError, TypeError) as error:
            raise self._named(error) from error.__cause__
        if tensor is None:
            return out
        result = tensor._result(out)
        if self.view and (out is args[0]._data or isinstance(out.base, np.ndarray)):
            result.version = args[0].version
        if differentiate:
            result._requires_grad = True
            result.node = Node(self, args, attrs, result, residuals)
            if RECORDING and (listener := current.recorder) is not None:
                listener.on_node(result.node)
        return result

    def _named(self, error: Exception) -> Exception:
        """The error with the op's name in front, once."""
        text = str(error)
        if not text.startswith(f"{self.name}:"):
            text = f"{self.name}: {text}"
        return type(error)(text) if type(error) in (ValueError, TypeError) else error

    def by_rule(
        self,
        g: Any,
        needs: Sequence[bool],
        out: Any,
        inputs: Sequence[Any],
        attrs: dict[str, Any],
    ) -> list[Any]:
        """Cotangents by the vjps, over arrays or Tensors; None where not needed."""
        if self.variadic:
            assert self.vjps is not None and self.vjps[0] is not None
            rule = self.vjps[0]
            return [
                rule(i, g, out, *inputs, **attrs) if need else None
                for i, need in enumerate(needs)
            ]
        return [
            self._vjp(i)(g, out, *inputs, **attrs) if need else None
            for i, need in enumerate(needs)
        ]

    def _vjp(self, i: int) -> Vjp:
        rule = self.vjps[i] if self.vjps and i < len(self.vjps) else None
        if rule is None:
            raise ValueError(f"{self.name}: not differentiable in {self.names[i]!r}")
        return rule


def primitive(
    *vjps: Vjp | None,
    saving: Callable[..., Any] | None = None,
    backward: Callable[..., Any] | None = None,
    saves: str | None = None,
    samples: Sequence[Sample] = UNARY,
    view: bool = False,
    elementwise: bool = False,
) -> Callable[[Callable[..., Any]], Op]:
    """An op whose function computes the output and whose ``vjps`` give its gradient.

    ``vjps[i](g, out, *inputs, **attrs)`` is the cotangent of input i (an op over
    ``*args`` has one vjp that takes ``i`` first); None marks an input as not
    differentiable. ``saves`` names the inputs (and "out") whose values the vjps read,
    by default all. ``backward(g, needs, out, residuals, *inputs, **attrs)`` is an
    optional fast path over bare arrays; ``saving(*arrays, **attrs)`` returns
    ``(out, residuals)`` for it, in the body's place when a gradient is wanted.
    """

    def decorate(body: Callable[..., Any]) -> Op:
        return Op(
            body,
            vjps,
            saving=saving,
            backward=backward,
            saves=saves,
            samples=samples,
            view=view,
            elementwise=elementwise,
        )

    return decorate


def fused(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *,
    saves: str | None = None,
    samples: Sequence[Sample] = UNARY,
    elementwise: bool = False,
) -> Callable[[Callable[..., Any]], Op]:
    """An op with kernels of its own; the decorated body is its decomposition.

    ``forward(*arrays, **attrs)`` returns ``(out, residuals)`` and
    ``backward(g, needs, out, residuals, *inputs, **attrs)`` one array (or None) for
    each input. The body, written in ops, is the oracle in tests and the path taken
    when a graph of the gradient is wanted.
    """

    def decorate(body: Callable[..., Any]) -> Op:
        return Op(
            body,
            None,
            forward=forward,
            backward=backward,
            saves=saves,
            samples=samples,
            elementwise=elementwise,
        )

    return decorate
