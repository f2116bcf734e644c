"""What the op table cannot say of reductions, losses, batch-norm and dropout."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops import batchnorm, dropout, losses, reduce, softmax
from autograd_core.random import Generator

BAD = {
    "label above": (
        lambda: losses.cross_entropy(np.zeros((3, 4)), np.array([0, 4, 9])),
        "cross_entropy: label 4 in row 1 is not one of 4 classes, 0 to 3",
    ),
    "label below": (
        lambda: losses.cross_entropy(np.zeros((3, 4)), np.array([0, 1, -1])),
        "cross_entropy: label -1 in row 2 is not one of 4 classes, 0 to 3",
    ),
    "label type": (
        lambda: losses.cross_entropy(np.zeros((3, 4)), np.array([True, False, True])),
        "cross_entropy: expected integer labels or floating probabilities, got .* bool",
    ),
    "label shape": (
        lambda: losses.cross_entropy(np.zeros((3, 4)), np.array([0, 1])),
        r"cross_entropy: logits \(3, 4\) need labels of shape \(3,\), got \(2,\)",
    ),
    "probability shape": (
        lambda: losses.cross_entropy(np.zeros((3, 4)), np.zeros((3, 5))),
        r"cross_entropy: logits \(3, 4\) need probabilities of their shape",
    ),
    "logits shape": (
        lambda: losses.cross_entropy(np.zeros(3), np.array([0, 1, 2])),
        r"cross_entropy: expected logits of shape \(rows, classes\), got \(3,\)",
    ),
    "smoothing": (
        lambda: losses.cross_entropy(
            np.zeros((1, 2)), np.array([0]), label_smoothing=1.5
        ),
        r"cross_entropy: label_smoothing must be in \[0, 1\], got 1.5",
    ),
    "reduction": (
        lambda: losses.mse_loss(np.zeros(2), np.zeros(2), reduction="avg"),
        "mse_loss: reduction must be one of .* got 'avg'",
    ),
    "loss shapes": (
        lambda: losses.l1_loss(np.zeros((2, 3)), np.zeros(3)),
        r"l1_loss: input \(2, 3\) and target \(3,\) differ in shape",
    ),
    "delta": (
        lambda: losses.huber_loss(np.zeros(2), np.zeros(2), delta=0.0),
        "huber_loss: delta must be positive, got 0.0",
    ),
    "NaN logits": (
        lambda: losses.cross_entropy(np.full((2, 3), np.nan), np.array([0, 1])),
        "cross_entropy: the loss of row 0 is NaN",
    ),
    "NaN target": (
        lambda: losses.mse_loss(np.zeros((1, 2)), np.array([[0, np.nan]])),
        r"mse_loss: the loss at \(0, 1\) is NaN",
    ),
    "one value a channel": (
        lambda: batchnorm.batch_norm(np.zeros((1, 3)), None, None),
        r"batch_norm: .* more than one value in each channel, .* \(1, 3\)",
    ),
    "channels": (
        lambda: batchnorm.batch_norm(np.zeros((4, 3)), np.ones(2), None),
        r"batch_norm: an input \(4, 3\) has 3 channels, .* shape \(2,\)",
    ),
    "axes": (
        lambda: batchnorm.batch_norm(np.zeros(3), None, None),
        r"batch_norm: expected an input \(N, C\)",
    ),
    "probability 1": (
        lambda: dropout.dropout(np.zeros(3), np.zeros(2, np.uint64), p=1.0),
        r"dropout: expected a probability p in \[0, 1\), got 1.0",
    ),
    "probability below": (
        lambda: dropout.dropout(np.zeros(3), np.zeros(2, np.uint64), p=-0.1),
        r"dropout: expected a probability p in \[0, 1\), got -0.1",
    ),
    "key": (
        lambda: dropout.dropout(np.zeros(3), np.zeros(2)),
        "dropout: expected a key of two uint64",
    ),
    "maximum of nothing": (
        lambda: reduce.max(np.zeros((0, 3)), axis=0),
        r"max: nothing to compare along axis 0 of shape \(0, 3\)",
    ),
    "softmax axis": (
        lambda: softmax.softmax(np.zeros((2, 3)), axis=2),
        "softmax: axis 2 is out of range for 2 dimensions",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        call()


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (2, 3, 4, 2)])
@pytest.mark.parametrize("momentum", [0.1, np.array([0.3])])
def test_running_statistics(rng, shape, momentum):
    x = rng.normal(2, 3, shape)
    mean, variance = rng.normal(size=3), rng.uniform(1, 2, 3)
    old = mean.copy(), variance.copy()
    batchnorm.batch_norm(x, None, None, running=(mean, variance), momentum=momentum)
    axes = (0, *range(2, x.ndim))
    m = float(np.asarray(momentum).item())
    new = x.mean(axes), x.var(axes, ddof=1)
    np.testing.assert_allclose(mean, (1 - m) * old[0] + m * new[0], rtol=1e-13)
    np.testing.assert_allclose(variance, (1 - m) * old[1] + m * new[1], rtol=1e-13)


def test_nothing_moves_when_the_data_hold_a_nan(rng):
    x = rng.normal(size=(8, 100))
    x[5, 70] = np.nan
    mean, variance = np.zeros(100), np.ones(100)
    with pytest.raises(ValueError, match=r"^batch_norm: channel 70 .* NaN"):
        batchnorm.batch_norm(x, None, None, running=(mean, variance))
    assert not mean.any()
    assert (variance == 1).all()


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_in_evaluation(rng, affine):
    x, mean, variance = rng.normal(size=(4, 3, 2)), rng.normal(size=3), np.full(3, 2.0)
    weight, bias = rng.normal(size=(2, 3)) if affine else (None, None)
    eps = 1e-3
    out = batchnorm.batch_norm_eval(x, weight, bias, mean, variance, eps=eps)
    expected = (x - mean[:, None]) / np.sqrt(2 + eps)
    if affine:
        expected = expected * weight[:, None] + bias[:, None]
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-13)
    leaf, g = ag.tensor(x, requires_grad=True), rng.normal(size=x.shape)
    batchnorm.batch_norm_eval(leaf, weight, bias, mean, variance, eps=eps).backward(g)
    slope = (1 if weight is None else weight[:, None]) / np.sqrt(2 + eps)
    np.testing.assert_allclose(leaf.grad.data, g * slope, rtol=1e-13)


def test_batch_norm_of_float32_far_from_zero(rng):
    x = rng.normal(1e4, 1, (256, 5)).astype(np.float32)
    wide = x.astype(float)
    expected = (wide - wide.mean(0)) / np.sqrt(wide.var(0) + 1e-5)
    np.testing.assert_allclose(batchnorm.batch_norm(x, None, None), expected, atol=2e-6)


def test_ties_share_the_cotangent():
    x = ag.tensor([[1.0, 3, 3], [2, 2, 2]], requires_grad=True)
    reduce.max(x, axis=1).backward(np.array([1.0, 3.0]))
    np.testing.assert_array_equal(x.grad.data, [[0, 0.5, 0.5], [1, 1, 1]])


def test_statistics_of_nothing_are_nan_without_a_warning():
    assert np.isnan(reduce.mean(np.ones(0)))
    assert np.isnan(reduce.var(np.ones(0)))
    assert np.isnan(reduce.var(np.ones(1), correction=1))


@pytest.mark.parametrize(("shape", "axis"), [((400_003,), None), ((3, 150_000, 2), 1)])
def test_long_sums_take_two_stages_and_keep_their_digits(rng, shape, axis):
    x = rng.random(shape).astype(np.float32)
    expected = x.sum(axis=axis, dtype=float)
    np.testing.assert_allclose(reduce.sum(x, axis=axis), expected, rtol=3e-7)


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_losses_at_the_extremes(size):
    logits = np.array([[size, -size, 0]], np.float32)
    x = ag.tensor(logits, requires_grad=True)
    loss = losses.cross_entropy(x, np.array([1]))
    loss.backward()
    assert loss.item() == np.float32(2 * size)
    np.testing.assert_array_equal(x.grad.data, [[1, -1, 0]])
    x = ag.tensor(logits, requires_grad=True)
    target = np.array([[0, 1, 1]], np.float32)
    loss = losses.binary_cross_entropy_with_logits(x, target, reduction="sum")
    loss.backward()
    np.testing.assert_allclose(loss.item(), 2 * size + np.log(2), rtol=1e-6)
    np.testing.assert_array_equal(x.grad.data, [[1, -1, -0.5]])


def test_a_drawn_key_gives_one_mask_forward_and_backward():
    generator, x = Generator(5), ag.tensor(np.ones(1000), requires_grad=True)
    first, second = generator.draw(), generator.draw()
    out = dropout.dropout(x, first, p=0.3)
    out.backward(np.full(1000, 2.0))
    np.testing.assert_array_equal(x.grad.data, 2 * out.data)
    assert (dropout.dropout(x.data, second, p=0.3) != out.data).any()
    assert first.tolist() == [5, 0]
    assert second.tolist() == [5, 1]
