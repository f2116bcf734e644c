"""Gradients against central differences, with a report that names what is wrong."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd_core.differences import (
    Accuracy,
    Estimate,
    Subject,
    derivative,
    looked_at_again,
)
from autograd_core.hooks import Array
from autograd_core.tensor import Tensor

HEAD = (
    *("input", "shape", "worst at", "analytic", "numeric", "error", "abs", "rel"),
    *("overall", ""),
)
# What the course notes say to a relative difference below these, in float64.
VERDICTS = {1e-7: "good", 1e-5: "look closer", 1e-3: "suspicious"}


class GradcheckError(AssertionError):
    """Raised by a gradcheck that fails; ``report`` says where."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass
class Norms:
    """Lengths of the gradients that were checked, as they grow by a derivative each."""

    gap: float = 0.0  # of analytic - numeric
    analytic: float = 0.0
    numeric: float = 0.0
    noise: float = 0.0  # what rounding may have added to numeric

    def add(self, gap: float, analytic: float, numeric: float, noise: float) -> None:
        self.gap = math.hypot(self.gap, gap)
        self.analytic = math.hypot(self.analytic, analytic)
        self.numeric = math.hypot(self.numeric, numeric)
        self.noise = math.hypot(self.noise, noise)

    @property
    def relative(self) -> float:
        """``||a - n|| / (||a|| + ||n||)``; 0 where both are no more than rounding."""
        total = self.analytic + self.numeric
        return 0.0 if total <= self.noise else self.gap / total


@dataclass
class Row:
    """One input: where the gradient is furthest from the differences.

    ``error`` is the estimated error of ``numeric`` itself, ``step`` the smallest one
    that was taken for it; ``unsure`` counts the failures that ``error`` could explain.
    ``norms`` are of all that was checked but what straddles a kink.
    """

    name: str
    shape: tuple[int, ...]
    position: Any = None
    analytic: float = 0.0
    numeric: float = 0.0
    error: float = 0.0
    step: float = 0.0
    tolerance: float = 0.0
    failures: int = 0
    unsure: int = 0
    kinks: int = 0
    checked: int = 0
    norms: Norms = field(default_factory=Norms)

    @property
    def absolute(self) -> float:
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """``|a - n| / (|a| + |n|)``, the formula of the course notes; 0 for 0/0."""
        total = abs(self.analytic) + abs(self.numeric)
        return self.absolute / total if total else 0.0

    @property
    def distance(self) -> float:
        """``absolute`` for comparisons: a gradient that is NaN is furthest off."""
        return math.inf if math.isnan(self.absolute) else self.absolute

    def take(self, found: Row) -> None:
        """Show this position from now on."""
        self.position, self.tolerance = found.position, found.tolerance
        self.analytic, self.numeric = found.analytic, found.numeric
        self.error, self.step = found.error, found.step

    def note(self) -> str:
        wrong = f"{self.failures} of {self.checked} wrong" if self.failures else "ok"
        unsure = f", {self.unsure} within the error" if self.unsure else ""
        kinks = f", {self.kinks} straddle a kink" if self.kinks else ""
        return wrong + unsure + kinks


