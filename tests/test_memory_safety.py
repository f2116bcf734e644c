"""No kernel reads or writes beside an array: what does not fit is refused first."""

import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim

OPTIMIZERS = [
    optim.SGD,
    optim.RMSprop,
    optim.Adagrad,
    optim.Adam,
    optim.AdamW,
    optim.NAdam,
    optim.Lion,
]


def leaf(values):
    return ag.tensor(np.asarray(values, float), requires_grad=True)


def zeros(*shape):
    return ag.zeros(*shape, dtype=np.float64)


def read_only(array):
    array.flags.writeable = False
    return array


def unaligned(n):
    return np.zeros(8 * n + 1, np.uint8)[1:].view(np.float64)


# PyTorch 2.13: "attempting to assign a gradient of size '[10]' to a tensor of size
# '[3]'", "... of type Float, but expected Double", "expected a Tensor or None".
@pytest.mark.parametrize(
    ("given", "error"),
    [
        (zeros(20_000_000), ValueError),
        (zeros(0), ValueError),
        (zeros(2), ValueError),
        (zeros(1, 3), ValueError),
        (zeros(3, 1), ValueError),
        (zeros(()), ValueError),
        (ag.zeros(3), TypeError),
        (ag.zeros(3, dtype=np.int64), TypeError),
        (ag.tensor([True] * 3), TypeError),
        (np.zeros(3), TypeError),
        ([0.0] * 3, TypeError),
        (0, TypeError),
        ("0", TypeError),
    ],
    ids=str,
)
def test_a_gradient_has_the_shape_and_dtype_of_its_tensor(given, error):
    x = leaf([1, 1, 1])
    with pytest.raises(error, match=r"^grad: expected a Tensor of shape \(3,\)"):
        x.grad = given
    assert x.grad is None


def test_a_gradient_of_as_many_elements_in_another_shape():
    with pytest.raises(ValueError, match=r"shape \(2, 3\).* got shape \(3, 2\)"):
        leaf(np.ones((2, 3))).grad = zeros(3, 2)


@pytest.mark.parametrize(
    "own", [lambda x: x, lambda x: x.detach(), lambda x: x.detach()[::-1]]
)
def test_a_tensor_is_not_its_own_gradient(own):
    x = leaf([1, 2])  # PyTorch 2.13: "can't assign Variable as its own grad"
    with pytest.raises(ValueError, match="shares memory with the tensor itself"):
        x.grad = own(x)


@pytest.mark.parametrize(
    "grad",
    [
        zeros(2, 3).T,
        zeros(6, 2)[::2],
        zeros(3, 2)[::-1],
        np.broadcast_to(zeros(1), (3, 2)),
        nn.Parameter(np.zeros((3, 2))),
        zeros(3, 2) + leaf(np.zeros((3, 2))),
    ],
    ids=["transposed", "strided", "reversed", "repeated", "parameter", "of an op"],
)
def test_gradients_add_up_in_any_layout(grad):
    x = leaf(np.ones((3, 2)))
    x.grad = grad
    weights = np.arange(6.0).reshape(3, 2)
    (x * weights).sum().backward()
    np.testing.assert_array_equal(x.grad.detach().numpy(), weights)


def test_a_read_only_gradient_stays_as_it_is():
    x, given = leaf([1, 1]), zeros(2)
    read_only(given.data)
    x.grad = given
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert given.tolist() == [0, 0]


def test_replaced_data_of_a_gradient_are_refused():
    x = leaf([1, 1])
    x.grad = zeros(2)
    x.grad.data = np.zeros(8)
    with pytest.raises(ValueError, match=r"what is in .grad does not fit"):
        (x * 2).sum().backward()
    assert x.grad.tolist() == [0] * 8


def test_a_pruned_layer_needs_its_gradients_zeroed():
    layer, x = nn.Linear(4, 300), np.ones((2, 4), np.float32)
    layer(x).sum().backward()
    layer.weight.data, layer.bias.data = layer.weight.data[:5], layer.bias.data[:5]
    with pytest.raises(ValueError, match=r"zero_grad\(\) after replacing .data"):
        layer(x).sum().backward()
    layer.zero_grad()
    layer(x).sum().backward()
    assert layer.bias.grad.tolist() == [2] * 5


# ``data`` --------------------------------------------------------------------------


@pytest.mark.parametrize("data", [np.ones(8), np.ones(1), np.ones((2, 1)), np.ones(0)])
def test_data_of_another_shape_between_forward_and_backward(data):
    w = leaf([1, 1])
    y = (w * 3).sum()
    w.data = data
    with pytest.raises(ValueError, match=r"has shape \(2,\).*data was replaced after"):
        y.backward()
    assert w.grad is None


def test_data_of_another_dtype_between_forward_and_backward():
    w = leaf([1, 1])
    y = (w * 3).sum()
    w.data = np.ones(2, np.float32)
    with pytest.raises(ValueError, match="replaced after"):
        y.backward()


def test_replaced_data_count_as_a_write():
    w = leaf([1, 1])
    y = (w * w).sum()
    w.data = np.full(2, 7.0)
    with pytest.raises(RuntimeError, match="changed in place since"):
        y.backward()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ([1.0, 2.0], TypeError),
        (0, TypeError),
        (ag.ones(2), TypeError),
        (np.ones(2, int), TypeError),
        (np.ones(2, complex), TypeError),
        (np.ones(2, object), TypeError),
        (np.ones(2, np.float16), TypeError),
        (np.ones(2, ">f8"), TypeError),
        (np.ma.array([1.0, 2.0], mask=[True, False]), TypeError),
        (unaligned(2), ValueError),
    ],
    ids=lambda value: type(value).__name__,
)
def test_data_that_a_tensor_cannot_hold(data, error):
    w = leaf([1, 2])
    with pytest.raises(error, match=r"^data: "):
        w.data = data
    assert w.tolist() == [1, 2]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_as_data_is_a_plain_array():
    for _ in range(50):  # writes in place went past its end
        w = leaf([[1, 2]])
        w.data = np.asmatrix([1.0, 2.0])
        with ag.no_grad():
            w -= np.ones(2)
        assert type(w.data) is np.ndarray
        assert w.tolist() == [[0, 1]]


