"""Every op on memory of every layout, and on axes of length 0 and 1."""

import warnings

import numpy as np
import pytest
from op_cases import (
    CASES,
    DTYPES,
    EXTREMES,
    check_differences,
    close,
    copies,
    cotangent,
    draw,
    gradients,
    is_float,
    numpys_attrs,
    oracle,
    value,
    wanted,
)

import autograd_core as ag
from autograd_core.samples import Arg


def transposed(x):
    return np.array(x, order="F")


def sliced(x):
    padded = np.full([2 * n + 1 for n in x.shape], np.nan, x.dtype)
    view = padded[(..., *(slice(1, None, 2) for _ in x.shape))]
    view[...] = x
    return view


def negative(x):
    whole = (..., *(slice(None, None, -1) for _ in x.shape))
    return x[whole].copy()[whole]


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def zero_strides(x):
    """The first entry along every axis, repeated."""
    return np.broadcast_to(x[(..., *(slice(0, 1) for _ in x.shape))], x.shape)


def kinds(sample):
    return [a.kind for a in sample.args if isinstance(a, Arg)]


LAYOUTS = [transposed, sliced, negative, read_only, zero_strides]


@pytest.mark.parametrize(("op", "sample"), CASES)
@DTYPES
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_changes_nothing(op, sample, dtype, layout, rng):
    if layout is zero_strides and any("regular" in kind for kind in kinds(sample)):
        return  # of one number everywhere: a singular matrix
    args = [layout(a) if is_float(a) else a for a in draw(sample, rng, dtype)]
    plain = [np.array(a, order="C") if is_float(a) else a for a in args]
    before = copies(plain)
    rtol = 0 if op.elementwise else 8 * np.finfo(dtype).eps
    out = op(*args, **dict(sample.attrs))
    close(out, value(op, sample, plain), rtol, "value")
    if op.differentiable:
        g = layout(cotangent(out, rng))
        seed = g.copy()
        needs = wanted(op, args)
        leaves = [
            ag.Tensor(a, True) if need else a
            for a, need in zip(args, needs, strict=True)
        ]  # not ag.tensor(): that would copy
        op(*leaves, **dict(sample.attrs)).backward(g)
        expected = gradients(op, sample, plain, seed)
        for i, need in enumerate(needs):
            if need and leaves[i].grad is not None:
                close(leaves[i].grad.data, expected[i], rtol, f"input {i}")
        np.testing.assert_array_equal(g, seed, err_msg="the cotangent was written to")
    for i, (a, old) in enumerate(zip(args, before, strict=True)):
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, old, err_msg=f"input {i} was written to")


@pytest.mark.parametrize(("op", "sample"), EXTREMES)
def test_empty_and_single_axes(op, sample, rng):
    args = draw(sample, rng)
    out = value(op, sample, args)
    reference = oracle(op)
    if reference:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy warns of empty slices
            expected = reference(*args, **numpys_attrs(sample))
        close(out, expected, 1e-14, "value")
    elif op.elementwise:
        shapes = [np.shape(a) for a in args]
        assert out.shape == np.broadcast_shapes(*shapes)
    if op.fused:
        close(out, op.body(*copies(args), **dict(sample.attrs)), 1e-13, "value")
    if op.differentiable:
        check_differences(op, sample, args, rng)
