"""Backward reads what forward read, whatever happened since, or it raises."""

import numpy as np
import pytest
from op_cases import DIFFERENTIABLE, copies, draw, tracking, wanted

import autograd_core as ag
from autograd_core import nn

F = nn.functional


def leaf(values=(1.0, 2.0)):
    return ag.tensor(np.asarray(values, float), requires_grad=True)


def read_only_view(x):
    view = x.view()
    view.flags.writeable = False
    return view


def scramble(x):
    if isinstance(x, list):
        x.clear()
        return
    now = np.array(x)
    x[...] = {"b": now == 0, "f": np.full_like(now, 7.25)}.get(
        now.dtype.kind, now[::-1]
    )


# What an op is given for an array, and whose memory is filled again.
FORMS = {
    "array": lambda x: (x, x),
    "view": lambda x: (x[...], x),
    "reversed": lambda x: (x[::-1][::-1], x),
    "read-only view": lambda x: (read_only_view(x), x),
    "memoryview": lambda x: (np.asarray(memoryview(x).toreadonly()), x),
    "list": lambda x: (lambda values: (values, values))(x.tolist()),
    "numpy()": lambda x: (lambda t: (t.numpy(), t))(ag.tensor(x)),
    "Tensor": lambda x: (lambda t: (t, t))(ag.tensor(x)),
    "view of Tensor": lambda x: (lambda t: (t[::-1][::-1], t))(ag.tensor(x)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("op", "sample"), DIFFERENTIABLE)
def test_operands_of_every_op_may_be_filled_again(op, sample, form, rng):
    args = draw(sample, rng)
    if form == "list" and any(getattr(a, "kind", "") == "key" for a in sample.args):
        pytest.skip("a key is no list")
    for i, need in enumerate(wanted(op, args)):
        if not need:
            continue
        grads = []
        for again in (False, True):
            given, owners = copies(args), []
            for j, x in enumerate(given):
                if j == i:
                    given[j] = tracking(x)
                elif isinstance(x, np.ndarray) and x.ndim:
                    given[j], owner = FORMS[form](x)
                    owners.append(owner)
            out = op(*given, **dict(sample.attrs))
            for owner in owners if again else []:
                scramble(owner)
            try:
                np.real(out).sum().backward()
            except RuntimeError as error:
                assert again
                assert "Tensor" in form
                assert "changed in place since" in str(error)  # noqa: PT017
                break
            grads.append(given[i].grad)
        if len(grads) == 2 and grads[0] is not None:
            np.testing.assert_array_equal(grads[1].numpy(), grads[0].numpy())


ROWS = [[1.0, 2.0], [3.0, 5.0]]

# f(t, buffer), what the buffer holds and what it is filled with before backward.
BUFFERS = {
    "clip low": (lambda t, a: np.clip(t, a, 9.0), [1.5, 1.5], 0.0),
    "clip high": (lambda t, a: np.clip(t, 0, a), [1.5, 1.5], 9.0),
    "take": (np.take, [0, 0], 1),
    "take along": (lambda t, a: np.take(t.reshape(2, 1), a, 0), [0, 0], 1),
    "take bools": (np.take, [True, False], True),
    "repeat": (np.repeat, [1, 3], 1),
    "indices": (lambda t, a: t[a], [0, 0], 1),
    "indices in a tuple": (lambda t, a: t.reshape(1, 2)[:, a], [0, 0], 1),
    "indices in a list": (lambda t, a: t[[a, a],], [0, 0], 1),
    "mask": (lambda t, a: t[a], [True, False], True),
    "condition": (lambda t, a: np.where(a, t, t * 2), [True, False], True),
    "condition of ints": (lambda t, a: np.where(a, t, t * 2), [1, 0], 1),
    "exponent": (lambda t, a: t**a, [2.0, 3.0], 1.0),
    "int exponent": (lambda t, a: t**a, [2, 3], 1),
    "base": (lambda t, a: a**t, [2.0, 3.0], 1.0),
    "list of arrays": (lambda t, a: t * [a, a], [2.0, 3.0], 1.0),
    "repeated": (lambda t, a: t * np.broadcast_to(a, (3, 2)), [2.0, 3.0], 1.0),
    "window": (
        lambda t, a: t[:1] * np.lib.stride_tricks.sliding_window_view(a, 1),
        [2.0, 3.0],
        1.0,
    ),
    "real part": (lambda t, a: t * a.real, [2 + 0j, 3 + 0j], 1.0),
    "mse": (F.mse_loss, [2.0, 3.0], 1.0),
    "l1": (F.l1_loss, [0.0, 3.0], 9.0),
    "huber": (F.huber_loss, [0.5, 3.0], 9.0),
    "smooth l1": (F.smooth_l1_loss, [0.5, 3.0], 9.0),
    "bce": (F.binary_cross_entropy_with_logits, [0.0, 1.0], 0.5),
    "MSELoss": (lambda t, a: nn.MSELoss()(x=t, target=a), [2.0, 3.0], 1.0),
    "L1Loss": (nn.L1Loss(), [0.0, 3.0], 9.0),
    "HuberLoss": (nn.HuberLoss(), [0.5, 3.0], 9.0),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(), [0.0, 1.0], 0.5),
    "labels": (lambda t, a: F.cross_entropy(t * np.eye(2), a), [0, 1], 0),
    "CrossEntropyLoss": (
        lambda t, a: nn.CrossEntropyLoss()(t * np.eye(2), a),
        [0, 1],
        0,
    ),
    "probabilities": (
        lambda t, a: F.cross_entropy(t * np.eye(2), a),
        [[0.5, 0.5], [0.1, 0.9]],
        1.0,
    ),
    "batch": (lambda t, a: F.linear(a, t.reshape(1, 2)), ROWS, 0.0),
    "batch of ints": (lambda t, a: F.linear(a, t.reshape(1, 2)), [[1, 2], [3, 4]], 0),
    "weight": (lambda t, a: F.linear(t.reshape(1, 2), a), ROWS, 0.0),
    "batch_norm": (
        lambda t, a: F.batch_norm(a, weight=t, bias=t, training=True) ** 2,
        ROWS,
        0.0,
    ),
    "batch_norm weight": (
        lambda t, a: F.batch_norm(t * np.array(ROWS), weight=a, training=True) ** 2,
        [2.0, 3.0],
        0.0,
    ),
    "statistics": (
        lambda t, a: F.batch_norm(t * np.array(ROWS), a, a, training=False) ** 2,
        [2.0, 3.0],
        1.0,
    ),
    "LayerNorm": (
        lambda t, a: nn.LayerNorm(2, dtype=float)(t * a) ** 2,
        [2.0, 3.0],
        1.0,
    ),
    "dropout": (
        lambda t, a: (ag.manual_seed(0), F.dropout(t * a, 0.5))[1],
        [2.0, 3.0],
        1.0,
    ),
    "checkpoint": (
        lambda t, a: ag.checkpoint(lambda t, a: t * a, t, a),
        [2.0, 3.0],
        1.0,
    ),
    "checkpoint nested": (
        lambda t, a: ag.checkpoint(lambda t, d: t * d["a"][0], t, d={"a": [a[::-1]]}),
        [2.0, 3.0],
        1.0,
    ),
    "Sequential": (
        lambda t, a: nn.Sequential(nn.Flatten(), nn.Identity())(a) @ t,
        ROWS,
        0.0,
    ),
}


