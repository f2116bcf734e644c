"""Operators and functions of elements are NumPy's: value, dtype and kind of error."""

import math
import operator
import warnings

import numpy as np
import pytest
from operator_cases import ARRAYS, forms

import autograd_core as ag

VALUES = """
x // v
f // 2
7 // x
-7.5 // f
i // j
u // 2
u // j
i // 2.5
x % v
f % 2
7 % x
-7.5 % f
i % j
u % 16
i % 2.5
x // [2.0, 3.0, 4.0]
[2.0, 3.0, 4.0] % x
np.float64(2) // f
np.float32(2) % f
divmod(x, v)
divmod(f, 2)
divmod(7, x)
divmod(i, j)
divmod(j, np.array([4, 5, 6]))
np.divmod(x, v)
i & j
i | j
i ^ j
u & 15
15 | u
3 ^ i
b & c
b | c
b ^ c
b & True
b & i
True ^ b
~i
~u
~b
i << 2
2 << abs(j)
u >> 1
i >> abs(j)
1000 >> abs(j)
(x > 0) & (x < 3)
~(x > 0) | (f == 2.5)
abs(x)
abs(i)
abs(z)
-i
+x
+i
round(x[0, 0])
np.round(x)
np.round(x, 1)
np.round(f, -1)
np.round(i, -1)
np.around(x, decimals=1)
np.fix(x)
np.fix(i)
np.floor(i)
np.ceil(f)
np.trunc(u)
np.rint(i)
np.floor(b)
np.modf(x)
np.modf(n)
np.modf(f)
np.modf(i)
np.frexp(x)
np.frexp(n)
np.frexp(f)
np.ldexp(x, i)
np.ldexp(f, j)
np.ldexp(1.5, j)
np.copysign(x, v)
np.copysign(f, -1)
np.heaviside(x, 0.5)
np.heaviside(f, 1)
np.nextafter(x, 0)
np.nextafter(f, 0)
np.spacing(x)
np.spacing(f)
np.fmax(x, n)
np.fmin(f, 0)
np.fmax(i, j)
np.fmod(i, j)
np.fmod(x, v)
np.remainder(x, v)
np.mod(f, 3)
np.float_power(f, 2)
np.float_power(i, -1)
np.float_power(z, 2)
np.hypot(x, v)
np.hypot(3, f)
np.hypot(f, 0.1)
np.logaddexp(0.1, f)
np.arctan2(0.1, f)
np.arctan2(f, 1)
np.arctan2(i, j)
np.logaddexp(x, f)
np.logaddexp2(x, 1)
np.logaddexp(n, 1)
np.deg2rad(f)
np.radians(i)
np.degrees(x)
np.rad2deg(x)
np.reciprocal(f)
np.reciprocal(u + 1)
np.cbrt(i)
np.exp2(f)
np.sinc(x)
np.sinc(i)
np.i0(f)
np.i0(i)
np.angle(x)
np.angle(f, deg=True)
np.angle(i)
np.angle(z, True)
np.real(x)
np.imag(f)
np.imag(z)
np.conj(x)
np.conjugate(z)
np.real_if_close(z)
np.real_if_close(z + 0j * z)
np.real_if_close(x)
np.nan_to_num(n)
np.nan_to_num(n, nan=1, posinf=2.0, neginf=-2)
np.nan_to_num(x=n, copy=True, nan=v)
np.nan_to_num(i)
np.nan_to_num(np.float32([np.inf, np.nan]) * f[0, :2])
np.nan_to_num(z * np.inf)
np.isclose(x, f)
np.isclose(n, n, equal_nan=True)
np.isclose(x, v, rtol=1, atol=0.5)
np.isclose(i, 7)
np.isclose(u, 3.0)
np.isposinf(n)
np.isneginf(n)
np.isposinf(i)
np.isreal(z)
np.isreal(x)
np.iscomplex(z)
np.isnan(n)
np.isinf(n)
np.isfinite(n)
np.isfinite(i)
np.signbit(x)
np.signbit(i)
np.logical_and(x, i)
np.logical_or(b, 0)
np.logical_xor(i, b)
np.logical_not(x)
np.bitwise_not(i)
np.invert(b)
np.bitwise_count(i)
np.gcd(i, j)
np.gcd(12, i)
np.lcm(i, j)
np.left_shift(i, 1)
np.bitwise_right_shift(i, 1)
np.unwrap(x)
np.unwrap(x, axis=0, period=4)
np.unwrap(i, period=5)
np.unwrap(p=f, discont=1.0)
np.select([x > 1, x < 0], [x, v], 9)
np.select([b, ~b], [i, 2.5])
np.select([c], [f], default=np.float32(3))
np.select([c, ~c], [1, 2])
np.piecewise(x, [x < 0, x >= 0], [-1, 1])
np.piecewise(x, [x < 0, x >= 2], [lambda x: -x, lambda x: x * x, 0.5])
np.piecewise(v, v < 0, [lambda x: -x, lambda x: x + 1])
np.piecewise(v, [c], [lambda x, k: x * k, 7], 3)
np.piecewise(i, [i > 2, i > 5], [2.5, lambda x: x + 1])
np.piecewise(x[0, 0], [x[0, 0] > 0, x[0, 0] < 0], [lambda x: x, 0])
np.interp(x, [0, 1, 2], [1.0, 4.0, 5.0])
np.interp(f, [-3, 1, 2], v, left=7, right=-1)
np.interp(1.0, [0, 1, 2], v)
np.interp(x, [190, -190, 350, -350], [5, 10, 3, 4], period=360)
np.interp(n, [0, 1, 2], v)
np.interp(x, [1.0], v[:1])
np.interp(x, np.array([0, 1, 1, 2]), [1.0, 2.0, 3.0, 5.0])
np.interp(v, xp=[-2.0, 3.0], fp=z[:2])
np.sin(z)
np.tan(z)
np.arctanh(z)
np.log2(z)
np.reciprocal(z)
math.floor((i * -2.5)[0, 0])
math.ceil((i * -2.5)[0, 0])
math.trunc((i * -2.5)[0, 0])
"""

