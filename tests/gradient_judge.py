"""A judge of gradients that may be lost: NumPy itself.

Each probe runs on arrays, for central differences, and on a Tensor that requires grad.
Then it must raise, or give Tensors with that gradient.
"""

import warnings

import numpy as np
import pytest

import autograd_core as ag

sparse = pytest.importorskip("scipy.sparse")

X = np.array([0.6, 1.7])
EYE = np.eye(2)
MESSAGE = "would lose its gradient. Use an op (np.stack makes one tensor of several)"


def parts(out):
    """The numbers and Tensors in whatever a probe returns."""
    if (
        isinstance(out, ag.Tensor)
        or np.isscalar(out)
        or (isinstance(out, np.ndarray) and out.dtype != object)
    ):
        yield out
    elif isinstance(out, list | tuple | np.ndarray):
        for part in out:
            yield from parts(part)
    elif sparse.issparse(out):
        yield out.toarray()
    elif out is not None:
        yield np.asarray(out)


def total(out):
    values = [np.asarray(getattr(part, "data", part)) for part in parts(out)]
    return sum(float(v.real.sum()) for v in values if v.dtype.kind in "fciub")


def differences(f, step=1e-5):
    sides = [(f(X + step * d), f(X - step * d)) for d in EYE]
    return np.array([(total(a) - total(b)) / (2 * step) for a, b in sides])


def chain(error):
    """An error's text and that of those it came from."""
    seen = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    return " <- ".join(map(str, seen))


def judge(f):
    """The text of the error that f raises; None if its gradient is right.

    Fails for everything else.
    """
    x = ag.tensor(X, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            out = f(x)
            tensors = [p for p in parts(out) if isinstance(p, ag.Tensor)]
            kept = [part.sum() for part in tensors if part.requires_grad]
            if kept:
                sum(kept).backward()
        except Exception as error:
            return chain(error)
        numeric = differences(f)
    got = np.zeros(2) if x.grad is None else x.grad.data
    np.testing.assert_allclose(got, numeric, rtol=1e-5, atol=1e-7, err_msg=repr(out))
    return None


def put(target, index, value):
    target[index] = value
    return target


def filled(write, shape=2):
    """A probe that lets ``write(target, t)`` write into an array of zeros."""

    def probe(t):
        target = np.zeros(shape)
        write(target, t)
        return target

    return probe


def objects(*values):
    out = np.empty(len(values), object)
    for i, value in enumerate(values):
        out[i] = value
    return out


def matrix(t):
    return EYE * 3 + np.outer(t, t)
