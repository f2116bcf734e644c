"""Every op of the table, against differences, float64, NumPy and HIPS autograd.

Nothing here names an op: a new row with its samples is covered as it stands.
"""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from op_cases import (
    CASES,
    DIFFERENTIABLE,
    DTYPES,
    ELEMENTWISE,
    check_differences,
    close,
    copies,
    cotangent,
    draw,
    gradients,
    is_float,
    normal,
    numpys_attrs,
    oracle,
    paired,
    slope,
    tracked,
    value,
    wanted,
)

from autograd_core.ops import TABLE
from autograd_core.samples import Arg

EVERY = pytest.mark.parametrize(("op", "sample"), CASES)
EVERY_DIFFERENTIABLE = pytest.mark.parametrize(("op", "sample"), DIFFERENTIABLE)
EVERY_ELEMENTWISE = pytest.mark.parametrize(("op", "sample"), ELEMENTWISE)

EVERY_FUSED = pytest.mark.parametrize(
    ("op", "sample"), [c for c in CASES if c.values[0].fused]
)
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -1.5])


HAVE_ORACLE = pytest.mark.parametrize(
    ("op", "sample"), [c for c in CASES if oracle(c.values[0])]
)


def wide(a):
    """The argument in double precision, if it has one."""
    if not is_float(a):
        return a
    return a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)


def ulps(got, exact):
    """Largest distance of ``got`` from ``exact``, in units of its last place."""
    with np.errstate(over="ignore"):
        rounded = np.asarray(exact).astype(got.dtype)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    if same.all():
        return 0.0
    off = ~same
    step = np.spacing(np.abs(rounded[off])).astype(np.float64)
    return float(np.max(np.abs(got[off].astype(np.float64) - exact[off]) / step))


# The table -------------------------------------------------------------------------


@pytest.mark.parametrize("op", TABLE.values(), ids=str)
def test_every_op_has_samples_and_says_what_it_is(op):
    assert op.samples
    assert op.__doc__
    for sample in op.samples:
        assert any(isinstance(arg, Arg) for arg in sample.args)


# Gradients -------------------------------------------------------------------------


@EVERY_DIFFERENTIABLE
def test_gradient_is_the_central_difference(op, sample, rng):
    check_differences(op, sample, draw(sample, rng), rng)


@EVERY_DIFFERENTIABLE
def test_graph_of_the_gradient_has_its_values(op, sample, rng):
    args = draw(sample, rng)
    g = cotangent(value(op, sample, args), rng)
    _, _, graph = gradients(op, sample, args, g, create_graph=True)
    for i, grad in enumerate(gradients(op, sample, args, g)):
        if grad is not None and op.backward is None:
            np.testing.assert_array_equal(graph[i].data, grad, err_msg=f"input {i}")
        elif grad is not None:  # a fast path rounds in its own way
            close(graph[i].data, grad, 1e-13, f"input {i}")


@EVERY_DIFFERENTIABLE
def test_second_derivative_is_the_difference_of_the_first(op, sample, rng):
    args = draw(sample, rng)
    g = cotangent(value(op, sample, args), rng)
    needs = wanted(op, args)
    probes = [normal(rng, a) if n else None for a, n in zip(args, needs, strict=True)]

    def probed(values):
        """<gradients, probes> as a function of all inputs and the cotangent."""
        *inputs, seed = values
        grads = gradients(op, sample, inputs, seed)
        return sum(
            paired(a, p) for a, p in zip(grads, probes, strict=True) if p is not None
        )

    leaves, seed, grads = gradients(op, sample, args, g, create_graph=True)
    total = sum(
        np.real(a * p).sum()
        for a, p in zip(grads, probes, strict=True)
        if p is not None
    )
    if total.requires_grad:
        total.backward()
    for i, leaf in enumerate([*leaves, seed]):
        if i == len(args) or needs[i]:
            direction = normal(rng, leaf)
            numeric = slope(probed, [*args, g], i, direction)
            second = 0.0 if leaf.grad is None else paired(leaf.grad.data, direction)
            close(second, numeric, 1e-8, f"input {i}")


