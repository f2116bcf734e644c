"""A function that runs twice alike, and its derivatives by central differences.

Differences over several steps are extrapolated to the step 0: with two steps that is
Richardson's formula, with more the table of Neville. How far its entries are from their
neighbours says how wrong they are (C. Ridders, "Accurate computation of F'(x) and
F'(x)F''(x)", 1982). Nothing here compares: no estimate knows the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from autograd_core.create import tensor
from autograd_core.hooks import Array
from autograd_core.random import default_generator
from autograd_core.tape import TensorBase, grad_mode
from autograd_core.tensor import Tensor
from autograd_core.walk import walk

MARGIN = 50  # how often the rounding of one value a sum of many may be off by
LEVELS = 10  # how often a step is divided by 4 before giving up


class Estimate(NamedTuple):
    """A derivative, its estimated error, and the smallest step that went into it."""

    value: float = np.nan
    error: float = np.inf
    step: float = np.inf


class Accuracy(NamedTuple):
    """How well a derivative has to be known, and the step to start with."""

    step: float
    rounding: float  # of one value of the function
    rtol: float
    atol: float | None

    @property
    def noise(self) -> float:
        """What rounding may add to a difference over the step.

        Smaller steps are allowed no more: the noise that they bring would hide faults.
        """
        return MARGIN * self.rounding / self.step

    @property
    def tolerance(self) -> float:
        """How far off a gradient may be, whatever its size."""
        return self.noise if self.atol is None else self.atol

    def at(self, scale: float) -> Accuracy:
        """The same for another length of step."""
        return self._replace(step=self.step * scale)

    def enough(self, found: Estimate) -> bool:
        """Whether other steps are of no use: good enough, or only noise is left."""
        wanted = 0.2 * max(self.rtol * abs(found.value), self.tolerance)
        return found.error <= max(wanted, self.noise)

    def doubt(self, found: Estimate) -> float:
        """The error, if there is as much rounding as there may be."""
        return found.error + MARGIN * self.rounding / found.step


def derivative(
    slope: Callable[[float], float], accuracy: Accuracy, least: int = 2
) -> Estimate:
    """The limit of ``slope(h)``, a function of ``h**2``, for small ``h``.

    Two steps suffice (``least``) where the function is smooth over a step. Where it
    bends within, they shrink; where that does not help, as the values are noisy, larger
    ones are tried. A step to where the function is not finite gives NaN.
    """
    step = accuracy.step
    shrinking = (step * 4.0**-k for k in range(1, LEVELS + 1))
    found = _extrapolated(slope, chain((2 * step, step), shrinking), accuracy, least)
    if accuracy.enough(found):
        return found
    growing = (step * 4.0**k for k in range(6, 0, -1))
    other = _extrapolated(slope, growing, accuracy, 3)
    return other if accuracy.enough(other) else min(found, other, key=accuracy.doubt)


def looked_at_again(
    slope: Callable[[float], float], accuracy: Accuracy, scale: float
) -> Estimate:
    """`derivative` with more steps, for where the first answer looks wrong.

    A step that grew with the input (by ``scale``) may have gone over all that happens
    there. So one of the length for 1 is believed, if it leaves no doubt.
    """
    near = accuracy.at(1 / scale)
    found = derivative(slope, near, 3)
    if near.doubt(found) <= accuracy.rtol * abs(found.value):
        return found
    return found if scale == 1 else derivative(slope, accuracy, 3)


def _extrapolated(
    slope: Callable[[float], float],
    steps: Iterator[float],
    accuracy: Accuracy,
    least: int,
) -> Estimate:
    best, above = Estimate(), list[float]()
    taken: list[float] = []  # the steps of the table so far
    for h in steps:
        first = slope(h)
        if not np.isfinite(first):
            above, taken = [], []
            continue
        taken.append(h)
        row = [first]
        for coarser, before in zip(above, reversed(taken[:-1]), strict=True):
            finer = row[-1]
            row.append(finer + (finer - coarser) / ((before / h) ** 2 - 1))
            gap = max(abs(row[-1] - finer), abs(row[-1] - coarser))
            found = Estimate(row[-1], gap + accuracy.rounding / h, h)
            # Noisy slopes may agree by chance: later on three have to.
            sure = len(row) >= max(least, min(len(taken), 3))
            if sure and accuracy.doubt(found) < accuracy.doubt(best):
                best = found
        above = row
        if accuracy.enough(best):
            break
    return best


class Subject:
    """The function, and all by which it is differentiated (``targets``, by name)."""

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Sequence[Any],
        module: Any,
        params: Any,
        seed: int,
    ) -> None:
        self.f, self.rng, self.size = f, np.random.default_rng(seed), 0.0
        self.args: list[Any] = []
        self.targets: dict[str, Tensor] = {}
        self.buffers: list[Array] = []
        for i, x in enumerate(inputs):
            self.args.append(self._argument(f"input {i}", x))
        if module is not None:
            self._module("", module)
        if params is not None:
            named = params if isinstance(params, Mapping) else dict(enumerate(params))
            for name, parameter in named.items():
                self._add(name if isinstance(name, str) else f"param {name}", parameter)
        if not self.targets:
            raise ValueError(
                "gradcheck: nothing to check; no input or parameter is float"
            )
        self.state = default_generator.get_state()
        self.saved = [buffer.copy() for buffer in self.buffers]
        self.seeds: list[Array] | None = None

    def _argument(self, name: str, x: Any) -> Any:
        if hasattr(x, "named_parameters"):
            self._module("", x)
            return x
        array = x._data if isinstance(x, TensorBase) else np.asarray(x)
        if array.dtype.kind != "f":
            return x
        copy = tensor(array if isinstance(x, TensorBase | np.ndarray) else array * 1.0)
        copy.requires_grad_()
        self.targets[name] = copy
        return copy

    def _module(self, prefix: str, module: Any) -> None:
        for name, parameter in module.named_parameters():
            self._add(prefix + name, parameter)
        self.buffers += [buffer._data for _, buffer in module.named_buffers()]

    def _add(self, name: str, parameter: Tensor) -> None:
        if parameter.requires_grad:
            self.targets[name] = parameter

    def refuse(self, allow_float32: bool) -> None:
        """Say no to data that cannot be differenced."""
        for name, target in self.targets.items():
            if target.dtype != np.float64 and not allow_float32:
                raise TypeError(
                    f"gradcheck: {name} is {target.dtype}, too coarse for differences; "
                    "use float64 (module.double()) or pass allow_float32=True"
                )
            if not np.isfinite(target._data).all():
                where = tuple(
                    int(i) for i in np.argwhere(~np.isfinite(target._data))[0]
                )
                raise ValueError(
                    f"gradcheck: {name} holds {target._data[where]} at {where}"
                )

    def _rewind(self) -> None:
        default_generator.set_state(self.state)
        for buffer, saved in zip(self.buffers, self.saved, strict=True):
            buffer[...] = saved

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put generator and buffers back in the end."""
        try:
            yield
        finally:
            self._rewind()

    def outputs(self) -> list[Tensor]:
        """``f`` from the same state as ever."""
        self._rewind()
        out = self.f(*self.args)
        outs = list(out) if isinstance(out, tuple | list) else [out]
        for one in outs:
            if not isinstance(one, Tensor):
                raise TypeError(
                    f"gradcheck: the function returned {type(one).__name__}, not a "
                    "Tensor; did it leave the graph?"
                )
        if self.seeds is None:
            self.seeds = [self._seed(one) for one in outs]
        return outs

    def _seed(self, out: Tensor) -> Array:
        if out._data.ndim == 0:
            return np.ones((), out.dtype)
        return self.rng.standard_normal(out.shape).astype(out.dtype)

    def _terms(self) -> list[Array]:
        """The outputs times their cotangents, in float64."""
        with grad_mode(False):
            outs = self.outputs()
        assert self.seeds is not None
        return [
            np.multiply(out._data, seed, dtype=np.float64)
            for out, seed in zip(outs, self.seeds, strict=True)
        ]

    def start(self) -> None:
        """Learn ``middle``, the value here, and ``size``, that of what it is a sum of.

        Raises ValueError if it is not finite, or not the same again.
        """
        terms = self._terms()
        if not all(np.isfinite(term).all() for term in terms):
            raise ValueError("gradcheck: the output holds NaN or infinity")
        self.size = max(1e-3, float(sum(np.abs(term).sum() for term in terms)))
        self.middle = float(sum(term.sum() for term in terms))
        if self.middle != self.value():
            raise ValueError(
                "gradcheck: the function gives different values for the same inputs; "
                "its randomness must come from autograd_core"
            )

    def value(self) -> float:
        """The sum of outputs times their cotangents; NaN if one is not finite."""
        terms = self._terms()
        if not all(np.isfinite(term).all() for term in terms):
            return np.nan
        return float(sum(term.sum() for term in terms))

    def gradients(self) -> dict[str, Array]:
        """What backward says; zeros for what the outputs do not depend on."""
        with grad_mode(True):
            outs = self.outputs()
        assert self.seeds is not None
        pairs = [
            (o, s) for o, s in zip(outs, self.seeds, strict=True) if o.requires_grad
        ]
        leaves = list(self.targets.values())
        found = walk([out for out, _ in pairs], [seed for _, seed in pairs], leaves)
        grads = {}
        for name, leaf in self.targets.items():
            grad = found.get(leaf)
            grads[name] = np.zeros(leaf.shape) if grad is None else np.array(grad)
            if grads[name].shape != leaf.shape:
                raise ValueError(
                    f"gradcheck: the gradient of {name} has shape {grads[name].shape}, "
                    f"the input {leaf.shape}"
                )
        return grads

    def slopes(self, target: Tensor, move: Array, step: float) -> tuple[float, float]:
        """Difference quotients to both sides, by the steps that were really taken."""
        data, saved = target._data, target._data.copy()
        try:
            data[...] = saved + step * move
            up, above = self.value(), _taken(data, saved, move)
            data[...] = saved - step * move
            down, below = self.value(), -_taken(data, saved, move)
        finally:
            data[...] = saved
        if not above or not below:  # the step was lost in rounding
            return np.nan, np.nan
        return (self.middle - down) / below, (up - self.middle) / above


def _taken(data: Array, saved: Array, move: Array) -> float:
    """The step along ``move`` that is left after rounding."""
    moved = data.astype(np.float64) - saved.astype(np.float64)
    return float(np.vdot(moved, move) / np.vdot(move, move))
