"""Functions of shapes, places and orders: empty and single axes, layouts, order 2."""

import numpy as np
import pytest
from numpy_array_forms import INDICES, MOVING
from numpy_forms import ARRAYS, OTHERS
from test_numpy_arrays import parts, run
from test_numpy_forms import forms, same

import autograd_core as ag

# Each is a function of one array e of floats.
FUNCTIONS = """
np.atleast_1d(e)
np.atleast_2d(e)
np.atleast_3d(e)
np.column_stack([e, e])
np.dstack([e, e])
np.hstack([e, e])
np.vstack([e, e])
np.stack([e, e], -1)
np.block([[e, e], [e, e]])
np.append(e, e)
np.append(e, e, 0)
np.insert(e, 0, 1.5)
np.insert(e, [], [], 0)
np.insert(e, 0, e[:1], axis=0)
np.delete(e, [])
np.delete(e, slice(0, 1), -1)
np.resize(e, (2, 2))
np.resize(e, (0, 2))
np.array_split(e, 3)
np.array_split(e, [1, 2], -1)
np.split(e, 1)
np.hsplit(e, 1)
np.vsplit(e, 1)
np.unstack(e)
np.unstack(e, axis=-1)
np.roll(e, 1)
np.roll(e, 1, 0)
np.roll(e, (1, -2), (0, -1))
np.rollaxis(e, -1)
np.moveaxis(e, 0, -1)
np.swapaxes(e, 0, -1)
np.rot90(e)
np.flip(e)
np.flipud(e)
np.fliplr(e)
np.matrix_transpose(e)
np.squeeze(e)
np.expand_dims(e, 0)
np.ravel(e)
np.pad(e, 1)
np.pad(e, (0, 2), constant_values=2.5)
np.pad(e, 1, 'edge')
np.pad(e, 1, 'symmetric')
np.pad(e, 1, 'mean')
np.pad(e, 1, 'linear_ramp')
np.pad(e, 0, 'wrap')
np.tril(e)
np.triu(e, 1)
np.diag(e)
np.diag(e, -1)
np.diagflat(e)
np.diagonal(e)
np.trace(e)
np.take(e, [])
np.take(e, np.zeros((2, 0), int), 0)
np.take_along_axis(e, np.argsort(e, -1), -1)
np.compress([], e)
np.compress([True], e, 0)
np.extract(e > 0, e)
np.choose(e > 0, [e, e])
np.sort(e)
np.sort(e, 0)
np.sort(e, None)
np.partition(e, 0)
np.trim_zeros(e)
np.meshgrid(e, [1.0, 2.0])
np.broadcast_arrays(e, e[..., :1])
np.linspace(e, 1.0, 3)
np.linspace(0.0, e, 1, axis=-1)
np.logspace(e, 1.0, 2)
np.vander(e)
np.vander(e, 0)
np.repeat(e, 2)
np.repeat(e, 0, 0)
np.tile(e, (2, 0))
np.full_like(e, e)
e[e > 0]
e[::-1]
e[..., None]
e[..., -1:]
e[[]]
e[:, [0]]
e[None, ..., ::2]
e[1:0]
e.flat
e.diagonal()
"""
SHAPES = ((0,), (1,), (0, 3), (3, 0), (1, 1), (1, 0, 2), (2, 1, 3))


def outcome(form, e):
    try:
        return run(form, {"e": e})
    except (ValueError, TypeError, IndexError) as error:
        return error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@forms(FUNCTIONS)
def test_short_axes(form, shape):
    e = np.linspace(0.5, 2.0, int(np.prod(shape))).reshape(shape)
    expected, x = outcome(form, e), ag.tensor(e, requires_grad=True)
    got = outcome(form, x)
    if isinstance(expected, Exception):
        assert isinstance(got, Exception), f"NumPy: {expected}"
        return
    if isinstance(got, Exception):
        raise got
    if "flat" in form and isinstance(expected, np.flatiter):
        expected = np.array(expected)
    same(got, expected, form)
    total = sum(one.sum() for one in parts(got))
    if isinstance(total, ag.Tensor) and total.requires_grad:
        total.backward()
        assert x.grad is None or x.grad.shape == shape


