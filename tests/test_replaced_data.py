"""``data`` of another size or dtype, where kernels count on what forward has seen."""

import numpy as np
import pytest
from op_cases import DIFFERENTIABLE, copies, draw, gradients, tracked, value, wanted

import autograd_core as ag
from autograd_core import nn


def leaf(values):
    return ag.tensor(np.asarray(values, float), requires_grad=True)


NEW = {
    "half": lambda x: x.reshape(-1)[: x.size // 2 + 1].copy(),
    "double": lambda x: np.resize(x, 2 * x.size),
    "one": lambda x: np.ones((1,) * x.ndim, x.dtype),
    "none": lambda x: np.ones((0,) * x.ndim, x.dtype),
    "dtype": lambda x: x.astype("c8" if x.dtype.kind == "c" else "f4"),
    "strided": lambda x: np.repeat(x, 2, -1)[..., ::2] if x.ndim else x.copy(),
    "values": lambda x: np.asarray(x * 3 + 1),
}


@pytest.mark.parametrize("new", NEW.values(), ids=NEW)
@pytest.mark.parametrize(
    "create_graph", [False, pytest.param(True, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("op", "sample"), DIFFERENTIABLE)
def test_replaced_data_of_every_op(op, sample, create_graph, new, rng):
    """An error, or the gradient of what was there."""
    args = draw(sample, rng)
    needs = wanted(op, args)
    ones = np.ones_like(value(op, sample, args))
    want = gradients(op, sample, args, ones)
    for i, need in enumerate(needs):
        leaves = tracked(copies(args), needs)
        out = op(*leaves, **dict(sample.attrs))
        if not need or not out.requires_grad:
            continue
        leaves[i].data = np.asarray(new(args[i]))
        try:
            out.backward(ones, create_graph=create_graph)
        except (RuntimeError, ValueError):
            continue
        for leaf, right in zip(leaves, want, strict=True):
            if right is not None and leaf.grad is not None:
                np.testing.assert_array_equal(leaf.grad.shape, right.shape)
                np.testing.assert_allclose(
                    leaf.grad.detach().numpy(), right, 1e-9, 1e-12
                )


BIASES = [(), (1,), (7,), (1, 1), (1, 2), (3, 2), (3, 1), (5, 3, 2)]


@pytest.mark.parametrize("shape", BIASES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_bias_that_does_not_fit(shape, dtype):
    x, bias = np.ones((3, 4)), ag.tensor(np.ones(shape, dtype))  # was read as (2,)
    with pytest.raises(ValueError, match=r"bias of shape .* expected \(2,\)"):
        nn.functional.linear(x, leaf(np.ones((2, 4))), bias)


@pytest.mark.parametrize("size", [0, 1, 3, 4])
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_bias_replaced_before_backward(size, rows, create_graph):
    weight, bias = leaf(np.ones((2, 4))), leaf(np.ones(2))
    y = nn.functional.linear(np.ones((rows, 4)), weight, bias).sum()
    bias.data = np.ones(size)  # backward wrote two sums there
    with pytest.raises(ValueError, match=r"does not give|bias of shape"):
        y.backward(create_graph=create_graph)
    assert bias.grad is None


@pytest.mark.parametrize("size", [1, 7])
def test_a_bias_replaced_before_a_replay(size):
    layer, x = nn.Linear(4, 2), np.ones((3, 4), np.float32)
    run = ag.compile(layer)
    for _ in range(4):
        run(x)
    layer.bias.data = np.ones(size, np.float32)
    with pytest.raises(ValueError, match="bias of shape"):
        run(x)