@pytest.mark.parametrize("layout", [np.ones(4)[::2], np.ones((2, 2)).T[0]])
def test_data_in_any_layout(layout):
    w = leaf([0, 0])
    w.data = layout
    (w * w).sum().backward()
    with ag.no_grad():
        w -= 0.5 * w.grad
    assert w.tolist() == [0, 0]


# Read-only memory ------------------------------------------------------------------

WRITES = {
    "item": lambda t: t.__setitem__(0, 1),
    "slice": lambda t: t.__setitem__(slice(None), [1, 2, 3]),
    "indices": lambda t: t.__setitem__([0, 1], 1),
    "+=": lambda t: t.__iadd__(1),
    "**=": lambda t: t.__ipow__(2),
    "add_": lambda t: t.add_(1),
    "mul_": lambda t: t.mul_([1, 2, 3]),
    "fill_": lambda t: t.fill_(1),
    "zero_": lambda t: t.zero_(),
    "copy_": lambda t: t.copy_(np.ones(3)),
    "init": nn.init.ones_,
}


def of_read_only():
    out = ag.zeros(3)
    out.data = read_only(np.zeros(3, np.float32))
    return out


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    "make",
    [
        lambda: np.broadcast_to(ag.zeros(1), (3,)),
        lambda: np.broadcast_to(ag.zeros(()), (3,))[::-1],
        of_read_only,
    ],
    ids=["repeated", "a view of it", "data"],
)
def test_read_only_memory_is_not_written_to(make, write):
    t = make()
    with pytest.raises(ValueError, match="read-only"):  # NumPy: ValueError
        write(t)
    assert t.tolist() == [0, 0, 0]


def test_what_repeats_by_copying_can_be_written_to():
    t = np.tile(ag.zeros(2), 1)
    t[0] = 1
    assert t.tolist() == [1, 0]


# Kernels that walk many arrays, or update in place ---------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__name__)
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.ones(5), r"was (2,) float64 and became (5,) float64"),
        (np.ones(1), r"was (2,) float64 and became (1,) float64"),
        (np.ones(2, np.float32), r"was (2,) float64 and became (2,) float32"),
        (np.ones(4)[::2], "must be C-contiguous, aligned and writable"),
        (np.broadcast_to(np.ones(1), (2,)), "must be C-contiguous, aligned and"),
    ],
    ids=["longer", "shorter", "dtype", "strided", "read-only"],
)
def test_optimizers_refuse_replaced_data(optimizer, data, text):
    w = leaf([1, 2])
    opt = optimizer([w], lr=0.1)
    (w * w).sum().backward()
    opt.step()
    opt.zero_grad()
    w.data = data
    (w * w).sum().backward()
    with pytest.raises(ValueError, match=re.escape(text)):
        opt.step()
    np.testing.assert_array_equal(w.numpy(), np.ones(len(data)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__name__)
@pytest.mark.parametrize("data", [np.ones(9), np.ones(1), np.ones(2, np.float32)])
def test_optimizers_refuse_replaced_data_of_gradients(optimizer, data):
    w = leaf([1, 2])
    opt = optimizer([w], lr=0.1)
    (w * w).sum().backward()
    w.grad.data = data
    with pytest.raises(ValueError, match="the gradient of parameter 0 must be"):
        opt.step()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.ones(1), "became"),
        (np.ones(9), "became"),
        (np.ones(2, np.float32), "became"),
        (np.ones(4)[::2], "must be C-contiguous"),
    ],
)
def test_averages_refuse_replaced_data(data, text):
    w = leaf([1, 2])
    ema = optim.EMA([w])
    ema.update()
    w.data = data
    with pytest.raises(ValueError, match=f"EMA.update: parameter 0.* {text}"):
        ema.update()


STATISTICS = {
    "read-only": (lambda: np.broadcast_to(np.zeros(1, np.float32), (2,)), "C-contig"),
    "strided": (lambda: np.zeros(4, np.float32)[::2], "C-contiguous and writable"),
    "dtype": (lambda: np.zeros(2), "of one dtype"),
    "shorter": (lambda: np.zeros(1, np.float32), "has shape"),
    "longer": (lambda: np.zeros(3, np.float32), "has shape"),
}


@pytest.mark.parametrize("which", ["running_mean", "running_var"])
@pytest.mark.parametrize(("make", "text"), STATISTICS.values(), ids=STATISTICS)
def test_running_statistics_that_do_not_fit(which, make, text):
    layer = nn.BatchNorm1d(2)
    getattr(layer, which).data = make()
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    with pytest.raises(ValueError, match=text):
        layer(x)
    assert layer.num_batches_tracked.item() == 0
    np.testing.assert_array_equal(getattr(layer, which).numpy(), make())


def test_a_read_only_count_of_batches():
    layer = nn.BatchNorm1d(2)
    layer.num_batches_tracked.data = read_only(np.array(0))
    with pytest.raises(ValueError, match="read-only"):
        layer(np.arange(6, dtype=np.float32).reshape(3, 2))


def test_a_jacobian_of_many_outputs_takes_no_square_of_memory():
    jacobian = ag.jacobian(lambda x: x * np.arange(3000.0))(np.array([1.0]))
    np.testing.assert_array_equal(jacobian.numpy()[:, 0], np.arange(3000.0))
