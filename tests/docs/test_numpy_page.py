"""docs/numpy.md: its lists are the tables, its code runs, its sentences hold."""

import math
import re

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.special
import scipy.stats
from pages import blocks_of, check_block, check_names, text_of

import autograd_core as ag
from autograd_core import nn
from autograd_core.numpy_functions.table import BARE, FUNCTIONS, UFUNCS

TEXT = text_of("numpy.md")


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)[1]


# Its code --------------------------------------------------------------------------

BLOCKS = blocks_of(TEXT)
N = r"-?\d+\.?\d*"
PRINTED = [
    rf"tensor\(\[ *{N}, +{N}, +{N}\], dtype=float64\)\n\(3, 3\)\n",
    r"tensor\(16\., .*\)\n\(3, 2\) tensor\(\[1\., 2\., 8\.\].*\n"
    r"tensor\(\[2\.718\d+, 7\.389\d+ *, 0\. *\]",
    rf"tensor\(\[{N} *, +{N}\], dtype=float64\)\n",
    r"tensor\(6\.-8\.j, .*\ntensor\(\[2\.\+4\.j\], .*\ntensor\(\[ *6\., 12\., 18\.\]",
    r"tensor\(\[ +6\., +12\., 225\.\], dtype=float64\)\n",
    r"check_op expm passed\n",
]


@pytest.mark.parametrize("i", range(len(PRINTED)))
def test_its_code_runs(i, tmp_path):
    check_block(BLOCKS[i], PRINTED[i], tmp_path)


def test_every_block_is_run_and_every_name_exists():
    assert len(BLOCKS) == len(PRINTED)
    check_names(TEXT)


# Its lists -------------------------------------------------------------------------

SPACES = {
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.lib.stride_tricks": np.lib.stride_tricks,
    "scipy.special": scipy.special,
    "ag.special": ag.special,
}
WORKS = section("What works")
LISTS = re.findall(r"^- ([^`]*?(?:`(\S+)`)?[^`]*) `([^`]+)`", WORKS, re.M)


def listed(keep):
    """The functions of the lists whose label is kept, one by one."""
    names = [
        (SPACES.get(space, np), name)
        for label, space, names in LISTS
        if keep(label)
        for name in names.split()
    ]
    assert len(names) == len(set(names)), "named twice"
    return [getattr(space, name) for space, name in names]


def named(functions):
    return sorted(f"{f.__module__}.{f.__name__}" for f in functions)


def of_scipy(label):
    return ".special" in label


def test_the_lists_are_the_tables():
    mine = listed(lambda label: not of_scipy(label) and "NumPy's own" not in label)
    table = {*FUNCTIONS, *UFUNCS}
    assert named(set(mine) - table) == []
    assert named(table - set(mine)) == [], "not in docs/numpy.md"
    assert set(listed(lambda label: "NumPy's own" in label)) == BARE


def test_the_lists_of_scipy_are_its_table():
    mine = " ".join(names for label, _, names in LISTS if of_scipy(label))
    assert set(mine.split()) == set(ag.special.__all__)
    ufuncs = listed(lambda label: "`scipy.special`" in label)
    assert set(ufuncs) == set(ag.special.UFUNCS)


WITHOUT = "Tensors:", "Numbers:", "a number:"
ELEMENTS = np.array([[1.5, 0.25], [-0.5, 2.0]])


def leaf(x=ELEMENTS):
    return ag.tensor(np.array(x, float), requires_grad=True)


def grad_of(results):
    results = results if isinstance(results, tuple | list) else [results]
    return any(getattr(r, "requires_grad", False) for r in results)


INTEGERS = {
    np.bitwise_and, np.bitwise_count, np.bitwise_or, np.bitwise_xor, np.gcd, np.invert,
    np.lcm, np.left_shift, np.right_shift,
}  # fmt: skip


