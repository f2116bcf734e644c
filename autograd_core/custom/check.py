"""``check_op``: what the library's tests ask of its own ops, of one of the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd_core.custom.bounds import all_units
from autograd_core.custom.cutting import Cutter, WrongError
from autograd_core.gradcheck import gradcheck
from autograd_core.hooks import Array, listen
from autograd_core.program import compile
from autograd_core.tensor import Tensor
from autograd_core.transforms import vjp

EPS = float(np.finfo(np.float32).eps)


class OpReport:
    """What `check_op` found: ``rows`` of (what, what is wrong or ""); true if none.

    ``remarks`` tell of what is not wrong, but slow.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[tuple[str, str]] = []
        self.remarks: list[str] = []

    def __bool__(self) -> bool:
        return not any(wrong for _, wrong in self.rows)

    def __str__(self) -> str:
        width = max(len(what) for what, _ in self.rows)
        lines = [f"  {what:{width}}  {wrong or 'ok'}" for what, wrong in self.rows]
        verdict = "passed" if self else "FAILED"
        lines += [f"  remark: {remark}" for remark in self.remarks]
        return "\n".join([f"check_op {self.name} {verdict}", *lines])

    __repr__ = __str__


class CheckError(AssertionError):
    """Raised by a `check_op` that fails; ``report`` says where."""

    def __init__(self, report: OpReport) -> None:
        super().__init__(str(report))
        self.report = report


class Case:
    """An op, and how it is called here: float64 inputs, options, a cotangent."""

    def __init__(self, op: Any, inputs: Sequence[Any], attrs: dict[str, Any]) -> None:
        self.op, self.attrs = op, attrs
        self.remarks: list[str] = []
        self.name = getattr(op, "name", getattr(op, "__name__", "op"))
        self.rng = np.random.default_rng(0)
        self.inputs = [x._data if isinstance(x, Tensor) else x for x in inputs]
        if not any(map(_is_float, self.inputs)):
            raise TypeError("check_op: needs at least one float32 or float64 array")
        self.inputs = self.cast(np.float64)
        self.wanted = self._differentiable()
        first = self.op(*self.inputs, **attrs)
        self.outs = tuple(first) if isinstance(first, tuple) else (first,)
        draw = self.rng.standard_normal
        self.g = [np.asarray(draw(np.shape(out))) for out in self.outs]

    def _differentiable(self) -> list[int]:
        vjps = getattr(self.op, "vjps", None) or ()
        named = getattr(self.op, "variadic", True) or not vjps
        return [
            i
            for i, x in enumerate(self.inputs)
            if _is_float(x) and (named or (i < len(vjps) and vjps[i] is not None))
        ]

    def cast(self, dtype: Any) -> list[Any]:
        return [x.astype(dtype) if _is_float(x) else x for x in self.inputs]

    def of(self, inputs: Sequence[Any]) -> Callable[..., Any]:
        """The op as a function of the inputs that have a gradient."""
        return self.over(self.op, inputs)

    def over(self, op: Any, inputs: Sequence[Any]) -> Callable[..., Any]:
        def f(*given: Any) -> Any:
            args = list(inputs)
            for i, x in zip(self.wanted, given, strict=True):
                args[i] = x
            return op(*args, **self.attrs)

        return f

    def chosen(self, inputs: Sequence[Any]) -> list[Any]:
        return [inputs[i] for i in self.wanted]

    def results(self, inputs: Sequence[Any], op: Any = None) -> list[Array]:
        """Values and gradients."""
        f = self.over(op or self.op, inputs)
        if not self.wanted:
            out = f()
            return [np.asarray(x) for x in (out if isinstance(out, tuple) else (out,))]
        out, pull = vjp(f, *self.chosen(inputs))
        outs = tuple(out) if isinstance(out, tuple) else (out,)
        g = [np.asarray(g, x.dtype) for g, x in zip(self.g, outs, strict=True)]
        grads = pull(tuple(g) if isinstance(out, tuple) else g[0])
        return [x.numpy() for x in (*outs, *grads)]

    def labels(self) -> list[str]:
        many = len(self.outs) > 1
        outs = [f"output {i}" if many else "the value" for i in range(len(self.outs))]
        return outs + [f"the gradient by input {i}" for i in self.wanted]


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"


