"""The op table as cases: each sample of each op, under a name that says what it is.

asv hands a case to a process by its number in ``params``, and that process may run an
older commit, whose table is shorter. So the names are those of this checkout whichever
commit is installed, and a commit finds its own op and sample by name, or skips.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ELEMENTS = 1 << 16  # of the largest array of a case of useful size: 128 rows x 512


def label(name: str, sample: Any) -> str:
    """A sample written as a call: ``sum(2x3x4, axis=(0, 2))``."""
    args = [
        "x".join(map(str, a.shape)) or "scalar" if hasattr(a, "shape") else repr(a)
        for a in sample.args
    ]
    args += [f"{k}={getattr(v, '__name__', repr(v))}" for k, v in sample.attrs]
    return f"{name}({', '.join(args)})"


def labelled() -> dict[str, tuple[Any, Any]]:
    """(op, sample) by label, in the installed package."""
    from autograd_core.ops import TABLE

    return {label(op.name, s): (op, s) for op in TABLE.values() for s in op.samples}


def listed() -> dict[str, bool]:
    """Label: has it a gradient? In the installed package."""
    return {key: op.differentiable for key, (op, _) in labelled().items()}


@functools.cache
def in_checkout() -> dict[str, bool]:
    """`listed`, of this checkout."""
    roots = [str(ROOT), str(ROOT / "kernels"), str(Path(__file__).parent)]
    done = subprocess.run(
        [sys.executable, "-c", "import cases, json; print(json.dumps(cases.listed()))"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, bool] = json.loads(done.stdout)
    return found


def scaled(sample: Any, elements: int = ELEMENTS) -> Any:
    """The sample with all axes longer by one factor: up to ``elements`` in an array.

    One factor for all keeps shapes, attributes and labels that fit each other fitting.
    """
    shapes = [a.shape for a in sample.args if getattr(a, "kind", "key") != "key"]
    shapes += [v for k, v in sample.attrs if k == "shape" and -1 not in v]
    ends = itertools.zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    factor = room(elements, [max(lengths) for lengths in ends])  # they may broadcast
    args = tuple(longer(a, factor) for a in sample.args)
    attrs = tuple((k, longer_attr(k, v, factor)) for k, v in sample.attrs)
    return dataclasses.replace(sample, args=args, attrs=attrs)


def room(elements: int, shape: list[int]) -> int:
    """By how much the axes of this shape can grow."""
    axes = sum(n > 1 for n in shape)
    return int((elements / math.prod(shape)) ** (1 / axes) + 1e-9) if axes else elements


def grown(shape: tuple[int, ...], factor: int) -> tuple[int, ...]:
    return tuple(n * factor if n > 1 else n for n in shape)


def longer(arg: Any, factor: int) -> Any:
    if getattr(arg, "kind", "key") == "key":
        return arg
    high = arg.high * factor if arg.kind == "int" else arg.high  # one label per class
    return dataclasses.replace(arg, shape=grown(arg.shape, factor), high=high)


def longer_attr(name: str, value: Any, factor: int) -> Any:
    if name == "shape":
        return grown(value, factor)
    return np.tile(value, factor) if isinstance(value, np.ndarray) else value


class Call:
    """A case with its data drawn: the op, its arguments, leaves where it has gradients.

    ``size`` is "own", as in the table: a dozen elements, nearly all Python and
    dispatch; or "64k", as large as an activation of the M step.
    """

    def __init__(self, case: str, size: str) -> None:
        import autograd_core as ag

        rng = np.random.default_rng(0)
        self.op, sample = labelled()[case]
        sample = sample if size == "own" else scaled(sample)
        self.attrs = dict(sample.attrs)
        self.arrays = [
            a.draw(rng, np.float32) if hasattr(a, "draw") else a for a in sample.args
        ]
        self.args = [
            ag.tensor(a, requires_grad=self.op.differentiable and a.dtype.kind == "f")
            if isinstance(a, np.ndarray) and a.dtype != np.uint64
            else a
            for a in self.arrays
        ]
        self.leaves = [a for a in self.args if getattr(a, "requires_grad", False)]
        self.out = self.forward()
        g = rng.standard_normal(self.out.shape)
        self.g = np.asarray(g, self.out.dtype)

    def forward(self) -> Any:
        """The op on Tensors, so that it is recorded for differentiation."""
        return self.op(*self.args, **self.attrs)

    def backward(self) -> Any:
        """The cotangents of the leaves, of the forward that was run at first."""
        from autograd_core.grad import walk

        return walk([self.out], [self.g], retain_graph=True)

    def gradient(self) -> None:
        """Forward and backward, as in a training step: gradients end at the leaves."""
        for leaf in self.leaves:
            leaf.grad = None
        self.forward().backward(self.g)
