"""Functions of `numpy.linalg` and `numpy.fft`, held against NumPy and differences."""

import numpy as np
from op_cases import close, cotangent, normal, paired, slope, tracking

STEPS = 2


def arrays_of(value):
    return list(value) if isinstance(value, tuple | list) else [value]


def same(got, expected, what):
    """NumPy's values, shapes, dtypes and kinds of tuples."""
    if isinstance(expected, tuple):
        assert type(got) is type(expected), what
    for one, other in zip(arrays_of(got), arrays_of(expected), strict=True):
        one, other = np.asarray(getattr(one, "data", one)), np.asarray(other)
        assert one.shape == other.shape, what
        assert one.dtype == other.dtype, what
        single = other.dtype in (np.float32, np.complex64)
        close(one, other, 1e-5 if single else 1e-12, what)


def gradients(f, arrays, g):
    """The inputs as leaves, and the gradients of ``Re(sum(g * f))``, with a graph."""
    leaves = list(map(tracking, arrays))
    np.sum(np.real(f(*leaves) * g)).backward(create_graph=True)
    found = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    return leaves, found


def check(f, *arrays):
    """First derivatives of ``f`` are NumPy's differences, second those of the first."""
    rng = np.random.default_rng(5)
    arrays = [np.array(a) for a in arrays]
    g = cotangent(f(*arrays), rng)
    probes = [normal(rng, a) for a in arrays]
    leaves, found = gradients(f, arrays, g)
    total = 0.0
    for grad, probe in zip(found, probes, strict=True):
        if grad is not None:
            total = total + np.sum(np.real(grad * probe))
    if getattr(total, "requires_grad", False):
        total.backward()

    def probed(values):
        _, grads = gradients(f, values, g)
        pairs = zip(grads, probes, strict=True)
        return sum(paired(a.data, p) for a, p in pairs if a is not None)

    for i, leaf in enumerate(leaves):
        for _ in range(STEPS):
            move = normal(rng, leaf)
            first = slope(lambda a: paired(g, f(*a)), arrays, i, move)
            close(value(found[i], move), first, 1e-8, f"input {i}")
            second = slope(probed, arrays, i, move)
            close(value(leaf.grad, move), second, 1e-7, f"input {i}, second order")


def value(grad, move):
    return 0.0 if grad is None else paired(grad.data, move)
