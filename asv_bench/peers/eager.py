"""Small eager ops, gradients and training steps beside PyTorch, HIPS autograd, MyGrad.

    python asv_bench/peers/eager.py [--only sin] [--rounds 15] [--json FILE]

Run it with a Python that has this package and those of the others that are to be seen;
one that is missing is left out. One thread, float32, a process for all: they take
turns, and a turn's time is the least of a few batches. A time is the median over
turns in microseconds, a ratio that of their time by ours in the same turn: above 1,
ours is faster. Results are held against each other first, the losses of training steps
against log(classes) for their size alone (dropout differs).

MyGrad makes float64 of float32 and a number. HIPS autograd is NumPy where nothing is
recorded. It and MyGrad have no Adam, and their
batch norms keep no running statistics; HIPS autograd has no layers at all. What is
missing is written in NumPy's ops, as in ``networks/traced.py``.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import math
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clock import BATCH
from libraries import LIBRARIES, Array, Call, Library, Ours, installed
from small import micros

ROUNDS = 15
SINS = 50


@dataclass(frozen=True)
class Case:
    """``make(library)`` gives a call or None; it holds ``per`` of what is counted."""

    make: Callable[[Library], Call | None]
    per: int = 1
    random: bool = False  # results need not agree


def _data(shape: tuple[int, ...], count: int = 1) -> list[Array]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for _ in range(count)]


def plain(function: Callable[..., Any], shape: tuple[int, ...], count: int = 1) -> Case:
    """An op that nobody differentiates."""

    def make(library: Library) -> Call | None:
        if not library.plain:
            return None
        args = [library.leaf(a, False) for a in _data(shape, count)]
        return lambda: function(*args)

    return Case(make)


def recorded(function: Callable[..., Any], shape: tuple[int, ...]) -> Case:
    """An op of which one operand requires grad."""

    def make(library: Library) -> Call | None:
        if not library.recorded:
            return None
        x, y = _data(shape, 2)
        args = library.leaf(x, True), library.leaf(y, False) if library.plain else y
        return lambda: function(*args)

    return Case(make)


def gradient(
    function: Callable[..., Any], shape: tuple[int, ...], count: int = 1
) -> Case:
    """Forward and backward of a scalar function."""

    def make(library: Library) -> Call | None:
        if not library.recorded:
            return None
        return library.gradient(function, _data(shape, count))

    return Case(make)


def sins(numpy: bool) -> Case:
    """A chain of them and its gradient."""

    def make(library: Library) -> Call | None:
        sin = library.numpy_sin() if numpy else library.sin()
        if sin is None or not library.recorded:
            return None

        def chain(x: Any) -> Any:
            for _ in range(SINS):
                x = sin(x)
            return x.sum()

        return library.gradient(chain, _data((16,)))

    return Case(make, per=SINS)


def step(size: str) -> Case:
    """Linear + BatchNorm + ReLU + Dropout blocks, cross-entropy, Adam."""
    return Case(lambda library: library.step(size), random=True)


def rosenbrock(x: Any, y: Any) -> Any:
    """Of two numbers."""
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


CASES = {
    "x + x": plain(lambda x: x + x, (16,)),
    "x * 2": plain(lambda x: x * 2, (16,)),
    "8x8 product": plain(lambda x, y: x @ y, (8, 8), 2),
    "sum": plain(lambda x: x.sum(), (16,)),
    "x[2:5]": plain(lambda x: x[2:5], (16,)),
    "8x8 product, recorded": recorded(lambda x, y: x @ y, (8, 8)),
    "x.sum().backward()": gradient(lambda x: x.sum(), (16,)),
    "50 sins, gradient: an op": sins(numpy=False),
    "50 np.sins, gradient: an op": sins(numpy=True),
    "Rosenbrock, gradient": gradient(rosenbrock, (), 2),
    "step XS": step("XS"),
    "step S": step("S"),
}


# Measuring ---------------------------------------------------------------------------


def check(name: str, ways: list[tuple[Library, Call]]) -> None:
    """All compute the same, four times over; a step's loss has the size it must."""
    want: list[Array] | None = None
    for _ in range(4):
        for library, call in ways:
            got = call()
            parts = got if isinstance(got, list | tuple) else [got]
            arrays = [library.array(part) for part in parts]
            if CASES[name].random:
                assert all(0 < float(a) < 9 for a in arrays), (name, library.name)
                continue
            want = want or arrays
            for a, b in zip(arrays, want, strict=True):
                assert a.dtype == np.float32 or library.widens, (name, library.name)
                np.testing.assert_allclose(a, b, 1e-4, 1e-5, err_msg=library.name)


@dataclass
class Row:
    """Microseconds, and ratios above 1 in our favour, by library."""

    case: str
    micros: dict[str, float]
    ratios: dict[str, float]


def measure(name: str, libraries: list[Library], rounds: int, batch: float) -> Row:
    """All that have it in turn, as many calls as fill a batch."""
    made = [(library, CASES[name].make(library)) for library in libraries]
    ways = [(library, call) for library, call in made if call is not None]
    check(name, ways)
    turns = micros([call for _, call in ways], rounds, batch)
    times = [[t / CASES[name].per for t in turn] for turn in turns]
    columns = [*zip(*times, strict=True)]
    names = [library.name for library, _ in ways]
    return Row(
        name,
        {n: statistics.median(c) for n, c in zip(names, columns, strict=True)},
        {
            n: statistics.median(t / o for t, o in zip(c, columns[0], strict=True))
            for n, c in zip(names[1:], columns[1:], strict=True)
        },
    )


def show(row: Row, libraries: list[Library]) -> None:
    cells = []
    for library in libraries:
        micros = row.micros.get(library.name, math.nan)
        ratio = row.ratios.get(library.name)
        given = "-" if math.isnan(micros) else f"{micros:.2f}"
        cells.append(f"{given:>9}" + (f" {ratio:5.2f}" if ratio else " " * 6))
    print(f"{row.case:27} {' '.join(cells)}".rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="WORD", help="cases that have it")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--batch", type=float, default=BATCH, help="seconds of calls")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    names = [name for name in CASES if options.only in name]
    if not names:
        parser.error(f"--only: no case of {', '.join(CASES)} has {options.only!r}")
    libraries = installed((Ours,) if options.ours_only else LIBRARIES)
    heads = (f"{library.name:>9}" + " " * 6 for library in libraries)
    print(f"{'us, and theirs by ours':27} {' '.join(heads)}".rstrip())
    rows = []
    for name in names:
        rows.append(measure(name, libraries, options.rounds, options.batch))
        show(rows[-1], libraries)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