def test_those_without_a_gradient_have_none():
    for f in listed(lambda label: any(word in label for word in WITHOUT)):
        if f not in INTEGERS:
            more = {np.argpartition: (1,), np.isclose: (1.0,)}.get(f, ())
            two = getattr(f, "nin", 1) == 2
            assert not grad_of(f(leaf(), *(more or ([1.0, 2.0],) * two))), f


def test_the_others_have_one_where_one_argument_is_enough():
    seen = 0
    for f in listed(
        lambda label: label.startswith(("Elementwise", "Reductions", "Along", "Shapes"))
    ):
        if getattr(f, "nin", 1) == 1 and f not in (np.corrcoef, np.where):
            try:
                with np.errstate(all="ignore"):
                    result = f(leaf())
            except (TypeError, ValueError):
                continue  # it needs another argument
            seen += 1
            assert grad_of(result), f
    assert seen > 80


def test_steps_have_gradient_0():
    for f in listed(lambda label: "in steps" in label):
        x = leaf()
        f(x, *([1.0] * (getattr(f, "nin", 1) - 1))).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), 0)


@pytest.mark.parametrize("name", ["gammainc", "betainc", "jv"])
def test_orders_are_refused(name):
    f = getattr(scipy.special, name)
    with pytest.raises(ValueError, match="not differentiable in"):
        f(leaf(), *[0.5] * (f.nin - 1)).sum().backward()


# What is refused -------------------------------------------------------------------

