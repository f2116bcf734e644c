"""NumPy's functions in compiled ones: eager's bits at each replay, or an error.

The forms are those of the other tests, and below those that are not among them.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.linalg import LinAlgError

pytest.importorskip("autograd")

import linalg_forms
import numpy_array_forms
import numpy_forms
import test_fft
import test_numpy_sums

import autograd_core as ag
from autograd_core.numpy_functions.table import FUNCTIONS, UFUNCS
from autograd_core.protocols import name_of

CALLS = 6  # two are recorded, four replayed


def lines(*texts: str) -> list[str]:
    return [line for text in texts for line in text.splitlines() if line]


MORE = lines("""
np.angle(c)
np.around(x, 1)
np.i0(x)
np.imag(c)
np.real(c)
np.real_if_close(x)
np.fix(x * 3)
np.interp(x, [0.0, 1.0, 2.0], v)
np.interp(x, np.cumsum(v), v)
np.isclose(x, x + 1e-9)
np.iscomplex(c)
np.nan_to_num(np.log(x - 0.4))
np.piecewise(x, [x < 0.5, x > 0.8], [1.0, np.sin, 3.0])
np.round(x, 2)
np.select([x < 0.5, x > 0.8], [x, 2 * x], 9.0)
np.sinc(x)
np.unwrap(5 * x)
""")
WRITES = lines("""
np.copyto(y, x)
np.copyto(y, v, where=x > 0.5)
np.fill_diagonal(y, v[:2])
np.place(y, x > 0.5, v)
np.put(y, [4, 1, 1], v)
np.put(y, j, x)
np.put_along_axis(y, np.argsort(x, 1)[:, :2], x[:, 1:], 1)
np.put_along_axis(y, j, v[:1], 1)
np.putmask(y, x > 0.5, v)
np.add.at(y, (j[:, 0], [0, 1]), v[:2])
np.add(x, 1.0, out=y)
np.multiply(x, y, out=y, where=x > 0.5)
""")
UNIT = np.array([[0.25, 0.9, 0.5], [0.125, 0.75, 0.375]])
BASIC = {
    "x": UNIT,
    "v": np.array([0.25, 1.5, 0.75]),
    "c": UNIT + 1j * UNIT[::-1],
    "j": np.array([[0, 1, 0], [1, 0, 1]]),
    "f": UNIT.astype(np.float32),
}


def of_ufuncs() -> list[str]:
    """A form of each, which takes floats of ``x``, or else integers of ``j``."""
    forms = []
    for ufunc in UFUNCS:
        takes = "x" if any(types[0] in "fd" for types in ufunc.types) else "j"
        one = {"arccosh": "1 + x", "ldexp": "x"}.get(ufunc.__name__, takes)
        two = "j" if ufunc.__name__ == "ldexp" else f"{one}[::-1]"
        two = f"{one}.T" if ufunc.signature else two
        arguments = one if ufunc.nin == 1 else f"{one}, {two}"
        forms.append(f"np.{ufunc.__name__}({arguments})")
    return forms


ROLLED = {
    "values": (
        lines(numpy_forms.VALUES),
        numpy_forms.ARRAYS,
        numpy_forms.OTHERS,
    ),
    "arrays": (
        lines(
            numpy_array_forms.MOVING,
            numpy_array_forms.PLACES,
            numpy_array_forms.INDICES,
        ),
        numpy_forms.ARRAYS,
        numpy_forms.OTHERS,
    ),
    "fft": (test_fft.FORMS, test_fft.ARRAYS, {"F": np.fft}),
    "sums": (
        test_numpy_sums.SMOOTH,
        test_numpy_sums.data(np.random.default_rng(1)),
        test_numpy_sums.OTHERS,
    ),
    "more": (MORE, BASIC, {"np": np}),
    "ufuncs": (of_ufuncs(), BASIC, {"np": np}),
}
SCALED = (
    lines(linalg_forms.VALUES),
    linalg_forms.ARRAYS,
    {"np": np, "L": np.linalg},
)
# Their results, or the shapes of those, are of the values.
REFUSED = re.compile(
    r"""\b(argwhere|array2string|array_repr|array_str|array_equiv|bincount|
    compress|count_nonzero|diag_indices_from|digitize|extract|flatnonzero|histogram|
    iscomplexobj|isin|ix_|lexsort|matrix_rank|nanargmax|nonzero|piecewise|place|put|
    putmask|repeat|searchsorted|tril_indices_from|trim_zeros|unique|unravel_index|
    where)\(""",
    re.VERBOSE,
)
MASKS = re.compile(r"\[.*(\bm\b|>|logical).*\]|\.(compress|repeat)\(")


def names_in(form: str, arrays: Mapping[str, Any]) -> list[str]:
    names = [*compile(form, "form", "eval").co_names, "x" if form in WRITES else ""]
    return [name for name in arrays if name in names]


def changed(array: Any, k: int, how: str) -> Any:
    """Other values for the k-th call: floats in another order, or larger ones."""
    array = np.asarray(array)
    if how == "scaled" and array.dtype.kind in "fc":
        return np.asarray(array * (1 + k / 8), array.dtype)
    return np.roll(array, k) if array.ndim and how == "rolled" else array.copy()


def flat(out: Any) -> list[Any]:
    """The results that can be compared: those of numbers."""
    if isinstance(out, list | tuple):
        return [one for part in out for one in flat(part)]
    return [out] if isinstance(out, ag.Tensor | np.ndarray | np.generic) else []


def step(form: str, arrays: Mapping[str, Any], others: Mapping[str, Any]) -> Any:
    """A function that evaluates a form, and its gradients; its arguments' names."""
    names = names_in(form, arrays)
    code = [
        f"def step({', '.join(names)}):",
        *[
            f"    {n} = ag.tensor({n}, requires_grad={n}.dtype.kind == 'f')"
            for n in names
        ],
        *(["    y = x * 2"] if form in WRITES else []),
        f"    out = {form}",
        "    outs = flat(y if out is None else out)",
        "    total = losses(outs)",
        "    if total is not None:",
        "        total.backward()",
        f"    return outs, [one.grad for one in ({''.join(f'{n}, ' for n in names)})]",
    ]
    scope = {**others, "ag": ag, "flat": flat, "losses": losses}
    exec(compile("\n".join(code), f"<{form}>", "exec"), scope)  # noqa: S102
    return scope["step"], names


def losses(outs: list[Any]) -> Any:
    """A number of all outputs that have gradients; None if there are none."""
    total = None
    for i, one in enumerate(outs):
        if isinstance(one, ag.Tensor) and one.requires_grad:
            part = np.sum(np.real(one) ** 2 * (i + 1) + np.real(one) + np.imag(one) * 3)
            total = part if total is None else total + part
    return total


def bits(result: Any) -> Any:
    return [
        None if one is None else (a.dtype, a.shape, a.tobytes())
        for part in result
        for one in part
        for a in [np.asarray(one.data if isinstance(one, ag.Tensor) else one)]
    ]


def may_refuse(form: str) -> bool:
    return bool(MASKS.search(form) or REFUSED.search(form))


def check(form: str, arrays: Any, others: Any, how: str) -> str:
    eager, names = step(form, arrays, others)
    given = [[changed(arrays[n], k, how) for n in names] for k in range(CALLS)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = [eager(*map(np.copy, args)) for args in given]
        except (ValueError, IndexError, RuntimeError):
            if how == "rolled":  # integers and bools that may not move
                return check(form, arrays, others, "scaled")
            return "refused"  # by eager
        compiled = ag.compile(eager, strict=True)
        for args, right in zip(given, expected, strict=True):
            try:
                got = compiled(*args)
            except LinAlgError:
                singular = re.search(r"(cond|lstsq)\(.*outer|lstsq\(F", form)
                return "refused" if singular else "raises"
            except RuntimeError as error:
                named = "traced tensor" in str(error) and f"<{form}>" in str(error)
                return "refused" if named and may_refuse(form) else str(error)
            if bits(got) != bits(right):
                return "other bits"
    return "replayed"


def outcomes(forms: Any, arrays: Any, others: Any, how: str) -> Counter[str]:
    found = {form: check(form, arrays, others, how) for form in forms}
    good = {"replayed", "refused"}
    assert [pair for pair in found.items() if pair[1] not in good] == []
    return Counter(found.values())


@pytest.mark.parametrize("kind", ROLLED)
def test_replays_with_values_in_another_order(kind: str) -> None:
    forms, arrays, others = ROLLED[kind]
    found = outcomes(forms, arrays, others, "rolled")
    assert found["replayed"] > 0.8 * found.total()


def test_replays_of_linear_algebra() -> None:
    forms, arrays, others = SCALED
    outcomes(forms, arrays, others, "scaled")


def test_replays_of_writes() -> None:
    outcomes(WRITES, BASIC, {"np": np}, "rolled")


def test_every_function_of_the_table_is_here() -> None:
    lists = [forms for forms, *_ in ROLLED.values()]
    text = " ".join(form for forms in [*lists, SCALED[0], WRITES] for form in forms)
    text = text.replace("F.", "np.fft.").replace("L.", "np.linalg.")
    for function in [*FUNCTIONS, *UFUNCS]:
        assert f"{name_of(function)}(" in text
