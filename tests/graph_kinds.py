"""The kinds of step of which `random_graphs` are made, each for three libraries.

A kind draws its arguments (numbers of earlier values) and parameters (plain data, as
graphs are printed as JSON), and has a function for NumPy, one for ours, which is
NumPy's own unless said otherwise, and one for PyTorch. It refuses arguments near a kink
or outside its domain, so that central differences and other libraries' subgradients
mean the same. In PyTorch dtypes are promoted as NumPy does it, by hand.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_core.nn import functional as F
from autograd_core.ops import TABLE

Array = np.ndarray[Any, Any]
Params = dict[str, Any]
Drawn = tuple[tuple[int, ...], Params] | None
Run = Callable[..., Any]
GAP = 1e-3  # from a kink


class Draw:
    """Arguments and parameters by chance, out of what there is."""

    def __init__(self, rng: np.random.Generator, values: list[Array]) -> None:
        self.rng, self.values = rng, values

    def int(self, low: int, high: int) -> int:
        """Both included."""
        return int(self.rng.integers(low, max(low, high) + 1))

    def flag(self) -> bool:
        return bool(self.rng.random() < 0.5)

    def choice(self, options: Any) -> Any:
        return options[self.int(0, len(options) - 1)]

    def number(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 3)

    def one(self, test: Callable[[Array], bool]) -> int | None:
        """A value that passes, late ones more often than early ones."""
        known = [i for i, value in enumerate(self.values) if test(value)]
        return known[-1 - int(len(known) * self.rng.random() ** 2)] if known else None

    def where(self, *tests: Callable[..., bool]) -> tuple[int, ...] | None:
        """Values of which each passes its test, given those before it."""
        found: list[int] = []
        for test in tests:
            before = [self.values[i] for i in found]
            at = self.one(lambda v, test=test, before=before: test(*before, v))
            if at is None:
                return None
            found.append(at)
        return tuple(found)

    def axes(self, ndim: int, several: bool = True) -> Any:
        """None, an axis or a list of them, some counted from the end."""
        pick = self.int(0, 2 if several else 1)
        if not ndim or not pick:
            return None
        if pick == 1:
            return self.int(-ndim, ndim - 1)
        some = self.rng.permutation(ndim)[: self.int(1, ndim)]
        return [int(axis) - ndim * self.flag() for axis in some]


@dataclass(frozen=True)
class Kind:
    """See the file's docstring."""

    draw: Callable[[Draw], Drawn]
    numpy: Run  # (params, *arrays)
    torch: Run  # (torch, params, *tensors)
    ours: Run | None = None  # (params, *Tensors)
    fine: Callable[..., bool] = lambda p, *xs: True
    mixed: bool = False  # takes bare arrays beside Tensors
    constant: bool = False  # what it gives counts as constant
    feature: str | None = None  # drawn only if asked for


KINDS: dict[str, Kind] = {}


def wide(*xs: Array) -> bool:
    """The last is float64; float32 is left to what does not round."""
    return xs[-1].dtype == np.float64


def real(*xs: Array) -> bool:
    return xs[-1].dtype.kind == "f"


def together(a: Array, b: Array) -> bool:
    """They broadcast, to float64."""
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return bool(np.result_type(a, b) == np.float64)


def like(torch: Any, *xs: Any) -> list[Any]:
    """In one dtype, promoted as NumPy does it."""
    dtypes = [np.dtype(str(x.dtype).removeprefix("torch.")) for x in xs]
    dtype = getattr(torch, np.result_type(*dtypes).name)
    return [x.to(dtype) for x in xs]


def axis_of(p: Params) -> Any:
    axis = p["axis"]
    return tuple(axis) if isinstance(axis, list) else axis


# One operand -------------------------------------------------------------------------

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _np_elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _np_selu(x: Array) -> Array:
    return 1.0507009873554805 * _np_elu(x, 1.6732632423543772)


def _np_gelu_tanh(x: Array) -> Array:
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _small(x: Array) -> bool:
    return bool(x.max() < 3)


def _positive(x: Array) -> bool:
    return bool(x.min() > 0.05)


def _kink(x: Array) -> bool:
    return bool(abs(x).min() > GAP)