@EVERY_DIFFERENTIABLE
def test_each_gradient_alone_is_the_one_among_all(op, sample, rng):
    args = draw(sample, rng)
    g = cotangent(value(op, sample, args), rng)
    needs = wanted(op, args)
    together = gradients(op, sample, args, g)
    for i in np.flatnonzero(needs):
        alone = gradients(op, sample, args, g, [j == i for j in range(len(args))])
        np.testing.assert_array_equal(alone[i], together[i], err_msg=f"input {i}")


@HAVE_ORACLE
@pytest.mark.filterwarnings("ignore:Output seems independent of input")
def test_gradient_agrees_with_hips_autograd(op, sample, rng):
    reference = oracle(op, anp)
    if reference is None or not op.differentiable:
        pytest.skip("HIPS autograd has no such function")
    args, attrs = draw(sample, rng), numpys_attrs(sample)
    g = cotangent(value(op, sample, args), rng)
    shape = [attrs.pop("shape")] if "shape" in attrs else []  # by position in HIPS
    for i, grad in enumerate(gradients(op, sample, args, g)):
        if grad is not None:
            take_vjp = autograd.make_vjp(lambda *a: reference(*a, *shape, **attrs), i)
            try:
                pull, _ = take_vjp(*args)
            except (AssertionError, NotImplementedError) as error:
                pytest.skip(f"HIPS autograd: {error}")
            close(grad, summed_to(pull(g), grad.shape), 1e-13, f"input {i}")


def summed_to(x, shape):
    """What NumPy's broadcasting repeated, summed: HIPS leaves it to us in `where`."""
    axes = [i for i, n in enumerate(shape) if n == 1]
    x = np.sum(x, tuple(range(np.ndim(x) - len(shape))))
    return np.sum(x, tuple(axes), keepdims=True)


# Values ----------------------------------------------------------------------------


@HAVE_ORACLE
@DTYPES
def test_values_are_numpys(op, sample, dtype, rng):
    args = draw(sample, rng, dtype)
    got = value(op, sample, args)
    expected = oracle(op)(*args, **numpys_attrs(sample))
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if op.elementwise:
        assert ulps(got, np.asarray(expected)) <= 4
    else:
        close(got, expected, 8 * np.finfo(dtype).eps, op)


@EVERY_ELEMENTWISE
def test_float32_is_within_4_ulp_of_float64(op, sample, rng):
    """At many points of the sample's range, and at magnitudes from 1e-30 to 1e4."""
    shape = (4000,)
    spread = 10.0 ** rng.uniform(-30, 4, shape) * rng.choice([-1.0, 1.0], shape)
    for points in ("sampled", "wide"):
        args = [
            Arg(shape, a.low, a.high, a.kind).draw(rng, np.float32)
            if isinstance(a, Arg) and a.shape
            else a
            for a in sample.args
        ]
        if points == "wide":
            args = [
                rng.permutation(spread).astype(np.float32) if is_float(a) else a
                for a in args
            ]
        exact = value(op, sample, [wide(a) for a in args])
        got = value(op, sample, args)
        if got.dtype.kind == "f" and exact.dtype.kind == "f":
            assert ulps(got, exact) <= 4, points
        elif got.dtype.kind == "c":
            np.testing.assert_allclose(got, exact, rtol=1e-6)
        else:
            np.testing.assert_array_equal(got, exact)


@EVERY
def test_float32_values_and_gradients_are_those_of_float64(op, sample, rng):
    args = draw(sample, rng, np.float32)
    exact_args = [wide(a) for a in args]
    got, exact = value(op, sample, args), value(op, sample, exact_args)
    close(got, exact, 16 * np.finfo(np.float32).eps, "value")
    if op.differentiable:
        g = cotangent(got, rng)
        pairs = zip(
            gradients(op, sample, args, g),
            gradients(op, sample, exact_args, wide(g)),
            strict=True,
        )
        for i, (grad, reference) in enumerate(pairs):
            if grad is not None:
                close(grad, reference, 64 * np.finfo(np.float32).eps, f"input {i}")


