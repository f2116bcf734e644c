"""scipy.special on Tensors: every row by the checks of the op table, and its face.

Nothing in the first half names an op: a new row is covered as it stands.
"""

import subprocess
import sys

import autograd.scipy.special
import numpy as np
import pytest
import test_ops
import test_ops_layouts
import test_program
from op_cases import (
    DTYPES,
    cases,
    close,
    copies,
    cotangent,
    draw,
    extremes,
    gradients,
    value,
)

import autograd_core as ag
from autograd_core.samples import Arg

sc = pytest.importorskip("scipy.special")

from autograd_core import special  # noqa: E402

ALL = cases(special.TABLE)
EVERY = pytest.mark.parametrize(("op", "sample"), ALL)
EVERY_DIFFERENTIABLE = pytest.mark.parametrize(
    ("op", "sample"), [c for c in ALL if c.values[0].differentiable]
)


# The table -------------------------------------------------------------------------


@EVERY_DIFFERENTIABLE
@pytest.mark.parametrize(
    "check",
    [
        test_ops.test_gradient_is_the_central_difference,
        test_ops.test_graph_of_the_gradient_has_its_values,
        test_ops.test_second_derivative_is_the_difference_of_the_first,
        test_ops.test_each_gradient_alone_is_the_one_among_all,
    ],
    ids=lambda check: check.__name__.removeprefix("test_"),
)
def test_gradients(check, op, sample, rng):
    check(op, sample, rng)


@EVERY
def test_float32_is_float64_rounded(op, sample, rng):
    test_ops.test_float32_values_and_gradients_are_those_of_float64(op, sample, rng)


@EVERY
@DTYPES
def test_dtype_in_is_dtype_out(op, sample, dtype, rng):
    if any(isinstance(a, Arg) and a.kind == "int" for a in sample.args):
        pytest.skip("integers, which are not weak, make float64")
    test_ops.test_dtype_in_is_dtype_out(op, sample, dtype, rng)


@EVERY
@pytest.mark.parametrize(
    "layout", [test_ops_layouts.sliced, test_ops_layouts.zero_strides]
)
def test_layout_changes_nothing(op, sample, layout, rng):
    test_ops_layouts.test_layout_changes_nothing(op, sample, np.float64, layout, rng)


@pytest.mark.parametrize(("op", "sample"), list(extremes(special.TABLE)))
def test_empty_and_single_axes(op, sample, rng):
    test_ops_layouts.test_empty_and_single_axes(op, sample, rng)


@EVERY
@DTYPES
def test_replays_are_eagers_bits(op, sample, dtype):
    test_program.test_every_op_replays_to_the_bits_of_eager(op, sample, dtype)


# The face --------------------------------------------------------------------------


def tensor(x):
    return ag.tensor(np.asarray(x, float), requires_grad=True)


def test_ufuncs_of_scipy_are_answered_by_the_function_of_their_name():
    for name in special.__all__:
        function = getattr(sc, name)
        if isinstance(function, np.ufunc):
            assert special.UFUNCS[function] is getattr(special, name)
            assert getattr(special, name).__doc__
    assert {op.ufunc for op in special.TABLE.values()} <= {None, *special.UFUNCS}


@EVERY
def test_values_are_scipys(op, sample, rng):
    """Through the protocol, and through the function."""
    ufunc = op.ufunc or getattr(sc, op.name, None)
    if ufunc is None:
        pytest.skip("a packed form of its own")
    args = draw(sample, rng)
    got = op(*copies(args))
    np.testing.assert_allclose(got, ufunc(*args), rtol=1e-15)
    if op.ufunc:
        given = [ag.tensor(a) if isinstance(a, np.ndarray) else a for a in args]
        out = ufunc(*given)
        assert isinstance(out, ag.Tensor)
        np.testing.assert_array_equal(out.data, got)


@pytest.mark.parametrize("name", ["expit", "expm1", "log1p"])
@DTYPES
def test_what_has_a_kernel_is_scipys_too(name, dtype):
    x = np.array([-30, -0.9, -1e-9, 0, 1e-9, 0.5, 30], dtype)
    x = x[1:] if name == "log1p" else x
    got = getattr(sc, name)(ag.tensor(x)).data
    expected = getattr(sc, name)(x)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["sici", "shichi", "fresnel", "airy"])
def test_several_results(name):
    x = tensor([[0.5, 1.5], [2.5, 0.7]])
    f = getattr(sc, name)
    outs, expected = f(x), f(x.data)
    assert len(outs) == len(expected)
    for out, wanted in zip(outs, expected, strict=True):
        np.testing.assert_array_equal(out.data, wanted)
    assert ag.gradcheck(lambda t: sum(k * y for k, y in enumerate(f(t), 2)), x)