REFUSED = {
    "np.array([t, u])": lambda t: np.array([t, t]),
    "np.asarray(t)": np.asarray,
    "np.full(3, t)": lambda t: np.full(3, t),
    "np.r_[t, u]": lambda t: np.r_[t, t],
    "np.c_[t, u]": lambda t: np.c_[t, t],
    "array[0] = t": lambda t: np.zeros(2).__setitem__(0, t),
    "math.sin(t)": math.sin,
    "float(t)": float,
    "np.sum([t, u])": lambda t: np.sum([t, t]),
    "scipy.stats.norm.logpdf(t)": scipy.stats.norm.logpdf,
    "scipy.linalg.solve(a, t)": lambda t: scipy.linalg.solve(np.eye(1), t[None]),
    "scipy.integrate.odeint(f, t, x)": lambda t: scipy.integrate.odeint(
        lambda y, x: -y, t, np.arange(2.0)
    ),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_leaves_the_graph_is_refused(how):
    assert f"`{how}`" in TEXT
    t = leaf(2.0) * 1.5
    with pytest.raises((RuntimeError, ValueError)) as caught:
        REFUSED[how](t)
    cause = caught.value.__cause__ or caught.value  # NumPy wraps what float() raises
    assert "would lose its gradient" in str(cause)
    with ag.no_grad():
        REFUSED[how](t)
    REFUSED[how](t.detach())


def test_what_takes_the_place_of_it():
    t = leaf(2.0)
    y = ag.zeros(3)
    y[0] = t
    for made in (
        np.stack([t, t]), np.ones(3) * t, y,
        np.concatenate([t[None], [1.0]]), np.column_stack([t[None], [1.0]]),
        np.sum(np.stack([t, t])), [1.0, 2.0] * t, np.block([[t, t]]),
    ):  # fmt: skip
        assert made.requires_grad


def test_functions_that_are_not_listed():
    with pytest.raises(TypeError, match=r"np\.roots has no derivative"):
        np.roots(leaf([1.0, 2.0]))
    assert type(np.roots(leaf([1.0, 2.0]).detach())) is np.ndarray
    for f in (np.unique, np.histogram):
        with pytest.raises(RuntimeError, match="would lose its gradient"):
            f(leaf())


def test_arguments_that_are_refused():
    t = leaf()
    for call in (
        lambda: np.exp(t, out=np.zeros((2, 2))),
        lambda: np.exp(t, where=ELEMENTS > 0),
        lambda: np.add.reduceat(t, [0]),
        lambda: np.multiply.at(t * 1, 0, 2.0),
        lambda: np.exp(t, order="F"),
        lambda: np.exp(t, casting="unsafe"),
    ):
        with pytest.raises(TypeError):
            call()
    np.exp(t, order="K", casting="same_kind", subok=True)
    np.exp(t.detach(), out=np.zeros((2, 2)))


def test_dtypes():
    single = ag.tensor([1.0])
    assert (single + np.ones(1)).dtype == np.float64
    assert (single * 2.5).dtype == np.float32
    assert np.sqrt(ag.tensor([1, 2])).dtype == np.float64
    assert ag.tensor(1.1).dtype == np.float32
    assert ag.grad(np.sin)(1.1).dtype == np.float64
    assert ag.grad(np.sin)(np.float32(1.1)).dtype == np.float32
    for dtype in (np.float16, np.longdouble):
        with pytest.raises(TypeError):
            ag.tensor(np.zeros(2, dtype))


def test_results_that_are_no_real_number():
    for f in (lambda x: x > 0, lambda x: np.exp(1j * x)):
        with pytest.raises(TypeError, match="must return a real number"):
            ag.grad(f)(1.0)
    with pytest.warns(UserWarning, match="does not depend on its input"):
        assert ag.grad(lambda x: 3.0)(1.0).item() == 0


# At kinks --------------------------------------------------------------------------

ROWS = re.findall(
    r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)`", section("At kinks and poles"), re.M
)
CONSTANTS = {"nan": np.nan, "inf": np.inf}


@pytest.mark.parametrize(("f", "at", "right"), ROWS)
def test_gradients_at_kinks(f, at, right):
    place = eval(f"dict({at})", CONSTANTS)  # noqa: S307 - the page is ours
    leaves = {name: leaf(value) for name, value in place.items()}
    with np.errstate(all="ignore"):
        result = eval(f, {"np": np, "nn": nn}, leaves)  # noqa: S307
    result.sum().backward()
    right = eval(f"({right},)", CONSTANTS)  # noqa: S307
    for x, expected in zip(leaves.values(), right, strict=True):
        np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_every_row_of_the_table_is_tested():
    rows = re.findall(r"^\| ", section("At kinks and poles"), re.M)
    assert len(ROWS) == len(rows) - 1


# Complex numbers -------------------------------------------------------------------


def test_complex_leaves_are_refused_and_reductions():
    with pytest.raises(TypeError, match="float32 and float64 tensors have gradients"):
        ag.tensor(np.array([1j]), requires_grad=True)
    refused = re.search(r"^(`median`.*?) of complex", TEXT, re.M)[1]
    for name in re.findall(r"`(\w+)`", refused):
        with pytest.raises(TypeError, match=r"complex|real numbers"):
            getattr(np, name)(np.exp(1j * leaf()))


def test_the_convention_of_complex_gradients():
    """``dL/dx - i dL/dy``, against central differences."""
    z, h = 0.3 + 0.7j, 1e-6

    def f(z):
        return np.real(np.exp(z) * np.conj(z)) + np.imag(z**3)

    x, y = ((f(z + d) - f(z - d)) / (2 * h) for d in (h, 1j * h))
    np.testing.assert_allclose(ag.grad(f)(z).item(), x - 1j * y, rtol=1e-8)


# HIPS autograd ---------------------------------------------------------------------


def test_names_for_users_of_hips_autograd():
    table = section("For users of HIPS autograd")
    for name in ("value_and_grad", "elementwise_grad", "jacobian", "hessian"):
        assert f"`{name}`" in table
        assert hasattr(ag, name)
    _value, pullback = ag.vjp(np.sin, 0.5)
    assert isinstance(pullback(1.0), tuple)
    assert ag.jvp(np.sin, (0.5,), (1.0,))[1].item() == ag.grad(np.sin)(0.5).item()
    ag.hvp(np.sin, 0.5, 1.0)
    ag.checkpoint(np.sin, leaf(0.5))
    with pytest.raises(TypeError):
        ag.grad(np.sin)(2)
    slope = ag.vjp(np.sin, np.array(0.5 + 1j))[1](1 + 0j)[0].item()
    np.testing.assert_allclose(slope, np.cos(0.5 + 1j), rtol=1e-14)
