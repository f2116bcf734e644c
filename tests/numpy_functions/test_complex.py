"""Complex numbers between real inputs and a real loss; oracle: HIPS autograd."""

import autograd as hips
import autograd.numpy as anp
import numpy as np
import pytest

import autograd_core as ag

pytestmark = pytest.mark.filterwarnings("ignore:Output seems independent of input")

# Holomorphic or not, each as written for both: ``m`` is the module of NumPy's names.
FUNCTIONS = {
    "neg": lambda m, z, w: -z,
    "add": lambda m, z, w: z + w,
    "sub": lambda m, z, w: z - 2j * w,
    "mul": lambda m, z, w: z * w * 1.5,
    "div": lambda m, z, w: z / w,
    "power": lambda m, z, w: z**3,
    "power of both": lambda m, z, w: z**w,
    "square": lambda m, z, w: m.square(z),
    "exp": lambda m, z, w: m.exp(z),
    "log": lambda m, z, w: m.log(z),
    "sqrt": lambda m, z, w: m.sqrt(z),
    "sin": lambda m, z, w: m.sin(z),
    "cos": lambda m, z, w: m.cos(z),
    "tanh": lambda m, z, w: m.tanh(z),
    "expm1": lambda m, z, w: m.expm1(z),
    "log1p": lambda m, z, w: m.log1p(z),
    "abs": lambda m, z, w: m.abs(z),
    "real": lambda m, z, w: m.real(z) * w,
    "imag": lambda m, z, w: m.imag(z) * w,
    "conj": lambda m, z, w: m.conj(z) * z * w,
    "sum": lambda m, z, w: m.sum(z * w, axis=0),
    "mean": lambda m, z, w: m.mean(z * w, axis=1),
    "cumsum": lambda m, z, w: m.cumsum(z * w, axis=1),
    "prod": lambda m, z, w: m.prod(z * w, axis=1),
    "var": lambda m, z, w: m.var(z * w, axis=0),
    "std": lambda m, z, w: m.std(z * w, axis=1),
    "matmul": lambda m, z, w: m.matmul(z, w.T),
    "where": lambda m, z, w: m.where(np.array([True, False, True]), z, w),
    "concatenate": lambda m, z, w: m.concatenate([z, w * 2j], 1),
    "reshape, transpose, index": lambda m, z, w: m.reshape(z, (3, 2)).T[:, ::-1],
    "stack": lambda m, z, w: m.stack([z * 1j, w * 1j], 1)[1],
    "broadcast": lambda m, z, w: z[0] * w,
    "a mask": lambda m, z, w: z[np.array([[True, False, True], [False, True, True]])],
}


def drawn(rng, real, shape=(2, 3), single=False):
    x = rng.uniform(0.5, 2.0, shape)
    y = x if real else x + 1j * rng.uniform(-1.0, 1.0, shape)
    return y.astype(np.complex64 if not real else np.float32) if single else y


def as_given(g, like):
    """A cotangent as HIPS takes it: in the dtype of what it belongs to."""
    return g if np.iscomplexobj(like) else g.real


@pytest.mark.parametrize("reals", [(0, 0), (1, 0), (0, 1)], ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_cotangents(name, reals):
    rng = np.random.default_rng(3)
    f, args = FUNCTIONS[name], [drawn(rng, real) for real in reals]
    theirs, out = [], f(anp, *args)
    g = as_given(drawn(rng, False, np.shape(out)), out)
    for i in (0, 1):
        pull, _ = hips.make_vjp(lambda *a: f(anp, *a), i)(*args)
        theirs.append(pull(g))
    value, pullback = ag.vjp(lambda *a: f(np, *a), *args)
    np.testing.assert_allclose(value.numpy(), out, rtol=1e-13)
    assert value.dtype == out.dtype
    for mine, theirs_, x in zip(pullback(g), theirs, args, strict=True):
        assert mine.dtype == x.dtype
        theirs_ = as_given(theirs_, x)  # theirs is complex in where, concatenate
        np.testing.assert_allclose(mine.numpy(), theirs_, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_of_a_real_loss(name):
    rng = np.random.default_rng(4)
    f, w, v = FUNCTIONS[name], drawn(rng, False), rng.standard_normal((2, 3))
    x = drawn(rng, True)

    def loss(m, x):
        z = f(m, x * (1 + 2j), w)
        return m.sum(m.real(z) ** 2 * m.imag(z * 1j) + m.abs(z))

    found = ag.hvp(lambda x: loss(np, x), x, v).numpy()
    slope = ag.grad(lambda x: loss(np, x))
    h = 1e-5
    parts = [
        (slope(x + s * h * v) - slope(x - s * h * v)).numpy() / (2 * s * h)
        for s in (1, 2)
    ]
    right = (4 * parts[0] - parts[1]) / 3
    np.testing.assert_allclose(found, right, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_gives_the_same_bits(name):
    rng = np.random.default_rng(5)
    f = FUNCTIONS[name]

    def step(x, w):
        x = ag.tensor(x, requires_grad=True)
        z = f(np, x * (1 + 2j), w)
        np.sum(np.abs(z)).backward()
        return z, x.grad

    compiled = ag.compile(step, strict=True)
    for _ in range(4):
        args = drawn(rng, True), drawn(rng, False)
        for mine, right in zip(compiled(*args), step(*args), strict=True):
            assert mine.numpy().tobytes() == right.numpy().tobytes()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_precision_stays(name):
    rng = np.random.default_rng(6)
    z, w = (drawn(rng, False, single=True) for _ in "zw")
    value, pullback = ag.vjp(lambda *a: FUNCTIONS[name](np, *a), z, w)
    assert value.dtype.itemsize == (8 if value.dtype.kind == "c" else 4)
    assert all(g.dtype == np.complex64 for g in pullback(np.ones(value.shape)))


def test_no_leaf_has_a_complex_gradient():
    with pytest.raises(TypeError, match="only float32 and float64"):
        ag.tensor([1j], requires_grad=True)


def test_writes_and_casts():
    t = ag.tensor(np.array([1 + 2j, 3 - 1j]))
    t[0] = 1
    t += 2j
    np.testing.assert_array_equal(t.numpy(), [1 + 2j, 3 + 1j])
    assert complex(t[0]) == 1 + 2j
    t.real[1:] = 7.0
    np.testing.assert_array_equal(t.numpy(), [1 + 2j, 7 + 1j])
    np.testing.assert_array_equal(t.astype(np.complex64)[::-1].clone().imag, [1, 2])
    assert ag.tensor([1j]).dtype == np.complex64


def test_grad_is_of_real_numbers():
    with pytest.raises(TypeError, match="must return a real number, got complex128"):
        ag.grad(lambda x: x * 1j)(2.0)
    with pytest.raises(TypeError, match="must return a real number, got bool"):
        ag.grad(lambda x: np.allclose(x, x))(np.ones(2))