def test_arguments_and_methods_of_ufuncs():
    x, y = tensor([0.5, 1.5]), tensor([2.0, 0.7, 1.1])
    out = sc.beta.outer(x, y)
    np.testing.assert_array_equal(out.data, sc.beta.outer(x.data, y.data))
    assert ag.gradcheck(lambda x, y: sc.beta.outer(x, y), [x, y])
    room = np.zeros(2)
    assert sc.erf(x.detach(), out=room) is room
    np.testing.assert_array_equal(room, sc.erf(x.data))
    with pytest.raises(TypeError, match="out= is not supported where the result has"):
        sc.erf(x, out=room)


PARAMETERS = {
    "gammainc": (sc.gammainc, (1.5, 2.0), 0),
    "betainc": (sc.betainc, (1.5, 2.0, 0.3), 1),
    "jv": (sc.jv, (1.5, 2.0), 0),
    "hyp2f1": (sc.hyp2f1, (1.5, 2.0, 1.2, 0.3), 2),
    "stdtr": (sc.stdtr, (3.5, 2.0), 0),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_without_a_derivative_say_so(name):
    ufunc, values, i = PARAMETERS[name]
    given = [tensor(v) if j == i else v for j, v in enumerate(values)]
    with pytest.raises(ValueError, match=f"{name}: not differentiable in"):
        ufunc(*given).backward()


def test_an_unknown_ufunc_is_named_as_scipys():
    with pytest.raises(TypeError, match=r"scipy\.special\.tklmbda has no derivative"):
        sc.tklmbda(tensor([0.3]), 1.0)


def test_xlogy_where_it_is_zero_is_pytorchs():
    x, y = tensor([0, 0, 0, 2]), tensor([0, -1, 2, 3])
    sc.xlogy(x, y).sum().backward()
    np.testing.assert_allclose(x.grad.data, [0, 0, np.log(2), np.log(3)], rtol=1e-15)
    np.testing.assert_allclose(y.grad.data, [0, 0, 0, 2 / 3], rtol=1e-15)


# function, points, gradients there: limits by hand
POINTS = {
    "exprel": (sc.exprel, [0.0, 1e-9], [0.5, 0.5]),
    "i1": (sc.i1, [0.0], [0.5]),
    "i1e": (sc.i1e, [0.0], [0.5]),
    "i0e": (sc.i0e, [0.0], [0.0]),
    "j1": (sc.j1, [0.0], [0.5]),
    "rgamma": (sc.rgamma, [0.0, -1.0, -2.0, -3.0], [1.0, -1.0, 2.0, -6.0]),
    "ellipk": (sc.ellipk, [0.0], [np.pi / 8]),
    "ellipe": (sc.ellipe, [0.0], [-np.pi / 8]),
    "spence": (sc.spence, [1.0], [-1.0]),
    "cbrt": (sc.cbrt, [0.0], [np.inf]),
    "log_expit": (sc.log_expit, [-800.0, 800.0], [1.0, 0.0]),
    "log_ndtr": (sc.log_ndtr, [-1e4, 40.0], [1e4, 0.0]),
    "huber": (lambda r: sc.huber(1.0, r), [-1.0, 0.0, 1.0, 3.0], [-1, 0, 1, 1]),
    "entr": (sc.entr, [0.0], [np.inf]),
    "boxcox": (lambda x: sc.boxcox(x, 0.0), [2.0], [0.5]),
    "boxcox by lambda": (lambda m: sc.boxcox(2.0, m), [0.0], [np.log(2) ** 2 / 2]),
    "expn": (lambda x: sc.expn(0, x), [1.0], [-2 / np.e]),
    "psi": (sc.psi, [-0.5], [np.pi**2 / 2 + 4]),
    "trigamma": (sc.psi, [2.0], [np.pi**2 / 6 - 1]),
}


@pytest.mark.parametrize("name", POINTS)
def test_gradient_at_a_point(name):
    function, points, expected = POINTS[name]
    x = tensor(points)
    with np.errstate(all="ignore"):
        function(x).sum().backward()
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-7, atol=1e-300)


# HIPS autograd ---------------------------------------------------------------------

HIPS = {
    name: function
    for name, function in vars(autograd.scipy.special).items()
    if hasattr(function, "fun") and hasattr(sc, name)
}


def test_all_that_hips_autograd_differentiates_is_here():
    assert len(HIPS) >= 29
    assert set(HIPS) <= set(special.__all__)