REFUSED = """
x & 1
x | x
f ^ 1
~x
x << 1
i << 1.5
i >> x
b << f
2.5 & i
-b
+b
np.gcd(x, 2)
np.lcm(f, f)
np.bitwise_and(x, i)
np.bitwise_count(x)
np.invert(x)
i // 'a'
x % None
x & None
divmod(x, 'a')
divmod(None, x)
x // np.ones(4)
z % 2
z // 2
np.floor(z)
np.fmod(z, z)
np.cbrt(z)
np.i0(z)
np.isposinf(z)
np.ldexp(x, v)
np.ldexp(x, np.array([1, 2]))
np.spacing(z)
np.round(x, 1.5)
np.select([x > 1], [x, v], 9)
np.select([i], [x])
np.select([], [])
np.piecewise(x, [x > 0], [1, 2, 3])
np.interp(x, [0, 1], [1.0, 2.0, 3.0])
np.interp(x, [], [])
np.interp(x, [0, 1], v[:2], period=0)
np.hypot(z, 1)
np.heaviside(z, 1)
math.floor(i * 2.5)
math.trunc(i * 2.5)
"""


def leaf(array):
    return ag.tensor(array, requires_grad=array.dtype.kind == "f")


def evaluate(form, make, names=ARRAYS):
    given = {name: make(ARRAYS[name].copy()) for name in names}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return eval(form, {"np": np, "math": math, **given})  # noqa: S307


def same(got, expected, form):
    if isinstance(expected, tuple):
        assert isinstance(got, tuple), form
        assert len(got) == len(expected), form
        for one, other in zip(got, expected, strict=True):
            same(one, other, form)
        return
    if isinstance(expected, int) and not isinstance(expected, bool):
        assert got == expected, form
        return
    assert isinstance(got, ag.Tensor), form
    got, expected = got.data, np.asarray(expected)
    assert got.dtype == expected.dtype, form
    assert got.shape == expected.shape, form
    rtol = 4e-7 if expected.dtype.name in ("float32", "complex64") else 1e-15
    np.testing.assert_allclose(got, expected, rtol=rtol, err_msg=form)
    if expected.dtype.kind == "f" and "sin" not in form:
        signed = ~np.isnan(expected)
        np.testing.assert_array_equal(
            np.signbit(got[signed]), np.signbit(expected[signed]), err_msg=form
        )


@forms(VALUES)
def test_a_form_is_numpys(form):
    same(evaluate(form, leaf), evaluate(form, np.asarray), form)


@forms(REFUSED)
def test_a_form_is_an_error_as_numpys_is(form):
    with pytest.raises((TypeError, ValueError)) as ours:
        evaluate(form, leaf)
    assert len(str(ours.value)) > 10
    with pytest.raises(ours.type):
        evaluate(form, np.asarray)


@pytest.mark.parametrize("op", ["and", "or", "xor", "lshift", "rshift", "invert"])
def test_the_error_of_a_float_names_the_op(op):
    names = {"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"}
    names |= {"lshift": "left_shift", "rshift": "right_shift"}
    x = ag.tensor([1.0])
    given = [x] if op == "invert" else [x, 1]
    with pytest.raises(TypeError, match=names.get(op, op)):
        getattr(operator, f"__{op}__")(*given)


def test_plus_is_a_copy():
    x = ag.tensor([1.0, 2.0])
    y = +x
    y[0] = 9.0
    assert x.tolist() == [1, 2]


def test_a_division_of_integers_by_0_warns_as_numpys():
    for op in (operator.floordiv, operator.mod):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert op(ag.tensor([1]), 0).tolist() == [0]
