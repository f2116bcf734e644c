"""What `eager` asks of each library: leaves, gradients, a training step.

Each is used as its users are told to for speed: PyTorch with the fused Adam, MyGrad
without its guards on memory. HIPS autograd computes outside a gradient by NumPy itself,
so it has times for what is recorded alone; NumPy stands for it elsewhere.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from networks import Task

P_DROP = 0.2
Array = np.ndarray[Any, Any]
Call = Callable[[], Any]


class Library:
    """One of them; ``module`` is what must be installed."""

    name: str
    module: str
    network: tuple[str, str] | None = None  # a file of ``networks``, a variant in it
    plain = recorded = True  # has ops without, and with, a gradient
    widens = False  # float32 and a Python number give float64

    def __init__(self) -> None:
        self.lib = importlib.import_module(self.module)

    def one_thread(self) -> None:
        """For all that follows."""

    def leaf(self, array: Array, grad: bool) -> Any:
        """``array`` as the library holds it."""
        raise NotImplementedError

    def sin(self) -> Callable[[Any], Any]:
        return self.lib.sin

    def numpy_sin(self) -> Callable[[Any], Any] | None:
        """NumPy's own function on what the library holds."""
        return np.sin

    def array(self, value: Any) -> Array:
        """For checks."""
        return np.asarray(value)

    def gradient(self, function: Callable[..., Any], arrays: Sequence[Array]) -> Call:
        """A call that gives the gradients of a scalar function, from leaves on."""
        raise NotImplementedError

    def step(self, size: str) -> Call | None:
        """A training step, which gives its loss."""
        if self.network is None:
            return None
        file, variant = self.network
        return importlib.import_module(f"networks.{file}").build(
            variant, Task.of(size, P_DROP, 1)
        )


class Ours(Library):
    """This one."""

    name, module = "ours", "autograd_core"
    network = "ours", "ours-eager"

    def one_thread(self) -> None:
        self.lib.set_num_threads(1)

    def leaf(self, array: Array, grad: bool) -> Any:
        return self.lib.tensor(array, requires_grad=grad)

    def sin(self) -> Callable[[Any], Any]:
        """The op, which is not in the public face under a name of its own."""
        from autograd_core.ops import TABLE

        return TABLE["sin"]

    def array(self, value: Any) -> Array:
        return value.detach().numpy() if hasattr(value, "detach") else value

    def gradient(self, function: Callable[..., Any], arrays: Sequence[Array]) -> Call:
        leaves = [self.leaf(a, True) for a in arrays]

        def call() -> Any:
            for leaf in leaves:
                leaf.grad = None
            function(*leaves).backward()
            return [leaf.grad for leaf in leaves]

        return call


class Torch(Ours):
    """PyTorch has the same face."""

    name, module = "PyTorch", "torch"
    network = "torch_", "torch-fused"

    def leaf(self, array: Array, grad: bool) -> Any:
        return self.lib.tensor(array, requires_grad=grad)

    def sin(self) -> Callable[[Any], Any]:
        return self.lib.sin

    def numpy_sin(self) -> None:
        """It refuses what requires grad."""


class NumPy(Library):
    """Arrays, for ops that are not recorded."""

    name, module = "NumPy", "numpy"
    recorded = False

    def leaf(self, array: Array, grad: bool) -> Any:
        return array


class Hips(Library):
    """HIPS autograd."""

    name, module = "HIPS", "autograd.numpy"
    network = "traced", "autograd"
    plain = False

    def numpy_sin(self) -> None:
        """NumPy's own function does not know its boxes."""

    def leaf(self, array: Array, grad: bool) -> Any:
        """A box of a trace that never ends."""
        from autograd.core import VJPNode
        from autograd.tracer import new_box

        return new_box(array, 0, VJPNode.new_root())

    def array(self, value: Any) -> Array:
        return np.asarray(getattr(value, "_value", value))

    def gradient(self, function: Callable[..., Any], arrays: Sequence[Array]) -> Call:
        from autograd import grad

        both = grad(function, tuple(range(len(arrays))))
        return lambda: both(*arrays)


class MyGrad(Library):
    """MyGrad."""

    name, module = "MyGrad", "mygrad"
    network = "traced", "mygrad"
    widens = True

    def one_thread(self) -> None:
        self.lib.turn_memory_guarding_off()

    def leaf(self, array: Array, grad: bool) -> Any:
        return self.lib.tensor(array, constant=not grad)

    def array(self, value: Any) -> Array:
        return value.data if isinstance(value, self.lib.Tensor) else np.asarray(value)

    def gradient(self, function: Callable[..., Any], arrays: Sequence[Array]) -> Call:
        leaves = [self.leaf(a, True) for a in arrays]

        def call() -> Any:
            for leaf in leaves:
                leaf.null_grad()
            function(*leaves).backward()
            return [leaf.grad for leaf in leaves]

        return call


LIBRARIES: tuple[type[Library], ...] = (Ours, Torch, Hips, MyGrad, NumPy)


def installed(kinds: Sequence[type[Library]]) -> list[Library]:
    """Those that are; says which are not."""
    found = []
    for kind in kinds:
        try:
            found.append(kind())
        except ImportError as missing:
            print(f"{kind.name} is left out: {missing}")
    for library in found:
        library.one_thread()
    return found
