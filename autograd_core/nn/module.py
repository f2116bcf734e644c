"""Module: a layer, or a tree of them, found by looking at attributes.

Nothing is registered. A Module's parameters, buffers and layers are those that its
attributes hold, directly or in lists, tuples and dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ParamSpec, Self, TypeVar, overload

import numpy as np

from autograd_core.create import seen
from autograd_core.foreign import ElsewhereInModule
from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import FLOATS
from autograd_core.nn import attributes
from autograd_core.nn.describe import describe, locate
from autograd_core.nn.parameter import Buffer, Parameter
from autograd_core.nn.state import Unmatched, load
from autograd_core.program.compile import Compiled
from autograd_core.signatures import HasForward
from autograd_core.tensor import Tensor

P = ParamSpec("P")
T = TypeVar("T")
Args = tuple[Any, ...]
Kwargs = dict[str, Any]


class Module(ElsewhereInModule):
    """Base of layers and models: assign members in ``__init__``, write ``forward``.

    >>> import numpy as np
    >>> from autograd_core import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         self.body = nn.Linear(4, 8)
    ...         self.head = nn.Linear(8, 3)
    ...
    ...     def forward(self, x):
    ...         return self.head(np.maximum(self.body(x), 0))
    >>> [name for name, _ in Net().named_parameters()]
    ['body.weight', 'body.bias', 'head.weight', 'head.bias']
    """

    training: bool = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Set it; TypeError for what would hide a method or lose a parameter."""
        attributes.check(self, name, value, METHODS)
        object.__setattr__(self, name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes; Tensors in, Tensors out."""
        raise NotImplementedError(f"{type(self).__name__} has no forward()")

    # To checkers and editors a call is what forward is, or that with NumPy arrays.
    @overload
    def __call__(self: HasForward[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self: HasForward[..., T], *args: Any, **kwargs: Any) -> T: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, NumPy arrays seen as Tensors; an error names the layer."""
        listener = current.recorder if RECORDING else None
        if listener is not None:
            listener.on_module(self, True)
        try:
            if len(args) != 1 or kwargs or type(args[0]) is not Tensor:
                args, kwargs = self._as_inputs(args, kwargs)
            output = self.forward(*args, **kwargs)
            if RECORDING and (observer := current.observer) is not None:
                observer(self, output)
            return output
        except (TypeError, ValueError) as error:
            locate(error, self)
            raise
        except AttributeError as error:
            given = error.obj
            if error.name not in ("_data", "shape") or isinstance(given, Tensor):
                raise
            if not any(given is x for x in (*args, *kwargs.values())):
                raise
            wrong = TypeError(
                f"expected a Tensor or a NumPy array, got {type(given).__name__}; "
                "np.asarray(x) makes one"
            )
            locate(wrong, self)
            raise wrong from None
        finally:
            if listener is not None:
                listener.on_module(self, False)

    def _as_inputs(self, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        """What `forward` gets: of arrays Tensors, all else as it is."""
        given = tuple(map(_seen, args))
        return given, {name: _seen(value) for name, value in kwargs.items()}

    def locate(self, error: Exception) -> None:
        """Say in an error's message that it arose in this layer."""
        locate(error, self)

    def extra_repr(self) -> str:
        """What stands between the parentheses of the layer's repr."""
        return ""

    def __repr__(self) -> str:
        return describe(self)

    # What it holds ---------------------------------------------------------------

    def members(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of every Parameter, Buffer and Module in its attributes."""
        for name, value in vars(self).items():
            yield from _flatten(name, value)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules one level down."""
        return ((n, m) for n, m in _once(self.members()) if isinstance(m, Module))

    def children(self) -> Iterator[Module]:
        """The modules one level down."""
        return (module for _, module in self.named_children())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of this module, named "", and all below; each once."""
        return _once(self._walk())

    def modules(self) -> Iterator[Module]:
        """This module and all below; each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter) of all; a shared one once, by its first name."""
        return _once((n, t) for n, t in self.tensors() if isinstance(t, Parameter))

    def parameters(self) -> Iterator[Parameter]:
        """All parameters; a shared one once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """(name, buffer) of all; a shared one once, by its first name."""
        return _once((n, t) for n, t in self.tensors() if isinstance(t, Buffer))

    def buffers(self) -> Iterator[Buffer]:
        """All buffers; a shared one once."""
        return (buffer for _, buffer in self.named_buffers())

    def tensors(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """(name, tensor) of all parameters and buffers, under every name they have."""
        for prefix, module in self._walk():
            for name, value in module.members():
                if isinstance(value, Tensor):
                    yield _join(prefix, name), value  # type: ignore[misc]

    def _walk(
        self, prefix: str = "", above: tuple[int, ...] = ()
    ) -> Iterator[tuple[str, Module]]:
        """Every path to a module; one that points back up is not followed."""
        yield prefix, self
        above = (*above, id(self))
        for name, child in self.members():
            if isinstance(child, Module) and id(child) not in above:
                yield from child._walk(_join(prefix, name), above)

    # What is done to all of it -----------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set training mode (Dropout drops, BatchNorm uses the batch) everywhere."""
        if not isinstance(mode, bool):
            raise TypeError(f"train: mode must be True or False, got {mode!r}")
        for module in self.modules():
            if module.training is not mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode everywhere: ``train(False)``."""
        return self.train(False)

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call ``function`` on every module, this one last."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: every ``.grad`` becomes None.

        Raises ValueError for ``set_to_none=False``: there is no other way here.
        """
        if not set_to_none:
            raise ValueError("zero_grad: gradients become None, never zeros")
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask (or stop asking) for gradients of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def astype(self, dtype: Any) -> Self:
        """Turn floating parameters and buffers into ``dtype``, and forget gradients.

        They get new memory: make the optimizer afterwards. Raises TypeError unless
        ``dtype`` is float32 or float64.
        """
        dtype = np.dtype(dtype)
        if dtype not in FLOATS:
            raise TypeError(f"astype: expected float32 or float64, got {dtype}")
        for _, tensor in _once(self.tensors()):
            if tensor.dtype.kind == "f":
                tensor.data = tensor._data.astype(dtype)
                tensor.grad = None
        return self

    def float(self) -> Self:
        """Parameters and buffers in float32: ``astype(np.float32)``."""
        return self.astype(np.float32)

    def double(self) -> Self:
        """Parameters and buffers in float64: ``astype(np.float64)``."""
        return self.astype(np.float64)

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by name, named as in PyTorch."""
        return {name: tensor.numpy().copy() for name, tensor in self.tensors()}

    def load_state_dict(
        self, state: Mapping[str, Any], strict: bool = True
    ) -> Unmatched:
        """Copy ``state`` (arrays or Tensors by name) into parameters and buffers.

        Values take the dtype of what they are copied into. Raises one ValueError that
        lists all that is missing, unexpected, misshapen or of a wrong kind, and then
        nothing has been loaded. With ``strict=False`` the missing and the unexpected
        are left alone and returned. A shared tensor needs one of its names only.
        """
        return load(self, state, strict)


class Layer(Module):
    """Base of the layers here: the input may be all that `nn.functional` takes.

    A Tensor, an array, nested lists of numbers, a DataFrame; ``forward`` gets a Tensor
    with the values of that moment. TypeError for what holds no numbers.
    """

    def __init__(self) -> None:
        """Without settings."""

    def _as_inputs(self, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        """The input, which comes first or by its name, as a Tensor."""
        if args:
            args = (seen(args[0]), *args[1:])
        elif "x" in kwargs:
            kwargs = kwargs | {"x": seen(kwargs["x"])}
        return super()._as_inputs(args, kwargs)


# A layer under one of these names would hide what all Modules can do. `forward` may be
# another: a function, a compiled one, or a Module that does the work.
METHODS = {n for n, v in vars(Module).items() if callable(v) and n[0] != "_"}
METHODS -= {"forward"}


def _seen(value: Any) -> Any:
    return seen(value) if isinstance(value, np.ndarray) else value


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Members in ``value``; those in a container are named "name.0" or "name.key"."""
    if isinstance(value, Compiled):
        value = value.function
    if isinstance(value, Parameter | Buffer | Module):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(f"{name}.{key}", item)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _flatten(f"{name}.{i}", item)


def _once(pairs: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """The pairs without those whose value came before under another name."""
    seen: set[int] = set()
    for name, value in pairs:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