@EVERY_DIFFERENTIABLE
def test_gradient_agrees_with_hips_autograd(op, sample, rng):
    reference = HIPS.get(op.name)
    if reference is None:
        pytest.skip("HIPS autograd has no such function")
    args = draw(sample, rng)
    g = cotangent(value(op, sample, args), rng)
    for i, grad in enumerate(gradients(op, sample, args, g)):
        if grad is not None:
            try:
                pull, _ = autograd.make_vjp(reference, i)(*args)
            except NotImplementedError:
                continue  # a parameter that it does not differentiate
            expected = test_ops.summed_to(pull(g), grad.shape)  # it may not
            close(grad, expected, 1e-12, f"input {i}")


# Functions of Python ---------------------------------------------------------------

M = np.random.default_rng(3).standard_normal((3, 4))
B = np.random.default_rng(4).uniform(0.5, 2.0, (3, 4))
B[1, 1] = B[2, 0] = 0.0
AXES = [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": (1,)}]


def of_python():
    for axis in AXES:
        for keepdims in (False, True):
            yield "logsumexp", (M,), {**axis, "keepdims": keepdims}
            yield "logsumexp", (M,), {**axis, "keepdims": keepdims, "b": B}
        yield "softmax", (M,), axis
        yield "log_softmax", (M,), axis
    yield "logsumexp", (M[0, 0],), {}
    if np.shape(sc.logsumexp(0.0, keepdims=True)):  # new SciPy: of a number
        yield "logsumexp", (M[0, 0],), {"keepdims": True}
        yield "logsumexp", (M[0, 0],), {"axis": 0, "keepdims": True, "b": 2.0}
    yield "logsumexp", (M[0],), {"b": [0.5, -2.0, 1.0, 3.0]}
    yield "logsumexp", (M * 1000,), {"axis": 1, "b": B}
    yield "softmax", (M[0, 0],), {}
    for d in (1, 2, 3):
        yield "multigammaln", (M**2 + 1.1, d), {}
    yield "polygamma", (2, M**2 + 0.5), {}
    yield "softplus", (M * 30,), {}


OF_PYTHON = list(of_python())


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    OF_PYTHON,
    ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(OF_PYTHON)],
)
def test_functions_of_python(name, args, kwargs, rng):
    ours, theirs = getattr(special, name), getattr(sc, name, None)
    if theirs is None:
        pytest.skip("not in this SciPy")
    place = 1 if name == "polygamma" else 0

    def f(x):
        given = [x if i == place else a for i, a in enumerate(args)]
        return ours(*given, **kwargs)

    expected = theirs(*args, **kwargs)
    out = f(tensor(args[place]))
    assert out.shape == np.shape(expected)
    np.testing.assert_allclose(out.data, expected, rtol=1e-13, atol=1e-14)
    assert ag.gradcheck(f, tensor(args[place]))
    weights = rng.standard_normal(out.shape)
    pulled = ag.grad(lambda x: (f(x) * weights).sum())
    assert ag.gradcheck(pulled, tensor(args[place]))
    if "b" not in kwargs:
        assert f(ag.tensor(args[place], dtype=np.float32)).dtype == np.float32


def test_logsumexp_with_sign_and_with_weights_that_require_grad():
    a, b = tensor(M), tensor(B)
    out, sign = special.logsumexp(a, axis=1, b=-b, return_sign=True)
    expected = sc.logsumexp(M, axis=1, b=-B, return_sign=True)
    np.testing.assert_allclose(out.data, expected[0], rtol=1e-14)
    np.testing.assert_array_equal(sign.data, expected[1])
    assert ag.gradcheck(lambda a, b: special.logsumexp(a, axis=1, b=b), [a, b])
    far = special.logsumexp(tensor([0.0, 1e4]), b=[1.0, 0.0])
    assert far.item() == 0.0


def test_special_is_an_attribute_too():
    assert ag.special is special
    with pytest.raises(AttributeError, match="'autograd_core' has no attribute 'spe'"):
        ag.spe  # noqa: B018


# Without SciPy ---------------------------------------------------------------------


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_scipy_is_not_imported_unasked():
    code = """
import sys, numpy as np, autograd_core as ag
t = ag.tensor([1.0, 2.0], requires_grad=True)
np.exp(t).sum().backward()
try:
    np.frexp(t)
except TypeError:
    pass
sys.exit("scipy.special" in sys.modules or "autograd_core.special" in sys.modules)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_the_error_names_what_to_install():
    code = "import sys; sys.modules['scipy'] = None; from autograd_core import special"
    done = run(code)
    assert done.returncode == 1
    assert "ImportError: autograd_core.special needs SciPy: pip install" in done.stderr