@EVERY_FUSED
def test_fused_is_as_exact_as_its_decomposition(op, sample, rng):
    """Judged against float64: at most thrice the other's error, or two roundings."""
    args = draw(sample, rng, np.float32)
    exact_args = [wide(a) for a in args]
    g = cotangent(value(op, sample, args), rng)

    def run(function, args, g):
        out = function(*tracked(copies(args), wanted(op, args)), **dict(sample.attrs))
        return [out.data, *gradients(op, sample, args, g, function=function)]

    exact = run(op.body, exact_args, wide(g))
    for i, (one, other, reference) in enumerate(
        zip(run(op, args, g), run(op.body, args, g), exact, strict=True)
    ):
        if one is not None:
            error, usual = (np.max(np.abs(x - reference)) for x in (one, other))
            rounding = np.spacing(np.float32(np.max(np.abs(reference))))
            assert error <= max(3 * usual, 2 * rounding), f"output {i} of (value, ...)"


@EVERY
@DTYPES
def test_dtype_in_is_dtype_out(op, sample, dtype, rng):
    args = draw(sample, rng, dtype)
    out = value(op, sample, args)
    floats = [a for a in args if is_float(a)]
    expected = dict(sample.attrs).get("dtype", dtype)
    of_complex = np.result_type(dtype, np.complex64)
    integers = [np.bool_, np.int64, np.int32, np.uint8]
    others = [of_complex, *([] if op.differentiable else integers)]
    assert out.dtype in [expected, *others]
    if op.differentiable:
        g = cotangent(out, rng)
        for create_graph in (False, True):
            grads = gradients(op, sample, args, g, create_graph=create_graph)
            grads = grads[2] if create_graph else grads
            assert {x.dtype for x in grads if x is not None} == {floats[0].dtype}


# NaN and infinities ----------------------------------------------------------------


@EVERY_ELEMENTWISE
@DTYPES
def test_nan_and_infinity_stay_where_they_belong(op, sample, dtype, rng):
    """All pairs of special values; NaN never vanishes, the rest is as in NumPy."""
    floats = [i for i, a in enumerate(sample.args) if isinstance(a, Arg)]
    floats = [i for i in floats if sample.args[i].kind in ("real", "distinct")]
    args = list(sample.args)
    for axis, i in enumerate(floats):
        args[i] = SPECIAL.astype(dtype).reshape(
            [-1 if j == axis else 1 for j in range(3)]
        )
    args = [
        a.draw(rng, dtype).reshape(-1)[0] if isinstance(a, Arg) else a for a in args
    ]
    out = np.asarray(value(op, sample, args))
    if oracle(op):
        with np.errstate(all="ignore"):
            expected = oracle(op)(*args, **dict(sample.attrs))
        assert ulps(out, expected) <= 4 if out.dtype.kind == "f" else True
        np.testing.assert_array_equal(np.isnan(out), np.isnan(expected))
        signed = ~np.isnan(expected)
        if out.dtype.kind == "c":
            return
        np.testing.assert_array_equal(
            np.signbit(out[signed]), np.signbit(expected[signed])
        )
    elif len(floats) == 1:
        assert np.isnan(out.reshape(-1)[0])
        assert not np.isnan(out.reshape(-1)[3:]).any()


# Broadcasting ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "op",
    [op for op in TABLE.values() if op.elementwise and len(op.names) == 2],
    ids=str,
)
@given(data=st.data())
def test_broadcasting_is_numpys(op, data):
    shapes = mutually_broadcastable_shapes(
        num_shapes=2, max_dims=4, min_side=0, max_side=4
    )
    pair, shape = data.draw(shapes)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    like = [a for a in op.samples[0].args if isinstance(a, Arg)]
    args = [
        Arg(s, a.low, a.high, a.kind).draw(rng, np.float64)
        for s, a in zip(pair, like, strict=True)
    ]
    full = [np.broadcast_to(a, shape).copy() for a in args]
    sample = op.samples[0]
    out = value(op, sample, args)
    assert out.shape == shape
    np.testing.assert_array_equal(out, value(op, sample, full))
    if op.differentiable:
        g = rng.standard_normal(shape)
        whole = gradients(op, sample, full, g)
        for i, grad in enumerate(gradients(op, sample, args, g)):
            if grad is not None:
                close(grad, summed_to(whole[i], pair[i]), 1e-13, f"input {i}")