# Checks ------------------------------------------------------------------------------


def _gradient(case: Case) -> None:
    if case.wanted:
        gradcheck(case.of(case.inputs), tuple(case.chosen(case.inputs)))


def _second(case: Case) -> None:
    """The gradient's own gradient, by differences of it."""
    if not case.wanted:
        return
    f, given = case.of(case.inputs), case.chosen(case.inputs)
    probes = [case.rng.standard_normal(np.shape(x)) for x in given]

    def probed(*xs: Any) -> Any:
        out, pull = vjp(f, *xs)
        grads = pull(tuple(case.g) if isinstance(out, tuple) else case.g[0])
        terms = [(g * p).sum() for g, p in zip(grads, probes, strict=True)]
        return sum(terms[1:], terms[0]) + 0.0 * sum((x * 0.0).sum() for x in xs)

    gradcheck(probed, tuple(given))


def _single(case: Case) -> None:
    """float32 in gives float32, with the digits that it has."""
    inputs = case.cast(np.float32)
    exact = case.results([x.astype(float) if _is_float(x) else x for x in inputs])
    for i, (what, x, y) in enumerate(
        zip(case.labels(), case.results(inputs), exact, strict=True)
    ):
        if x.dtype != np.float32:
            raise WrongError(f"{what} of float32 inputs is {x.dtype}")
        _near(x, y, (16 if i < len(case.outs) else 64) * EPS, f"{what} in float32")


def _near(x: Array, y: Array, rtol: float, what: str) -> None:
    if x.shape != y.shape:
        raise WrongError(f"{what} has shape {x.shape}, not {y.shape}")
    scale = max(1.0, float(np.max(np.abs(y), initial=0.0)))
    off = float(np.max(np.abs(x - y), initial=0.0)) / scale
    if not off <= rtol:
        raise WrongError(f"{what} is off by {off:.1e} (allowed: {rtol:.1e})")


def _composition(case: Case) -> None:
    """The op against its composition: float64, and errors in float32."""
    composed = getattr(case.op, "composed", None)
    if composed is None:
        return
    mine, other = case.results(case.inputs), case.results(case.inputs, composed)
    for what, x, y in zip(case.labels(), mine, other, strict=True):
        _near(x, y, 1e-12, f"{what}, by the composition,")
    inputs = case.cast(np.float32)
    double = [x.astype(float) if _is_float(x) else x for x in inputs]
    exact = case.results(double, composed)
    runs = case.results(inputs), case.results(inputs, composed), exact
    for what, x, y, z in zip(case.labels(), *runs, strict=True):
        error, usual = (float(np.max(np.abs(a - z), initial=0.0)) for a in (x, y))
        rounding = float(np.spacing(np.float32(np.max(np.abs(z), initial=0.0))))
        if not error <= max(3 * usual, 2 * rounding):
            raise WrongError(
                f"{what} in float32 is off by {error:.1e}, "
                f"the composition by {usual:.1e}"
            )


def _layouts(case: Case) -> None:
    """The same bits whatever the strides of the inputs."""
    expected = case.results(case.inputs)
    for how, turned in LAYOUTS.items():
        inputs = [turned(x) if isinstance(x, np.ndarray) else x for x in case.inputs]
        found = case.results(inputs)
        for what, x, y in zip(case.labels(), found, expected, strict=True):
            _alike(x, y, f"{what} of {how} inputs")


def _alike(x: Array, y: Array, what: str) -> None:
    if x.shape != y.shape or x.dtype != y.dtype or x.tobytes() != y.tobytes():
        raise WrongError(f"{what} has other bits")


def _strided(x: Array) -> Array:
    wide = np.repeat(x, 2, -1) if x.ndim else x
    return wide[..., ::2] if x.ndim else x


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "Fortran-ordered": np.asfortranarray,
    "strided": _strided,
    "reversed": lambda x: np.flip(np.flip(x).copy()),
}