@pytest.mark.parametrize(("f", "first", "second"), BUFFERS.values(), ids=BUFFERS)
def test_buffers_may_be_filled_again(f, first, second):
    grads = []
    for again in (False, True):
        t, buffer = leaf(), np.array(first)
        y = f(t, buffer)
        if again:
            buffer[...] = second
        y.sum().backward()
        grads.append(t.grad.numpy())
    np.testing.assert_array_equal(grads[1], grads[0])


def test_the_sum_of_terms_over_one_buffer():
    x, buffer, y = leaf(), np.empty(2), 0.0
    for k in (1.0, 2.0, 3.0):
        buffer[:] = k
        y = y + x * buffer
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]


@pytest.mark.parametrize("layers", [1, 2])
def test_micro_batches_from_one_loader_buffer(layers):
    model = nn.Sequential(*[nn.Identity()] * (layers - 1), nn.Linear(2, 1, dtype=float))
    buffer, loss = np.empty((1, 2)), 0.0
    for row in ROWS:
        buffer[:] = row
        loss = loss + model(buffer).sum()
    loss.backward()
    assert model[-1].weight.grad.tolist() == [[4, 7]]


@pytest.mark.parametrize(
    ("first", "want"), [([0, 0], [2, 0]), ([True, False], [1, 0]), ([-1, 1], [0, 2])]
)
@pytest.mark.parametrize("index", [lambda t, i: t[i], np.take])
def test_a_tensor_as_index(first, want, index):
    if index is np.take and first[0] is True:
        want = [1, 1]  # bools are 0 and 1 to `numpy.take`
    x, i = leaf(), ag.tensor(first)
    y = index(x, i).sum()
    i[:] = 1
    y.backward()
    assert x.grad.tolist() == want


