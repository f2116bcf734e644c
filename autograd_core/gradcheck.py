"""Gradients against central differences, with a report that names what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.grad import walk
from autograd_core.hooks import Array
from autograd_core.random import default_generator
from autograd_core.tape import TensorBase, grad_mode
from autograd_core.tensor import Tensor, tensor


class GradcheckError(AssertionError):
    """Raised by a gradcheck that fails; ``report`` says where."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass
class Row:
    """One input: where the gradient is furthest from the differences."""

    name: str
    shape: tuple[int, ...]
    position: Any = None
    analytic: float = 0.0
    numeric: float = 0.0
    tolerance: float = 0.0
    failures: int = 0
    kinks: int = 0
    checked: int = 0

    @property
    def absolute(self) -> float:
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """``|a - n| / (|a| + |n|)``, the formula of the course notes; 0 for 0/0."""
        total = abs(self.analytic) + abs(self.numeric)
        return self.absolute / total if total else 0.0

    def note(self) -> str:
        wrong = f"{self.failures} of {self.checked} wrong" if self.failures else "ok"
        kinks = f", {self.kinks} straddle a kink" if self.kinks else ""
        return wrong + kinks


@dataclass
class Report:
    """What gradcheck found; true if every gradient agrees."""

    rows: list[Row] = field(default_factory=list)

    def __bool__(self) -> bool:
        return not any(row.failures for row in self.rows)

    @property
    def worst(self) -> Row:
        """The row that is furthest off, measured by its tolerance."""
        return max(self.rows, key=lambda r: (r.failures > 0, r.absolute / r.tolerance))

    def __str__(self) -> str:
        head = ("input", "shape", "worst at", "analytic", "numeric", "abs", "rel", "")
        lines = [head] + [
            (
                row.name,
                str(row.shape),
                str(row.position),
                f"{row.analytic:.9g}",
                f"{row.numeric:.9g}",
                f"{row.absolute:.1e}",
                f"{row.relative:.1e}",
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
        return "\n".join([f"gradcheck {verdict}", *table])


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
    seed: int = 0,
    allow_float32: bool = False,
    raise_on_failure: bool = True,
) -> Report:
    """Check the gradients of ``f(*inputs)`` against central differences in float64.

    ``inputs`` is an array, a Tensor, a module, or a tuple of these; float ones are
    checked, others passed on. ``module`` and ``params`` are what ``f`` captures: their
    parameters are checked as well, by name. The cotangent is random (``seed``) unless
    the output is a scalar. ``per_component=False`` checks one random direction for each
    input. What ``f`` returns is what is checked, so a penalty in it is included.

    Every evaluation starts from the same generator state and the same buffers (dropout
    masks stay, running statistics do not drift); both are put back in the end.

    The step is ``eps * max(1, |x|)``, by default the cube root of the machine epsilon.
    A value passes if ``|a - n| <= atol`` or ``|a - n| / (|a| + |n|) <= rtol`` (the
    relative error of the course notes); by default ``rtol`` is 1e-6 (float32: 2e-2) and
    ``atol`` the rounding noise of the difference. Where the slopes of the two sides
    differ and the gradient lies between them, it straddles a kink: that is counted, and
    no failure.

    Returns a `Report`; raises GradcheckError with it if it fails, TypeError for float32
    unless ``allow_float32``, ValueError for NaN or infinity in inputs or outputs.
    """
    given = inputs if isinstance(inputs, tuple | list) else (inputs,)
    check = _Check(f, given, module, params, seed)
    check.refuse(allow_float32)
    machine = max(float(np.finfo(t.dtype).eps) for t in check.targets.values())
    step = float(np.cbrt(machine)) if eps is None else eps
    limit = (1e-6 if machine < 1e-10 else 2e-2) if rtol is None else rtol
    with check.kept():
        value, size = check.value(), check.size
        if value != check.value():
            raise ValueError(
                "gradcheck: the function gives different values for the same inputs; "
                "its randomness must come from autograd_core"
            )
        noise = 50 * machine * size / step if atol is None else atol
        grads = check.gradients()
        report = Report()
        for name, target in check.targets.items():
            row = Row(name, target.shape, tolerance=noise)
            moves = _components(target) if per_component else check.direction(target)
            for position, move in moves:
                analytic = float(np.vdot(grads[name], move))
                _compare(check, target, position, move, analytic, row, step, limit)
            report.rows.append(row)
    if raise_on_failure and not report:
        raise GradcheckError(report)
    return report


def _components(target: Tensor) -> Iterator[tuple[Any, Array]]:
    move = np.zeros(target.shape)
    for position in np.ndindex(target.shape):
        move[position] = 1
        yield position, move
        move[position] = 0


def _compare(
    check: _Check,
    target: Tensor,
    position: Any,
    move: Array,
    analytic: float,
    row: Row,
    step: float,
    rtol: float,
) -> None:
    """Hold one directional derivative against differences; the worst stays in row."""
    before, after = check.slopes(target, move, step)
    numeric = (before + after) / 2
    found = Row(row.name, row.shape, position, analytic, numeric, row.tolerance)
    wrong = not (found.absolute <= row.tolerance or found.relative <= rtol)
    if wrong and _kink(check, target, move, analytic, step, row.tolerance):
        row.kinks += 1
        wrong = False
    elif (wrong, found.absolute) >= (row.failures > 0, row.absolute):
        row.position, row.analytic, row.numeric = position, analytic, numeric
    row.failures += wrong
    row.checked += 1


def _kink(
    check: _Check,
    target: Tensor,
    move: Array,
    analytic: float,
    step: float,
    noise: float,
) -> bool:
    """Whether the slopes of both sides differ, near and nearer, about the gradient."""
    gaps = []
    for part in (step, step / 10):
        low, high = sorted(check.slopes(target, move, part))
        gaps.append(high - low)
        slack = 10 * noise + 1e-3 * (high - low)
        if not low - slack <= analytic <= high + slack:
            return False
    # Curvature closes the gap tenfold; a kink within the smaller step leaves it.
    return gaps[0] > 100 * noise and gaps[1] > 0.5 * gaps[0]


class _Check:
    """The function, what it reads, and how to evaluate it twice alike."""

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
            if not np.isfinite(one._data).all():
                raise ValueError("gradcheck: the output holds NaN or infinity")
        if self.seeds is None:
            self.seeds = [self._seed(one) for one in outs]
        return outs

    def _seed(self, out: Tensor) -> Array:
        if out._data.ndim == 0:
            return np.ones((), out.dtype)
        return self.rng.standard_normal(out.shape).astype(out.dtype)

    def value(self) -> float:
        """The outputs times their cotangents, summed in float64."""
        with grad_mode(False):
            outs = self.outputs()
        assert self.seeds is not None
        terms = [
            np.multiply(out._data, seed, dtype=np.float64)
            for out, seed in zip(outs, self.seeds, strict=True)
        ]
        self.size = max(1e-3, float(sum(np.abs(term).sum() for term in terms)))
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

    def direction(self, target: Tensor) -> Iterator[tuple[Any, Array]]:
        """One random direction of length 1."""
        move = np.asarray(self.rng.standard_normal(target.shape))
        if target.size:
            yield "a direction", move / np.linalg.norm(move)

    def slopes(self, target: Tensor, move: Array, step: float) -> tuple[float, float]:
        """Difference quotients to both sides, by the steps that were really taken."""
        data, saved = target._data, target._data.copy()
        step *= max(1.0, float(np.max(np.abs(saved * move), initial=0.0)))
        try:
            middle = self.value()
            data[...] = saved + step * move
            up, above = self.value(), _taken(data, saved, move)
            data[...] = saved - step * move
            down, below = self.value(), -_taken(data, saved, move)
        finally:
            data[...] = saved
        return (middle - down) / below, (up - middle) / above


def _taken(data: Array, saved: Array, move: Array) -> float:
    """The step along ``move`` that is left after rounding."""
    moved = data.astype(np.float64) - saved.astype(np.float64)
    return float(np.vdot(moved, move) / np.vdot(move, move))