@dataclass
class Report:
    """What gradcheck found; true if every gradient agrees.

    Its text has a line for each input, for the worst position in it: the ``analytic``
    derivative that backward gave, the ``numeric`` one by differences and the estimated
    ``error`` of that, how far the two are apart (``abs``), and ``rel``, that by the sum
    of their sizes; ``overall`` is the same with the lengths of all that was checked of
    the input. The last line has that over all inputs.
    """

    rows: list[Row] = field(default_factory=list)
    coarse: bool = False  # float32, which no verdict of the notes is meant for

    def __bool__(self) -> bool:
        return not any(row.failures for row in self.rows)

    @property
    def worst(self) -> Row:
        """The row that is furthest off, measured by its tolerance."""
        return max(
            self.rows,
            key=lambda r: (r.failures > 0, r.distance / max(r.tolerance, 1e-300)),
        )

    @property
    def relative(self) -> float:
        """The one number of the course notes, over all that was checked.

        ``||a - n|| / (||a|| + ||n||)``, the lengths of the two gradients as one vector
        each; what straddles a kink is left out.
        """
        total = Norms()
        for row in self.rows:
            norms = row.norms
            total.add(norms.gap, norms.analytic, norms.numeric, norms.noise)
        return total.relative

    def verdict(self) -> str:
        """The last line: `relative` and what the notes say to it."""
        count = sum(row.checked for row in self.rows)
        text = f"relative difference {self.relative:.1e} of {count:,} derivatives"
        if self.coarse:
            return text
        for limit, word in VERDICTS.items():
            if self.relative < limit:
                return f"{text}: {word} (< {limit:.0e})"
        return f"{text}: wrong (not < {max(VERDICTS):.0e})"

    def __str__(self) -> str:
        lines = [HEAD] + [
            (
                row.name,
                str(row.shape),
                str(row.position),
                f"{row.analytic:.9g}",
                f"{row.numeric:.9g}",
                f"{row.error:.0e}",
                f"{row.absolute:.1e}",
                f"{row.relative:.1e}",
                f"{row.norms.relative:.1e}",
                row.note(),
            )
            for row in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(w.ljust(n) for w, n in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        verdict = "passed" if self else f"FAILED; worst: {self.worst.name}"
        return "\n".join([f"gradcheck {verdict}", *table, self.verdict()])

    __repr__ = __str__


def gradcheck(
    f: Callable[..., Any],
    inputs: Any = (),
    *,
    module: Any = None,
    params: Mapping[str, Tensor] | Sequence[Tensor] | None = None,
    eps: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    per_component: bool = True,
    most: int | None = None,
    seed: int = 0,
    allow_float32: bool = False,
    raise_on_failure: bool = True,
) -> Report:
    """Check the gradients of ``f(*inputs)`` against central differences in float64.

    ``inputs`` is an array, a Tensor, a module, or a tuple of these; float ones are
    checked, others passed on. A list of numbers is one array, as everywhere; any other
    list is like a tuple. ``module`` and ``params`` are what ``f`` captures: their
    parameters are checked as well, by name. The cotangent is random (``seed``) unless
    the output is a scalar. ``per_component=False`` checks one random direction for each
    input, ``most`` at most so many numbers of each, chosen at random. What ``f``
    returns is what is checked, so a penalty in it is included.

    Every evaluation starts from the same generator state and the same buffers (dropout
    masks stay, running statistics do not drift); both are put back in the end.

    The first steps are ``eps * max(1, |x|)``, by default the cube root of the machine
    epsilon, and twice that; the two differences are extrapolated. Where they are too
    far apart (the function bends, or ends, within the step), smaller steps follow until
    the estimated error is small; the report shows it.

    A value passes if ``|a - n| <= atol`` or ``|a - n| / (|a| + |n|) <= rtol`` (the
    relative error of the course notes); by default ``rtol`` is 1e-6 (float32: 2e-2) and
    ``atol`` the rounding noise of the difference. Where the slopes of the two sides
    differ and the gradient lies between them, it straddles a kink: that is counted, and
    no failure.

    Returns a `Report`; raises GradcheckError with it if it fails (unless
    ``raise_on_failure=False``), TypeError for float32 unless ``allow_float32``,
    ValueError for NaN or infinity in inputs or outputs.
    """
    if most is not None and most < 1:
        raise ValueError(f"gradcheck: most must be at least 1, got {most}")
    subject = Subject(f, _separate(f, inputs), module, params, seed)
    subject.refuse(allow_float32)
    machine = max(float(np.finfo(t.dtype).eps) for t in subject.targets.values())
    step = float(np.cbrt(machine)) if eps is None else eps
    limit = (1e-6 if machine < 1e-10 else 2e-2) if rtol is None else rtol
    report = Report(coarse=machine >= 1e-10)
    with subject.kept():
        subject.start()
        accuracy = Accuracy(step, machine * subject.size, limit, atol)
        grads = subject.gradients()
        for name, target in subject.targets.items():
            row = Row(name, target.shape, tolerance=accuracy.tolerance)
            lines = _components if per_component else _direction
            for line in lines(target, grads[name], subject.rng, most):
                _compare(subject, line, row, accuracy)
            report.rows.append(row)
    if raise_on_failure and not report:
        raise GradcheckError(report)
    return report


def _separate(f: Callable[..., Any], inputs: Any) -> Sequence[Any]:
    """The arguments for ``f``; TypeError for a list that is one but meant as two."""
    if isinstance(inputs, tuple):
        return inputs
    if not isinstance(inputs, list):
        return (inputs,)
    if not _is_numbers(inputs):
        return inputs
    try:
        inspect.signature(f).bind(inputs)
    except TypeError:
        raise TypeError(
            "gradcheck: a list of numbers is one array, and the function does not take "
            "one argument; give several inputs as a tuple"
        ) from None
    except ValueError:  # nobody knows what it takes
        pass
    return (inputs,)


def _is_numbers(x: list[Any]) -> bool:
    return bool(x) and all(
        _is_numbers(v)
        if isinstance(v, list)
        else isinstance(v, int | float | np.number)
        for v in x
    )


class Line(NamedTuple):
    """A direction to go from where a target is, and the derivative claimed along it."""

    target: Tensor
    position: Any
    move: Array
    analytic: float

    def scale(self) -> float:
        """How long a step is there."""
        moved = np.abs(self.target._data * self.move)
        return max(1.0, float(np.max(moved, initial=0.0)))


def _components(
    target: Tensor, grad: Array, rng: Any, most: int | None
) -> Iterator[Line]:
    move = np.zeros(target.shape)
    chosen: Any = range(target.size)
    if most is not None and most < target.size:
        chosen = np.sort(rng.choice(target.size, most, replace=False))
    for number in chosen:
        position = tuple(int(i) for i in np.unravel_index(number, target.shape))
        move[position] = 1
        yield Line(target, position, move, float(grad[position]))
        move[position] = 0


def _direction(
    target: Tensor, grad: Array, rng: Any, most: int | None
) -> Iterator[Line]:
    """One random direction of length 1."""
    move = np.asarray(rng.standard_normal(target.shape))
    if target.size:
        move /= np.linalg.norm(move)
        yield Line(target, "a direction", move, float(np.vdot(grad, move)))


def _compare(subject: Subject, line: Line, row: Row, accuracy: Accuracy) -> None:
    """Hold one directional derivative against differences; the worst stays in row."""

    def slope(h: float) -> float:
        return sum(subject.slopes(line.target, line.move, h)) / 2

    scale = line.scale()
    accuracy = accuracy.at(scale)
    found = _held(line, row, derivative(slope, accuracy), accuracy)
    if found.failures:  # look twice before accusing
        near = looked_at_again(slope, accuracy, scale)
        found = _held(line, row, near, accuracy)
    if found.failures and _kink(subject, line, found.step, found.tolerance):
        row.kinks += 1
        row.checked += 1
        return
    if (found.failures, found.distance) >= (row.failures > 0, row.distance):
        row.take(found)
    row.norms.add(found.absolute, found.analytic, found.numeric, accuracy.noise)
    row.failures += found.failures
    row.unsure += found.unsure
    row.checked += 1


def _held(line: Line, row: Row, near: Estimate, accuracy: Accuracy) -> Row:
    """The row of one line alone."""
    if not np.isfinite(near.error):
        raise ValueError(
            f"gradcheck: the output holds NaN or infinity next to {row.name} at "
            f"{line.position}, however near"
        )
    found = Row(row.name, row.shape, line.position, line.analytic, near.value)
    found.error, found.step = near.error, near.step
    found.tolerance = accuracy.tolerance
    right = found.absolute <= found.tolerance or found.relative <= accuracy.rtol
    found.failures = int(not right)
    found.unsure = int(not right and found.absolute <= found.error)
    return found


def _kink(subject: Subject, line: Line, step: float, noise: float) -> bool:
    """Whether the slopes of both sides differ, near and nearer, about the gradient."""
    gaps = []
    for part in (step, step / 10):
        low, high = sorted(subject.slopes(line.target, line.move, part))
        gaps.append(high - low)
        slack = 10 * noise + 1e-3 * (high - low)
        if not low - slack <= line.analytic <= high + slack:
            return False
    # Curvature closes the gap tenfold, and noise opens it tenfold; a kink within the
    # smaller step leaves it.
    return gaps[0] > 100 * noise and 0.5 * gaps[0] < gaps[1] < 2 * gaps[0]