def _above(low: float) -> Callable[[Array], bool]:
    return lambda x: bool(x.min() > low)


def _method(name: str) -> Run:
    return lambda x: getattr(x, name)()


def _functional(name: str, **given: Any) -> Run:
    """PyTorch's."""
    return lambda torch, x: getattr(torch.nn.functional, name)(x, **given)


def _named(name: str) -> Run:
    return lambda torch, x: getattr(torch, name)(x)


UNARY: dict[str, tuple[Run, Run | None, Run, Callable[[Array], bool] | None]] = {
    "sin": (np.sin, None, _named("sin"), None),
    "cos": (np.cos, None, _named("cos"), None),
    "neg": (operator.neg, None, _named("neg"), None),
    "exp": (np.exp, _method("exp"), _named("exp"), _small),
    "np.exp": (np.exp, None, _named("exp"), _small),
    "expm1": (np.expm1, None, _named("expm1"), _small),
    "log": (np.log, None, _named("log"), _positive),
    "log1p": (np.log1p, None, _named("log1p"), _above(-0.9)),
    "sqrt": (np.sqrt, _method("sqrt"), _named("sqrt"), _positive),
    "square": (np.square, None, _named("square"), None),
    "abs": (abs, None, _named("abs"), _kink),
    "sign": (np.sign, None, _named("sign"), _kink),
    "tanh": (np.tanh, None, _named("tanh"), None),
    "erf": (_erf, TABLE["erf"], _named("erf"), None),
    "sigmoid": (
        lambda x: 1 / (1 + np.exp(-x)), _method("sigmoid"), _named("sigmoid"), None,
    ),
    "relu": (lambda x: np.maximum(x, 0), _method("relu"), _named("relu"), _kink),
    "leaky_relu": (
        lambda x: np.where(x > 0, x, 0.01 * x), F.leaky_relu,
        _functional("leaky_relu"), _kink,
    ),
    "elu": (_np_elu, F.elu, _functional("elu"), _kink),
    "selu": (_np_selu, F.selu, _functional("selu"), _kink),
    "silu": (lambda x: x / (1 + np.exp(-x)), F.silu, _functional("silu"), None),
    "softplus": (
        lambda x: np.logaddexp(x, 0), F.softplus, _functional("softplus"),
        lambda x: bool(x.max() < 19),
    ),
    "gelu": (
        lambda x: x * (1 + _erf(x / np.sqrt(2))) / 2, F.gelu, _functional("gelu"), None,
    ),
    "gelu tanh": (
        _np_gelu_tanh, lambda x: F.gelu(x, approximate="tanh"),
        _functional("gelu", approximate="tanh"), None,
    ),
    "clone": (np.copy, _method("clone"), _named("clone"), None),
}  # fmt: skip


def one(test: Callable[[Array], bool]) -> Callable[[Draw], Drawn]:
    def draw(d: Draw) -> Drawn:
        found = d.where(test)
        return found and (found, {})

    return draw


for _name, (_numpy, _ours, _torch, _domain) in UNARY.items():
    KINDS[_name] = Kind(
        one(wide),
        numpy=lambda p, x, run=_numpy: run(x),
        ours=lambda p, x, run=_ours or _numpy: run(x),
        torch=lambda torch, p, x, run=_torch: run(torch, x),
        fine=lambda p, x, test=_domain: test is None or test(x),
    )

OPERATORS: dict[str, Run] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow,
}  # fmt: skip


def _draw_scalar(d: Draw) -> Drawn:
    found, op = d.where(wide), d.choice([*OPERATORS])
    c = d.choice([2, 3, -1, 0.5, 2.0, d.number(0.2, 2)])
    return found and (found, {"op": op, "c": c, "left": d.flag()})


def _scalar(p: Params, x: Any) -> Any:
    both = (p["c"], x) if p["left"] else (x, p["c"])
    return OPERATORS[p["op"]](*both)


def _fine_scalar(p: Params, x: Array) -> bool:
    if p["op"] == "/" and p["left"]:
        return bool(abs(x).min() > 0.05)
    if p["op"] != "**":
        return True
    if p["left"]:
        return p["c"] > 0 and _small(x)
    return p["c"] in (2, 3) or _positive(x)