def _empty(case: Case) -> None:
    """Elementwise ops of nothing give nothing."""
    if getattr(case.op, "elementwise", False):
        inputs = [np.empty((0, 3)) if _is_float(x) else x for x in case.inputs]
        out = case.op(*inputs, **case.attrs)
        if np.shape(out) != (0, 3):
            raise WrongError(f"of shape (0, 3) it gives {np.shape(out)}")


def _program(case: Case) -> None:
    """A Program gives eager's bits, for other values too."""
    places = [i for i, x in enumerate(case.inputs) if _is_float(x)]

    def f(*floats: Any) -> Any:
        inputs = list(case.inputs)
        for i, x in zip(places, floats, strict=True):
            inputs[i] = x
        if not case.wanted:
            return case.op(*inputs, **case.attrs)
        out, pull = vjp(case.of(inputs), *case.chosen(inputs))
        return out, pull(tuple(case.g) if isinstance(out, tuple) else case.g[0])

    fast = compile(f, strict=True)
    for n in range(4):
        given = [case.inputs[i] * (1 - 0.01 * n) for i in places]
        pairs = zip(_flat(fast(*given)), _flat(f(*map(Tensor, given))), strict=True)
        for what, (x, y) in zip(case.labels(), pairs, strict=True):
            _alike(x, y, f"{what} of a replay")
    if fast.program is None:
        raise WrongError("no Program was made")


def _flat(tree: Any) -> Iterator[Array]:
    if isinstance(tree, tuple | list):
        for x in tree:
            yield from _flat(x)
    else:
        yield tree.numpy() if isinstance(tree, Tensor) else np.asarray(tree)


def _cuts(case: Case) -> None:
    """Kernels write what is theirs, wherever their work is cut."""
    watcher: Any = Cutter(case.remarks)
    expected = case.results(case.inputs)
    f, chosen = case.of(case.inputs), case.chosen(case.inputs)
    with listen(watcher):
        found = [f()] if not case.wanted else None
        if found is None:
            out, pull = vjp(f, *chosen)
            found = [out, pull(tuple(case.g) if isinstance(out, tuple) else case.g[0])]
    for what, x, y in zip(case.labels(), _flat(found), expected, strict=True):
        _alike(x, y, f"{what}, with memory that held NaN before,")


CHECKS: dict[str, Callable[[Case], None]] = {
    "the gradient, by differences": _gradient,
    "its gradient, by differences": _second,
    "float32": _single,
    "the composition": _composition,
    "layouts": _layouts,
    "no elements": _empty,
    "kernels cut in parts": _cuts,
    "a Program": _program,
}


def check_op(
    op: Any, *inputs: Any, order: int = 2, raise_on_failure: bool = True, **attrs: Any
) -> OpReport:
    """Hold an op of your own to what the library's ops are held to.

    ``inputs`` are arrays as it takes them, ``attrs`` its options. Its gradient, and
    (``order=2``) the gradient of that, are compared with central differences in
    float64; values and gradients in float32 with those in float64; both with the
    composition, if it has one; other strides, sizes of 0, kernels that are cut in
    parts, and replays of a Program must give the same bits. No element may be written
    in two parts. That a kernel makes arrays is a remark.

    Returns an `OpReport`; raises CheckError with it if something is wrong, unless
    ``raise_on_failure=False``. Raises whatever a call of the op raises: IndexError for
    kernels that leave their arrays, in whichever unit.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> cube = ag.elementwise(lambda x: x * x * x)
    >>> bool(ag.check_op(cube, np.array([1.0, -2.0, 0.5])))
    True
    """
    with all_units():
        report = _checked(Case(op, inputs, attrs), order)
    if raise_on_failure and not report:
        raise CheckError(report)
    return report


def _checked(case: Case, order: int) -> OpReport:
    report = OpReport(case.name)
    for what, check in CHECKS.items():
        if check is _second and order < 2:
            continue
        try:
            check(case)
            wrong = ""
        except Exception as error:
            wrong = str(error) if isinstance(error, WrongError) else _told(error)
        report.rows.append((what, wrong))
    report.remarks = list(dict.fromkeys(case.remarks))
    return report


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", "\n    ")