def test_cotangents_and_inputs_may_be_filled_again():
    x = leaf()
    g = np.array([1.0, 2.0])
    x.reshape(2).backward(g)
    inputs = np.array([1.0, 2.0])
    _, pull = ag.vjp(lambda u: u * u, inputs)
    _, straight = ag.vjp(lambda u: u.reshape(2), inputs)
    (out,) = straight(g)
    inputs[:] = g[:] = 9
    assert x.grad.tolist() == [1, 2]
    assert out.tolist() == [1, 2]
    assert pull(np.ones(2))[0].tolist() == [2, 4]


def test_a_pullback_reads_what_the_function_read():
    captured, t = np.array([1.0, 2.0]), ag.tensor(np.array([1.0, 2.0]))
    _, pull = ag.vjp(lambda u: u * captured, np.ones(2))
    _, pull_t = ag.vjp(lambda u: u * u, t)
    captured[:] = 9
    with ag.no_grad():
        t += 1
    assert pull(np.ones(2))[0].tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="changed in place since"):
        pull_t(np.ones(2))


# Gradients as operands -------------------------------------------------------------


def test_adding_to_a_gradient_counts_as_a_write():
    w = leaf()
    (w**3).sum().backward(create_graph=True)
    penalty = (w.grad**2).sum()
    (w * 5.0).sum().backward()  # in place; PyTorch 2.13 raises below
    w.grad = None
    with pytest.raises(RuntimeError, match="changed in place since"):
        penalty.backward()


def test_a_gradient_as_operand_is_watched():
    w, v = leaf(), leaf((1.0, 1.0))
    (w * w).sum().backward()
    y = (v * w.grad).sum()
    (w * 5.0).sum().backward()
    with pytest.raises(RuntimeError, match="changed in place since"):
        y.backward()


def test_a_graph_of_the_gradient_is_added_to_out_of_place():
    w = leaf()
    (w * w).sum().backward(create_graph=True)
    before = w.grad
    (w * w).sum().backward(create_graph=True)
    assert before.tolist() == [2, 4]
    assert w.grad.tolist() == [4, 8]


# Not read, so not missed -----------------------------------------------------------

UNREAD = {
    "* number": (lambda w: w * 3, [3, 3]),
    "* array": (lambda w: w * np.array([2.0, 3.0]), [2, 3]),
    "/ number": (lambda w: w / 2, [0.5, 0.5]),
    "array @": (lambda w: np.array(ROWS) @ w, [4, 7]),
    "@ array": (lambda w: w @ np.array(ROWS), [3, 8]),
    "-": (lambda w: 2 - w, [-1, -1]),
    "linear": (lambda w: F.linear(np.array(ROWS), w.reshape(1, 2)), [4, 7]),
    "concatenate": (lambda w: np.concatenate([w, w]), [2, 2]),
    "index": (lambda w: w[0], [1, 0]),
    "where": (lambda w: np.where([True, False], w, 0.0), [1, 0]),
    "mean": (lambda w: w.mean(), [0.5, 0.5]),
    "exp": (lambda w: np.exp(w * 0), [0, 0]),
}


@pytest.mark.parametrize(("f", "want"), UNREAD.values(), ids=UNREAD)
def test_a_write_to_what_backward_does_not_read(f, want):
    w = leaf()  # PyTorch 2.13 gives these gradients
    y = f(w).sum()
    with ag.no_grad():
        w += 1
    y.backward()
    assert w.grad.tolist() == want


READ = {
    "*": lambda w: w * w,
    "/": lambda w: 1 / w,
    "**": lambda w: w**3,
    "exp": np.exp,
    "sin": np.sin,
    "@": lambda w: w @ w,
    "maximum": lambda w: np.maximum(w, 1.5),
    "relu": F.relu,
    "max": np.max,
    "softmax": F.softmax,
    "cross entropy": lambda w: F.cross_entropy(w.reshape(1, 2), np.array([0])),
    "mse": lambda w: F.mse_loss(w, np.zeros(2)),
}


@pytest.mark.parametrize("f", READ.values(), ids=READ)
def test_a_write_to_what_backward_reads(f):
    w = leaf()
    y = f(w)
    target = y if f in (np.exp, F.softmax) else w  # these read their output
    with ag.no_grad():
        target += 1
    try:
        y.sum().backward()
    except RuntimeError as error:
        assert "changed in place since" in str(error)  # noqa: PT017
    else:  # it kept what it needs
        fresh = leaf()
        f(fresh).sum().backward()
        np.testing.assert_array_equal(w.grad.numpy(), fresh.grad.numpy())
