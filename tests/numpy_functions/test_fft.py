"""`numpy.fft` on Tensors: NumPy's values, and differences of order 1 and 2."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from linalg_cases import check, same, tracking

import autograd_core as ag

F = np.fft
rng = np.random.default_rng(19)
X = rng.standard_normal((3, 4, 5))
C = X + 1j * rng.standard_normal((3, 4, 5))
ARRAYS = {
    "x": X,
    "f": X.astype(np.float32),
    "i": np.arange(12).reshape(3, 4),
    "c": C,
    "z": C.astype(np.complex64),
    "one": X[:, :1, :1],
}

VALUES = """
F.{0}(x)
F.{0}(c)
F.{0}(f)
F.{0}(z)
F.{0}(i)
F.{0}(x, 3)
F.{0}(c, 7, 1)
F.{0}(c, n=6, axis=-2)
F.{0}(x, 1, 0)
F.{0}(x, axis=0, norm='ortho')
F.{0}(c, 8, norm='forward')
F.{0}(c, norm='backward')
"""
REAL = """
F.{0}(x)
F.{0}(f)
F.{0}(i)
F.{0}(x, 3)
F.{0}(x, 4)
F.{0}(x, 9, 1, 'ortho')
F.{0}(x, 1)
F.{0}(x, 2)
F.{0}(x, axis=0, norm='forward')
"""
SEVERAL = """
F.{0}(x)
F.{0}(c)
F.{0}(z)
F.{0}(f, norm='ortho')
F.{0}(x, (2, 7), (0, 2))
F.{0}(c, s=[5, -1], axes=(2, 1), norm='forward')
F.{0}(x, axes=(1,))
F.{0}(x, axes=(0, 0))
F.{0}(x, (3, 4, 5), (0, 1, 2))
"""
COMPLEX_FIRST = [line for line in SEVERAL.split("\n") if "(c" not in line]
SHIFTS = """
F.{0}(x)
F.{0}(i)
F.{0}(c, 1)
F.{0}(x, axes=(0, -1))
F.{0}(x, [1, 1])
"""


def forms(text, *names):
    return [line.format(n) for n in names for line in text.split("\n") if line]


FORMS = [
    *forms(VALUES, "fft", "ifft", "irfft", "hfft"),
    *forms(REAL, "rfft", "ihfft"),
    *forms(SEVERAL, "fft2", "ifft2", "fftn", "ifftn", "irfft2", "irfftn"),
    *[f.replace("(z", "(f") for f in forms("\n".join(COMPLEX_FIRST), "rfft2", "rfftn")],
    *forms(SHIFTS, "fftshift", "ifftshift"),
]


def evaluate(form, make):
    names = {name: make(a) for name, a in ARRAYS.items()}
    return eval(form, {"F": F, **names})  # noqa: S307


@pytest.mark.parametrize("form", FORMS)
def test_a_form_gives_numpys_value(form):
    same(evaluate(form, tracking), evaluate(form, np.asarray), form)


REFUSED = {
    "F.fft(x, 0)": (ValueError, "Invalid number of FFT data points"),
    "F.irfft(one)": (ValueError, "Invalid number of FFT data points"),
    "F.fft(x, axis=3)": (ValueError, "axis 3"),
    "F.fft(x, norm='half')": (ValueError, "Invalid norm value half"),
    "F.rfft(c)": (TypeError, "rfft: expected real"),
    "F.fftn(x, (2, 3), (1,))": (ValueError, "different lengths"),
    "F.fft(x, n=2.5)": (TypeError, "integer"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_form_is_refused_by_name(form):
    kind, message = REFUSED[form]
    with pytest.raises(kind, match=message):
        evaluate(form, tracking)


def test_what_numpy_deprecates_warns():
    for form in ("F.fftn(x, (2, 3))", "F.irfftn(c, (None, 4), (0, 1))"):
        for make in (np.asarray, tracking):
            with pytest.warns(DeprecationWarning, match="NumPy 2.0"):
                evaluate(form, make)


# Derivatives -------------------------------------------------------------------------

LENGTHS = [1, 2, 3, 4, 5, 6, 9]
NORMS = ["backward", "ortho", "forward"]


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("norm", NORMS)
def test_one_axis(n, norm):
    """All lengths, odd and even; squared, so that there is a second derivative."""
    for function in (F.fft, F.ifft, F.irfft, F.hfft):
        for x in (C[0], X[0]):
            check(lambda a: function(a, n, 0, norm) ** 2, x)  # noqa: B023
    for function in (F.rfft, F.ihfft):
        check(lambda a: function(a, n, 0, norm) ** 2, X[0])  # noqa: B023


@pytest.mark.parametrize(
    "name", ["fft2", "ifft2", "fftn", "ifftn", "rfft2", "rfftn", "irfft2", "irfftn"]
)
@pytest.mark.parametrize("s", [None, (3, 4), (2, 7)])
def test_several_axes(name, s):
    function = getattr(F, name)
    x = X if name.startswith("r") else C
    check(lambda a: np.abs(function(a, s, (0, 2))) ** 2, x)
    check(lambda a: function(a) ** 2, x)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name):
    function = getattr(F, name)
    check(lambda a: function(a) ** 2, X)
    check(lambda a: function(a, 1) ** 2, C)


def test_a_filter_between_transforms():
    """A convolution by way of rfft: its gradient is the correlation."""
    signal, kernel = X[0, 0], X[1, 0]
    check(lambda a, k: F.irfft(F.rfft(a) * F.rfft(k), 5), signal, kernel)
    a = ag.tensor(signal, requires_grad=True)
    F.irfft(F.rfft(a) * F.rfft(kernel), 5)[2].backward()
    np.testing.assert_allclose(a.grad.data, np.roll(kernel[::-1], 3), atol=1e-15)


@pytest.mark.parametrize("name", ["fft", "ifft", "fft2", "fftn", "rfft", "rfft2"])
def test_gradient_agrees_with_hips_autograd(name):
    x = X[:, :, :4]
    pull, y = autograd.make_vjp(lambda a: getattr(anp.fft, name)(a), 0)(x)
    g = rng.standard_normal(y.shape) + 1j * rng.standard_normal(y.shape)
    leaf = tracking(x)
    np.sum(np.real(getattr(F, name)(leaf) * g)).backward()
    np.testing.assert_allclose(leaf.grad.data, pull(g), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_stays(dtype):
    x = ag.tensor(X.astype(dtype), requires_grad=True)
    (np.abs(F.fftn(x)) ** 2).sum().backward()
    assert x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad.data, 2 * X.size * X, rtol=1e-4)
    y = F.irfft(F.rfft(x) * 2.0)
    assert y.dtype == dtype


def test_a_replay_gives_the_same():
    def loss(x, k):
        return (F.irfft(F.rfft(x, 8) * F.rfft(k, 8), 8) ** 2).sum()

    step = ag.compile(ag.grad(loss))
    for i in range(4):
        got = step(X[0, 0] + i, X[1, 0])
        expected = ag.grad(loss)(X[0, 0] + i, X[1, 0])
        np.testing.assert_array_equal(np.asarray(got), np.asarray(expected))
    assert step.programs