KINDS["scalar"] = Kind(
    _draw_scalar, _scalar, lambda torch, p, x: _scalar(p, x), fine=_fine_scalar
)


def _draw_clip(d: Draw) -> Drawn:
    low, high = d.number(-1, 0), d.number(0.1, 1)
    bounds = d.choice([(low, high), (low, None), (None, high)])
    found = d.where(wide)
    return found and (found, {"bounds": list(bounds), "method": d.flag()})


def _clip(p: Params, x: Any) -> Any:
    return x.clip(*p["bounds"]) if p["method"] else np.clip(x, *p["bounds"])


KINDS["clip"] = Kind(
    _draw_clip,
    _clip,
    lambda torch, p, x: x.clamp(*p["bounds"]),
    fine=lambda p, x: all(_kink(x - b) for b in p["bounds"] if b is not None),
)

# Two operands ------------------------------------------------------------------------


def _any(x: Array) -> bool:
    return True


def _differ(a: Array, b: Array) -> bool:
    return a.dtype != b.dtype and together(a, b)


def _draw_binary(d: Draw) -> Drawn:
    """A third of them of two dtypes, where there are any."""
    found = (d.int(0, 2) == 0 and d.where(_any, _differ)) or d.where(_any, together)
    flip = d.flag()
    return found and (found[::-1] if flip else found, {"ufunc": d.flag()})


def _binary(run: Run, ufunc: Run) -> Run:
    return lambda p, a, b: (ufunc if p["ufunc"] else run)(a, b)


def _apart(p: Params, a: Array, b: Array) -> bool:
    return _kink(a - b.astype(float))


def _fine_pow(p: Params, a: Array, b: Array) -> bool:
    """Not of float32 beside float64: the rule rounds; feature "powers" has them."""
    return wide(a) and (wide(b) or not real(b)) and _fine_powers(p, a, b)


def _fine_powers(p: Params, a: Array, b: Array) -> bool:
    return real(a) and _positive(a) and bool(abs(b).max() < 3)


def _fine_sub(p: Params, a: Array, b: Array) -> bool:
    return a.dtype != bool and b.dtype != bool


BINARY: dict[str, tuple[Run, Run, str, Callable[..., bool]]] = {
    "add": (operator.add, np.add, "add", lambda p, a, b: True),
    "sub": (operator.sub, np.subtract, "sub", _fine_sub),
    "mul": (operator.mul, np.multiply, "mul", lambda p, a, b: True),
    "div": (
        operator.truediv, np.divide, "div", lambda p, a, b: bool(abs(b).min() > 0.05),
    ),
    "pow": (operator.pow, np.power, "pow", _fine_pow),
    "maximum": (np.maximum, np.maximum, "maximum", _apart),
    "minimum": (np.minimum, np.minimum, "minimum", _apart),
}  # fmt: skip

for _name, (_operator, _ufunc, _theirs, _test) in BINARY.items():
    KINDS[_name] = Kind(
        _draw_binary,
        _binary(_operator, _ufunc),
        lambda torch, p, a, b, name=_theirs: getattr(torch, name)(*like(torch, a, b)),
        fine=_test,
        mixed=True,
    )

KINDS["greater"] = Kind(
    _draw_binary,
    _binary(operator.gt, np.greater),
    lambda torch, p, a, b: torch.gt(*like(torch, a, b)),
    fine=_apart,
    mixed=True,
)
KINDS["mixed pow"] = replace(KINDS["pow"], fine=_fine_powers, feature="powers")
# Drawn twice as often as others, as much goes wrong where shapes meet.
KINDS["mul again"], KINDS["add again"] = KINDS["mul"], KINDS["add"]


def _draw_where(d: Draw) -> Drawn:
    def fits(c: Array, a: Array, b: Array) -> bool:
        return together(a, b) and together(c, np.broadcast_arrays(a, b)[0] * 1.0)

    found = d.where(lambda c: c.dtype == bool, real, fits)
    return found and (found, {})


KINDS["where"] = Kind(
    _draw_where,
    lambda p, c, a, b: np.where(c, a, b),
    lambda torch, p, c, a, b: torch.where(c, *like(torch, a, b)),
    mixed=True,
)
