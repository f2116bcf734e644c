"""What an op is: a forward over arrays, and vjps written in ops.

Arrays in, arrays out; Tensors in, Tensors out. A vjp is written in ops too, so the same
rule runs on bare arrays in an ordinary backward and on Tensors when a gradient of the
gradient is wanted.

Positional parameters of an op are its differentiable inputs; keyword-only ones are
attributes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec

import numpy as np

from autograd_core.hooks import RECORDING, current
from autograd_core.operand import is_native, operand, snapshot, watched
from autograd_core.samples import UNARY, Sample
from autograd_core.tape import PAUSED, Node, TensorBase, spec, state, version_of

# Errors that an op raises, and that are given its name.
NAMED = (ValueError, TypeError, np.exceptions.AxisError)

P = ParamSpec("P")
Vjp = Callable[..., Any]
Saves = str | Sequence[str] | None
Reads = tuple[tuple[bool, ...], bool]


class Op(Generic[P]):
    """One row of the op table. Call it as the function that it is.

    ``call`` is that function: `general`, or a front of it (see `calls`) that does what
    is small and plain at once and leaves all else to `general`.
    """

    runs_user_code = False  # in its backward, see `anomaly`

    def __init__(
        self,
        body: Callable[P, Any],
        vjps: Sequence[Vjp | None] | None,
        forward: Callable[..., Any] | None = None,
        saving: Callable[..., Any] | None = None,
        backward: Callable[..., Any] | None = None,
        saves: Saves = None,
        samples: Sequence[Sample] = UNARY,
        view: bool = False,
        elementwise: bool = False,
        ufunc: np.ufunc | None = None,
        front: Callable[[Op[...]], Callable[..., Any]] | None = None,
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
        self.forward: Callable[..., Any] = forward or body
        self.saving = forward or saving
        self.backward = backward
        self.slope: Any = getattr(backward, "front", None)  # see `maps.Slope`
        self.samples = tuple(samples)
        self.view = view
        self.elementwise = elementwise
        self.ufunc = ufunc
        self.differentiable = vjps is None or any(vjps)
        self._saves = self._checked(saves)
        self._told: dict[tuple[int, int], Reads] = {}
        self.call: Callable[P, Any] = self.general if front is None else front(self)

    def _checked(self, saves: Saves) -> list[set[str]]:
        """By positional input, what the vjp of it reads."""
        every = [*self.names, "out"]
        if saves is None or isinstance(saves, str):
            one = every if saves is None else saves.split()
            saves = [" ".join(one)] * len(self.names)
        told = [set(names.split()) for names in saves]
        unknown = set().union(*told) - set(every)
        if unknown:
            raise TypeError(f"{self.name}: saves names no parameter: {unknown}")
        return told

    def reads(self, needs: int, count: int) -> Reads:
        """What backward reads: which of ``count`` inputs, and whether the output.

        ``needs`` has bit i set where input i needs a gradient.
        """
        told = self._told.get((needs, count))
        if told is None:
            told = self._told[needs, count] = self._read(needs, count)
        return told

    def _read(self, needs: int, count: int) -> Reads:
        if self.variadic:
            return (self.names[0] in self._saves[0],) * count, "out" in self._saves[0]
        used = [names for i, names in enumerate(self._saves) if needs >> i & 1]
        read: set[str] = set().union(*used)
        return tuple(name in read for name in self.names[:count]), "out" in read

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __call__(self, *args: P.args, **attrs: P.kwargs) -> Any:
        return self.call(*args, **attrs)

    def general(self, *args: Any, **attrs: Any) -> Any:
        """The one way for all operands: what a front declines comes here."""
        arrays: list[Any] = []
        parents: list[Any] = []
        tensor, needs, bare, bit = None, 0, False, 1
        for arg in args:
            parent = None
            if isinstance(arg, TensorBase):
                tensor = arg
                if arg._requires_grad:
                    needs |= bit
                    parent = arg.node or arg
                arg = arg._data
                if not isinstance(arg, np.ndarray):  # no front takes it either
                    raise self._named(_no_array(arg))
            elif type(arg) is np.ndarray and is_native(arg):
                bare = True
            elif arg is not None and type(arg) not in PLAIN:
                return self.general(*self._operands(args), **attrs)
            arrays.append(arg)
            parents.append(parent)
            bit += bit
        if RECORDING:
            if (watcher := current.watcher) is not None:
                return watcher.op(self, args, attrs)
            if (listener := current.recorder) is not None:
                listener.on_op(args)
        if (
            not needs
            or not self.differentiable
            or (PAUSED and not state.grad_enabled)
            or (attrs and _gives_integers(attrs))
        ):
            needs = 0
        elif bare:
            args = self._held(args, arrays, needs)
        saving = self.saving if needs or self.fused else None
        try:
            if saving is None:
                out, residuals = self.forward(*arrays, **attrs), ()
            else:
                out, residuals = saving(*arrays, **attrs)
        except (ValueError, TypeError) as error:
            raise self._named(error) from error.__cause__
        if tensor is None:
            return out
        result = tensor.result_type(out)
        if self.view and (out is arrays[0] or isinstance(out.base, np.ndarray)):
            result.version = args[0].version
        if needs:
            inputs, saved, versions = self._seen(args, arrays, result, needs)
            result._requires_grad = True
            node = Node(self, parents, inputs, attrs, saved, residuals, versions)
            result.node = node
            if RECORDING and (listener := current.recorder) is not None:
                listener.on_node(node)
        return result

    def _operands(self, args: tuple[Any, ...]) -> list[Any]:
        try:
            return [operand(arg) for arg in args]
        except (ValueError, TypeError) as error:
            raise self._named(error) from error.__cause__

    def _held(
        self, args: tuple[Any, ...], arrays: list[Any], needs: int
    ) -> tuple[Any, ...]:
        """The operands, with copies (in ``arrays`` too) of what backward will read.

        That is of bare arrays: their owner may fill them again before that.
        """
        reads, _ = self.reads(needs, len(args))
        held = list(args)
        for i, (arg, read) in enumerate(zip(args, reads, strict=True)):
            if type(arg) is np.ndarray and (read or self.fused):
                held[i] = arrays[i] = snapshot(arg)
        return tuple(held)

    def _seen(
        self, args: Sequence[Any], arrays: Sequence[Any], result: Any, needs: int
    ) -> tuple[list[Any], Any, list[Any]]:
        """What backward sees: inputs, output, and versions of those that it reads."""
        reads, reads_out = self.reads(needs, len(args))
        inputs, versions = list(args), []
        for i, (arg, array) in enumerate(zip(args, arrays)):  # noqa: B905
            if array is arg:  # no Tensor
                if type(arg) is not np.ndarray:
                    continue
                if reads[i] and RECORDING:
                    versions.append((watched(arg), 0))
            elif reads[i]:
                cell = arg.version
                seen = cell[0] if len(cell) == 1 else version_of(cell)
                versions.append((cell, seen))
            if not reads[i] and not self.fused:  # a body may be run again, on values
                inputs[i] = spec(array.shape, array.dtype)
        saved = None
        if reads_out:  # the array, not the Tensor: that would be a cycle
            cell = result.version
            saved = result._data, type(result), cell
            versions.append((cell, version_of(cell)))
        return inputs, saved, versions

    def _named(self, error: Exception) -> Exception:
        """The error with the op's name in front, once."""
        text = str(error)
        if not text.startswith(f"{self.name}:"):
            text = f"{self.name}: {text}"
        return type(error)(text) if type(error) in NAMED else error

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


