"""Cases of the op table: every op with every sample, its data and its gradients."""

import dataclasses

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import protocols
from autograd_core.ops import TABLE
from autograd_core.samples import Arg
from autograd_core.walk import walk

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])

UFUNC = {op: ufunc for ufunc, op in protocols.UFUNCS.items()}
FUNCTION = {f.__name__: f for f in protocols.FUNCTIONS}
FUNCTION.pop("astype", None)  # its dtype goes by position alone
STEP = 2e-4  # of five-point differences: truncation and rounding are near 1e-12


def case(op, sample, label):
    return pytest.param(op, sample, id=f"{op.name}-{label}")


def cases(table):
    return [case(op, s, i) for op in table.values() for i, s in enumerate(op.samples)]


CASES = cases(TABLE)
DIFFERENTIABLE = [c for c in CASES if c.values[0].differentiable]
ELEMENTWISE = [c for c in CASES if c.values[0].elementwise]


def resized(value, old, new):
    """A sample's part with axes of length ``old`` made ``new`` long."""
    if isinstance(value, Arg) and value.kind != "key":
        shape = resized(value.shape, old, new)
        labels = value.kind == "int" and value.high == old
        return dataclasses.replace(
            value, shape=shape, high=new if labels else value.high
        )
    if isinstance(value, tuple):
        return tuple(new if n == old else n for n in value)
    return value


def drawable(arg):
    """Whether data exist: labels need a class."""
    return not isinstance(arg, Arg) or arg.kind != "int" or arg.low < arg.high


def extremes(table):
    """Samples with each axis length in turn made 0 and 1, where that makes sense."""
    for op in table.values():
        for i, s in enumerate(op.samples):
            drawn = [a for a in s.args if isinstance(a, Arg)]
            shapes = [a.shape for a in drawn if a.kind != "key"]
            for old in sorted({n for shape in shapes for n in shape if n > 1}):
                for new in range(s.least, 2):
                    args = tuple(resized(a, old, new) for a in s.args)
                    attrs = tuple(
                        (k, resized(v, old, new) if k == "shape" else v)
                        for k, v in s.attrs
                    )
                    if all(map(drawable, args)):
                        small = dataclasses.replace(s, args=args, attrs=attrs)
                        yield case(op, small, f"{i}-{old}to{new}")


EXTREMES = list(extremes(TABLE))


def draw(sample, rng, dtype=np.float64):
    """The arguments of a sample; what is no `Arg` is passed as it is."""
    return [a.draw(rng, dtype) if isinstance(a, Arg) else a for a in sample.args]


def copies(args):
    """Fresh arguments: an op may write to its buffers."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def wanted(op, args):
    """Which inputs have a gradient: floats, unless the op's row says None."""
    rules = op.vjps and not op.variadic and op.vjps
    return [
        is_float(a) and not (rules and rules[i] is None) for i, a in enumerate(args)
    ]


def value(op, sample, args):
    """The op on bare arrays."""
    return op(*copies(args), **dict(sample.attrs))


def tracked(args, needs):
    return [tracking(a) if n else a for a, n in zip(args, needs, strict=True)]


def tracking(array):
    """A leaf that requires grad, as transforms make it: of complex numbers as well."""
    leaf = ag.tensor(array)
    leaf._requires_grad = True
    return leaf


def gradients(op, sample, args, g, needs=None, create_graph=False, function=None):
    """Cotangents of the inputs; None where not wanted, zeros where op has none to give.

    With ``create_graph`` the leaves, the cotangent and the gradients are Tensors.
    """
    needs = needs or wanted(op, args)
    leaves = tracked(copies(args), needs)
    out = (function or op)(*leaves, **dict(sample.attrs))
    asked = [leaf for leaf, need in zip(leaves, needs, strict=True) if need]
    seed = tracking(g) if create_graph else g.copy()
    found = walk([out], [seed], asked, create_graph=create_graph)
    grads = []
    for leaf, need in zip(leaves, needs, strict=True):
        zero = np.zeros(leaf.shape, leaf.dtype) if need else None
        grad = found.get(leaf) if need else None
        if create_graph and grad is None and need:
            grad = ag.tensor(zero)
        grads.append(zero if grad is None and need else grad)
    return (leaves, seed, grads) if create_graph else grads


def cotangent(out, rng):
    return normal(rng, np.asarray(out)).astype(np.asarray(out).dtype)


def normal(rng, like):
    """Random numbers in the shape of ``like``, complex if that is."""
    x = np.asarray(rng.standard_normal(like.shape))
    if like.dtype.kind == "c":
        x = x + 1j * rng.standard_normal(like.shape)
    return np.asarray(x)


def paired(a, b):
    """What cotangents are transposed under: the real part of the sum of products."""
    return np.real(np.sum(np.asarray(a) * b))


def moved(args, i, direction, amount):
    return [
        np.asarray(a + amount * direction) if j == i else a for j, a in enumerate(args)
    ]


def slope(f, args, i, direction):
    """d f(args with args[i] + t * direction) / dt at 0 by five points, in float64."""
    near = f(moved(args, i, direction, STEP)) - f(moved(args, i, direction, -STEP))
    far = f(moved(args, i, direction, 2 * STEP)) - f(
        moved(args, i, direction, -2 * STEP)
    )
    return (8 * near - far) / (12 * STEP)


def directions(x, rng, components=24):
    """Every unit direction of a small array, and a random one."""
    if x.size <= components:
        for position in np.ndindex(x.shape):
            for one in (1.0, 1.0j) if x.dtype.kind == "c" else (1.0,):
                unit = np.zeros(x.shape, x.dtype)
                unit[position] = one
                yield position, unit
    if x.size:
        yield "random", normal(rng, x)


def oracle(op, module=np):
    """NumPy's function of the same meaning, if Tensors answer to one."""
    f = UFUNC.get(op) or FUNCTION.get(op.name)
    f = f and getattr(module, f.__name__, None)
    if f and op.variadic:
        return lambda *xs, **attrs: f(xs, **attrs)
    return f


def numpys_attrs(sample):
    """Attributes by the names that NumPy (before 2.0) and HIPS autograd know."""
    return {"ddof" if k == "correction" else k: v for k, v in sample.attrs}


def close(a, b, rtol, what):
    """Equal up to ``rtol`` of the largest magnitude (at least 1)."""
    dtype = np.result_type(a, b, np.float64)
    a, b = np.asarray(a, dtype), np.asarray(b, dtype)
    assert a.shape == b.shape, what
    scale = max(1.0, np.max(np.abs(b), initial=0.0))
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * scale, err_msg=str(what))


def check_differences(op, sample, args, rng, rtol=1e-9):
    g = cotangent(value(op, sample, args), rng)
    needs = wanted(op, args)
    grads = gradients(op, sample, args, g)
    for i, need in enumerate(needs):
        if need:
            assert grads[i].shape == args[i].shape
            for where, direction in directions(args[i], rng):
                numeric = slope(
                    lambda a: paired(g, value(op, sample, a)), args, i, direction
                )
                analytic = paired(grads[i], direction)
                close(analytic, numeric, rtol, f"input {i} at {where}")
