"""The same work for each library: gradients of functions written in NumPy's terms.

A way is a function of ``(work, arrays)`` that returns a call to be timed; the call
returns the gradients by the arrays, done, in whatever form the library has them. What
is not installed raises ImportError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Call = Callable[[], Any]


@dataclass(frozen=True)
class Work:
    """A scalar function for a library that looks like NumPy; its gradients by hand."""

    shapes: tuple[tuple[int, ...], ...]
    function: Callable[..., Any]
    by_hand: Callable[..., Any]

    def arrays(self) -> list[Any]:
        """Inputs, float32."""
        rng = np.random.default_rng(0)
        draws = [rng.standard_normal(shape) for shape in self.shapes]
        return [(0.3 * draw).astype(np.float32) for draw in draws]


def tanh(lib: Any, x: Any) -> Any:
    return lib.sum(lib.tanh(x) ** 2)


def tanh_by_hand(x: Any) -> Any:
    t = np.tanh(x)
    return [2 * t * (1 - t * t)]


def logsumexp(lib: Any, x: Any) -> Any:
    return lib.sum(lib.log(lib.sum(lib.exp(x), axis=1)))


def logsumexp_by_hand(x: Any) -> Any:
    e = np.exp(x)
    return [e / e.sum(1, keepdims=True)]


def perceptron(lib: Any, x: Any, v: Any, w: Any) -> Any:
    return lib.sum((lib.tanh(x @ v) @ w) ** 2)


def perceptron_by_hand(x: Any, v: Any, w: Any) -> Any:
    h = np.tanh(x @ v)
    g = 2 * (h @ w)
    back = (g @ w.T) * (1 - h * h)
    return [back @ v.T, x.T @ back, h.T @ g]


WORKS = {
    "tanh 16": Work(((4, 4),), tanh, tanh_by_hand),
    "tanh 64k": Work(((128, 512),), tanh, tanh_by_hand),
    "logsumexp 128x100": Work(((128, 100),), logsumexp, logsumexp_by_hand),
    "perceptron 64x64x128x10": Work(
        ((64, 64), (64, 128), (128, 10)), perceptron, perceptron_by_hand
    ),
}


def ours(work: Work, arrays: list[Any]) -> Call:
    import autograd_core as ag

    leaves = [ag.tensor(a, requires_grad=True) for a in arrays]

    def call() -> Any:
        for leaf in leaves:
            leaf.grad = None
        work.function(np, *leaves).backward()
        return [leaf.grad for leaf in leaves]

    return call


def ours_program(work: Work, arrays: list[Any]) -> Call:
    import autograd_core as ag

    return ag.compile(ours(work, arrays))


def numpy_by_hand(work: Work, arrays: list[Any]) -> Call:
    return lambda: work.by_hand(*arrays)


def hips_autograd(work: Work, arrays: list[Any]) -> Call:
    import autograd
    import autograd.numpy as anp

    gradient = autograd.grad(lambda arrays: work.function(anp, *arrays))
    return lambda: gradient(arrays)


def mygrad(work: Work, arrays: list[Any]) -> Call:
    import mygrad as mg

    leaves = [mg.tensor(a) for a in arrays]

    def call() -> Any:
        work.function(mg, *leaves).backward()
        return [leaf.grad for leaf in leaves]

    return call


def torch(work: Work, arrays: list[Any]) -> Call:
    import torch

    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    return lambda: torch.autograd.grad(work.function(torch, *leaves), leaves)


def jax_jit(work: Work, arrays: list[Any]) -> Call:
    import jax
    import jax.numpy as jnp

    everything = tuple(range(len(arrays)))
    gradient = jax.jit(
        jax.grad(lambda *arrays: work.function(jnp, *arrays), argnums=everything)
    )
    there = list(map(jnp.asarray, arrays))
    return lambda: jax.block_until_ready(gradient(*there))


WAYS: dict[str, Callable[[Work, list[Any]], Call]] = {
    "ours": ours_program,
    "ours eager": ours,
    "NumPy by hand": numpy_by_hand,
    "HIPS autograd": hips_autograd,
    "MyGrad": mygrad,
    "PyTorch": torch,
    "JAX": jax_jit,
}