def _gives_integers(attrs: dict[str, Any]) -> bool:
    """Whether a dtype is asked for that has no gradients: a step has no slope."""
    dtype = attrs.get("dtype")
    return dtype is not None and np.dtype(dtype).kind in "iub"


def _no_array(data: Any) -> TypeError:
    """The error for ``Tensor(data)`` of no array, at which its maker did not look."""
    return TypeError(
        f"a Tensor was made around {type(data).__name__}, which is no NumPy array: use "
        "ag.tensor(...), or the Tensor itself"
    )


PLAIN = (float, int, bool, complex)  # operands that need no look


def primitive(
    *vjps: Vjp | None,
    saving: Callable[..., Any] | None = None,
    backward: Callable[..., Any] | None = None,
    saves: Saves = None,
    samples: Sequence[Sample] = UNARY,
    view: bool = False,
    elementwise: bool = False,
    ufunc: np.ufunc | None = None,
    front: Callable[[Op[...]], Callable[..., Any]] | None = None,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op whose function computes the output and whose ``vjps`` give its gradient.

    ``vjps[i](g, out, *inputs, **attrs)`` is the cotangent of input i (an op over
    ``*args`` has one vjp that takes ``i`` first); None marks an input as not
    differentiable. ``saves`` names the inputs (and "out") whose values the vjps read,
    by default all, as one string or as one for each vjp.
    ``backward(g, needs, out, residuals, *inputs, **attrs)`` is an optional fast path
    over bare arrays; ``saving(*arrays, **attrs)`` returns ``(out, residuals)`` for it,
    in the body's place when a gradient is wanted. ``ufunc`` is the one of NumPy's that
    the op answers. ``front`` gives the op its call, see `calls`.
    """

    def decorate(body: Callable[P, Any]) -> Op[P]:
        return Op(
            body,
            vjps,
            saving=saving,
            backward=backward,
            saves=saves,
            samples=samples,
            view=view,
            elementwise=elementwise,
            ufunc=ufunc,
            front=front,
        )

    return decorate


def fused(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *,
    saves: Saves = None,
    samples: Sequence[Sample] = UNARY,
    elementwise: bool = False,
    front: Callable[[Op[...]], Callable[..., Any]] | None = None,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op with kernels of its own; the decorated body is its decomposition.

    ``forward(*arrays, **attrs)`` returns ``(out, residuals)`` and
    ``backward(g, needs, out, residuals, *inputs, **attrs)`` one array (or None) for
    each input. The body, written in ops, is the oracle in tests and the path taken
    when a graph of the gradient is wanted.
    """

    def decorate(body: Callable[P, Any]) -> Op[P]:
        return Op(
            body,
            None,
            forward=forward,
            backward=backward,
            saves=saves,
            samples=samples,
            elementwise=elementwise,
            front=front,
        )

    return decorate
