"""Operators that update, flat ones, gradients by every argument, and replays."""

import operator

import numpy as np
import pytest
from operator_cases import ARRAYS, forms

import autograd_core as ag

IN_PLACE = """
x //= 2
x //= v
x %= 2
f %= np.float64(1.5)
i //= j
i %= 3
i &= 3
i |= j
i ^= j
b &= c
b |= True
b ^= c
i <<= 2
i >>= 1
u &= 7
u //= 2
x &= 1
i //= 2.5
i %= 1.5
i &= 1.5
b <<= 1
u //= j
j //= i
"""


def written(form, make):
    name, how, value = form.split()
    target = make(ARRAYS[name].copy())
    value = eval(value, {"np": np, **{n: make(a) for n, a in ARRAYS.items()}})  # noqa: S307
    before = target
    with np.errstate(all="ignore"):
        after = INPLACE_OPERATORS[how](target, value)
    assert after is before
    return np.asarray(getattr(after, "data", after))


INPLACE_OPERATORS = {
    "//=": operator.ifloordiv,
    "%=": operator.imod,
    "&=": operator.iand,
    "|=": operator.ior,
    "^=": operator.ixor,
    "<<=": operator.ilshift,
    ">>=": operator.irshift,
}


@forms(IN_PLACE)
def test_in_place_is_numpys(form):
    try:
        expected = written(form, np.asarray)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        with pytest.raises(kind):
            written(form, ag.tensor)
        return
    got = written(form, ag.tensor)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_a_result_of_an_op_that_is_updated_keeps_its_graph():
    x = ag.tensor(np.array([5.0, 7.0]), requires_grad=True)
    y = x * 2
    y %= 3
    y //= 0.25
    z = x * 1
    z %= x * 0.3
    (y.sum() + (z * [1.0, 10.0]).sum()).backward()
    np.testing.assert_allclose(x.grad.data, [1 - 3 * 0.3, 10 * (1 - 3 * 0.3)])


def test_round_is_differentiated_as_flat():
    x = ag.tensor(np.array([1.26, 2.5]), requires_grad=True)
    assert round(x, 1).tolist() == [1.3, 2.5]
    assert round(x).tolist() == [1, 2]
    (round(x, 1) * x).sum().backward()
    assert x.grad.tolist() == [1.3, 2.5]


# Gradients by all arguments ----------------------------------------------------------

FUNCTIONS = {
    "interp": (lambda x, xp, fp: np.interp(x, xp, fp), "xpf"),
    "interp ends": (lambda x, xp, fp: np.interp(x, xp, fp, left=fp[2] * x[0]), "xpf"),
    "interp period": (lambda x, xp, fp: np.interp(x, xp, fp, period=5.5), "xpf"),
    "select": (lambda x, xp, fp: np.select([x > 1, x < 0], [x * x, fp[:3]], xp[0]), ""),
    "piecewise": (
        lambda x, xp, fp: np.piecewise(
            x, [x > 1, x > 3], [np.sin, lambda t: t * fp[1]]
        ),
        "",
    ),
    "nan_to_num": (lambda x, xp, fp: np.nan_to_num(x / 0.7, nan=fp[0]) * xp[0], ""),
    "divmod": (lambda x, xp, fp: np.divmod(x * 2.9, fp[:3])[1], ""),
    "modf": (lambda x, xp, fp: np.modf(x)[0] * fp[:3] + np.modf(xp)[1][:3], ""),
    "frexp": (lambda x, xp, fp: np.frexp(x)[0] * np.frexp(fp)[0][1:], ""),
    "unwrap": (lambda x, xp, fp: np.unwrap(xp * 4) * fp, ""),
    "angle": (lambda x, xp, fp: np.angle(x + 1j * fp[:3]), ""),
    "complex": (lambda x, xp, fp: np.real(np.tan(x * 0.3 + 1j * fp[:3])), ""),
    "inverses": (lambda x, xp, fp: np.imag(np.arcsinh(x + 1j) * np.log10(1j * x)), ""),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_by_every_argument(name):
    f, _ = FUNCTIONS[name]
    x = np.array([0.3, 4.2, 1.7])
    xp = np.array([0.1, 1.1, 2.6, 4.4])
    fp = np.array([1.3, -0.7, 2.9, 0.6])
    assert ag.gradcheck(f, (x, xp, fp))
    second = ag.grad(lambda *given: (f(*given) ** 2).sum(), (0, 1, 2))
    assert ag.gradcheck(lambda *given: np.concatenate(second(*given)), (x, xp, fp))


# Replayed ----------------------------------------------------------------------------

REPLAYED = """
x // f + x % 3
divmod(x, f)
i & j
i << 2
~b
(x > 0) & (f < 3)
np.interp(x, np.array([-5.0, 0.0, 5.0]), v)
np.select([x > 1, x < 0], [x, f], 9)
np.nan_to_num(x / (x - 0.5))
np.isclose(x, f)
np.modf(x)
np.frexp(x)
np.round(x, 1)
np.hypot(x, np.arctan2(f, x))
np.logaddexp(x, f)
np.sinc(x) + np.i0(f)
np.unwrap(x)
np.angle(x + 1j * f)
np.logical_xor(b, x > 2)
np.fmax(x, f) + np.copysign(x, f) + np.heaviside(x, 0.5)
np.ldexp(x, i)
"""


@forms(REPLAYED)
def test_a_replay_gives_the_same(form):
    names = ["x", "f", "v", "i", "j", "b", "c"]
    function = eval(f"lambda {', '.join(names)}: {form}", {"np": np})  # noqa: S307
    step = ag.compile(function)
    for k in range(4):
        given = [
            ARRAYS[n] if n in "bc" else (ARRAYS[n] + k).astype(ARRAYS[n].dtype)
            for n in names
        ]
        with np.errstate(all="ignore"):
            expected = function(*map(ag.tensor, given))
        got = step(*given)
        pairs = (
            zip(got, expected, strict=True) if type(got) is tuple else [(got, expected)]
        )
        for one, other in pairs:
            np.testing.assert_array_equal(one.data, other.data)
            assert one.dtype == other.dtype
    assert step.programs


def test_a_gradient_is_replayed():
    def loss(x, v):
        y = np.tan(x / 9) % v + np.interp(x, np.array([-9.0, 0.0, 9.0]), v)
        return (np.hypot(y, v) * np.sinc(x)).sum()

    step = ag.compile(ag.value_and_grad(loss, (0, 1)))
    for k in range(4):
        given = ARRAYS["x"] + k / 8, np.abs(ARRAYS["v"]) + k
        value, grads = step(*given)
        right, slopes = ag.value_and_grad(loss, (0, 1))(*given)
        np.testing.assert_array_equal(value.data, right.data)
        for one, other in zip(grads, slopes, strict=True):
            np.testing.assert_array_equal(one.data, other.data)
    assert step.programs