LAYOUTS = {
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1, ::-1],
    "strided": lambda x: x[:, ::2],
    "repeated": lambda x: np.broadcast_to(x[:1], (3, 4)),
    "one column": lambda x: x[:, 1:2],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layout", LAYOUTS)
@forms(FUNCTIONS)
def test_layouts(form, layout, rng):
    data = rng.standard_normal((3, 4))
    x, view = ag.tensor(data, requires_grad=True), LAYOUTS[layout]
    plain = ag.tensor(np.array(view(data)), requires_grad=True)
    expected, got = outcome(form, plain), outcome(form, view(x))
    if isinstance(expected, Exception):
        assert isinstance(got, Exception)
        return
    numpys = outcome(form, view(data))
    same(got, np.array(numpys) if isinstance(numpys, np.flatiter) else numpys, form)
    outs = list(zip(parts(got), parts(expected), strict=True))
    weights = [rng.standard_normal(a.shape) for a, _ in outs]
    for k, leaf in ((0, x), (1, plain)):
        total = sum(
            ((w * pair[k]).sum() for w, pair in zip(weights, outs, strict=True)),
            ag.tensor(0.0),
        )
        if total.requires_grad:
            total.backward()
        else:
            leaf.grad = ag.zeros_like(leaf)
    again = ag.tensor(data, requires_grad=True)
    view(again).backward(plain.grad)
    np.testing.assert_allclose(x.grad.data, again.grad.data, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:grad. what f returns does not depend")
@forms(MOVING + INDICES[1:])
def test_second_derivatives(form, rng):
    """Of the cubes of all results, by differences of the gradient."""
    names = [n for n in ("x", "v", "one") if n in compile(form, "", "eval").co_names]
    weights = [rng.standard_normal(np.shape(o)) for o in parts(run(form, ARRAYS))]

    def f(given):
        outs = parts(run(form, {**ARRAYS, **OTHERS, **given}))
        cubes = (w * o * o * o for w, o in zip(weights, outs, strict=True))
        return sum((cube.sum() for cube in cubes), ag.tensor(0.0, np.float64))

    point = {n: ARRAYS[n].copy() for n in names}
    way = {n: rng.standard_normal(a.shape) for n, a in point.items()}
    _, found = ag.jvp(ag.grad(f), (point,), (way,))
    step = 1e-4
    near, far = (
        [ag.grad(f)({n: a + k * step * way[n] for n, a in point.items()}) for k in ks]
        for ks in ((-1, 1), (-2, 2))
    )
    for n in names:
        numeric = 8 * (near[1][n].data - near[0][n].data)
        numeric = (numeric - (far[1][n].data - far[0][n].data)) / (12 * step)
        scale = max(1.0, np.abs(numeric).max(initial=0.0))
        np.testing.assert_allclose(found[n].data, numeric, atol=1e-7 * scale, rtol=0)


@pytest.mark.parametrize(
    ("shape", "window", "axis"),
    [((5,), 3, None), ((4, 5), (2, 3), None), ((4, 5), 2, 1), ((2, 6), (2, 3), (1, 1))],
)
def test_windows_that_slide(shape, window, axis, rng):
    view = np.lib.stride_tricks.sliding_window_view
    x = rng.standard_normal(shape)
    right = view(x, window, axis)
    value, pullback = ag.vjp(lambda x: view(x, window, axis), x)
    np.testing.assert_array_equal(value.numpy(), right)
    g, v = rng.standard_normal(right.shape), rng.standard_normal(shape)
    found = np.vdot(pullback(g)[0].numpy(), v)  # it is linear: its adjoint
    np.testing.assert_allclose(found, np.vdot(g, view(v, window, axis)), rtol=1e-12)


def test_windows_that_do_not_fit():
    view = np.lib.stride_tricks.sliding_window_view
    with pytest.raises(ValueError, match="a window of 4 on an axis of 3"):
        view(ag.tensor([1.0, 2.0, 3.0]), 4)
    with pytest.raises(ValueError, match="1 lengths for 2 axes"):
        view(ag.tensor([[1.0, 2.0]]), 2)
