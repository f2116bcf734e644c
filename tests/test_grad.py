"""The tape and the backward walk: graphs, leaves, errors, threads, memory."""

import gc
import threading
import weakref

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.tape import Node

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])


def leaf(data=X):
    return ag.tensor(np.array(data, np.float64), requires_grad=True)


# Graphs ----------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_chain_of_100_000_ops(create_graph):
    x = leaf(2.0)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward(create_graph=create_graph)
    assert x.grad.item() == 100_001
    del y  # freeing the chain must not recurse either


def test_diamonds_and_shared_parts_count_every_path():
    x = leaf()
    shared = np.exp(x)
    left, right = shared * 2, np.sin(shared)
    (left * right + shared).sum().backward()
    e = np.exp(X)
    expected = e * (2 * np.sin(e) + 2 * e * np.cos(e) + 1)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-13)


def test_a_ladder_of_diamonds_is_walked_once_per_node():
    x = leaf(1.0)
    y = x
    for _ in range(60):  # 2**60 paths
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_one_tensor_in_many_places():
    x = leaf(3.0)
    (x * x * x).backward()
    assert x.grad.item() == 27.0
    x = leaf()
    np.concatenate([x, x]).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.full_like(X, 2))


def test_parts_that_do_not_require_grad_are_left_out():
    x, constant = leaf(), ag.tensor(X)
    product = constant * constant
    assert product.node is None
    (x * product).sum().backward()
    assert constant.grad is None
    np.testing.assert_array_equal(x.grad.data, X * X)


def test_the_gradient_argument():
    x = leaf()
    (x * x).backward(X)
    np.testing.assert_array_equal(x.grad.data, 2 * X * X)
    with pytest.raises(ValueError, match=r"scalar.*\(2, 3\)"):
        (x * 2).backward()
    with pytest.raises(ValueError, match=r"\(3,\).*\(2, 3\)"):
        (x * 2).backward(np.ones(3))
    with pytest.raises(RuntimeError, match="does not require grad"):
        ag.tensor(1.0).backward()


def test_a_leaf_can_be_the_loss():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1.0


# Accumulation ----------------------------------------------------------------------


def test_gradients_add_up_over_backwards_in_place():
    x = leaf()
    (x * 2).sum().backward()
    first = x.grad
    (x * X).sum().backward()
    assert x.grad is first
    np.testing.assert_array_equal(x.grad.data, 2 + X)


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_share_memory_with_nothing(create_graph):
    x, y, z = leaf(), leaf(), leaf()
    g = X.copy()
    (x + y + z.reshape(-1).reshape(z.shape)).backward(g, create_graph=create_graph)
    leaves = [x, y, z]
    memory = [g, *(t.data for t in leaves), *(t.grad.data for t in leaves)]
    for i, one in enumerate(memory):
        assert not any(np.shares_memory(one, other) for other in memory[:i])


def test_views_of_a_cotangent_become_arrays_of_their_own():
    x, row = leaf(), leaf(X[0])
    (x.T.reshape(6)[::-1] * 1.0 + np.broadcast_to(row, (2, 3)).reshape(6)).backward(
        np.arange(6.0)
    )
    assert x.grad.data.flags.carray
    assert row.grad.data.flags.carray
    reverse = np.arange(6.0)[::-1].reshape(3, 2).T
    np.testing.assert_array_equal(x.grad.data, reverse)
    np.testing.assert_array_equal(row.grad.data, [3, 5, 7])


def test_retain_graph_walks_twice():
    x = leaf()
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, 4 * X)


# Twice -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f", [lambda x: (x * x).sum(), lambda x: (x + 1).sum(), lambda x: x.T[0].sum()]
)
def test_a_second_backward_says_so(f):
    loss = f(leaf())
    loss.backward()
    with pytest.raises(RuntimeError, match=r"freed.*retain_graph=True"):
        loss.backward()


def test_a_part_that_another_backward_freed_is_an_error():
    x = leaf()
    shared = np.exp(x)
    shared.sum().backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        (shared * 2).sum().backward()


def test_gradients_of_gradients_by_create_graph():
    x = leaf()
    (x**3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    (first * X).sum().backward()
    np.testing.assert_allclose(first.data, 3 * X**2, rtol=1e-14)
    np.testing.assert_allclose(x.grad.data, 6 * X**2, rtol=1e-14)


# In place --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "write"),
    [
        (lambda x, w: x * w, lambda w: w.add_(1.0)),
        (lambda x, w: x * w, lambda w: w.__setitem__(0, 0.0)),
        (lambda x, w: x * w, lambda w: w[0].zero_()),  # by way of a view
        (lambda x, w: x * w, lambda w: w.detach().zero_()),
        (lambda x, w: x @ w.T, lambda w: w.copy_(1.0)),
    ],
)
def test_a_write_between_forward_and_backward(f, write):
    x, w = leaf(), ag.tensor(X)
    loss = f(x, w).sum()
    write(w)
    with pytest.raises(RuntimeError, match=r"changed in place.*version"):
        loss.backward()


def test_a_write_to_an_output_that_backward_reads():
    x = leaf()
    y = np.exp(x)
    with ag.no_grad():
        y.mul_(2.0)
    with pytest.raises(RuntimeError, match=r"'exp'.*changed in place"):
        y.sum().backward()


def test_a_write_to_what_backward_does_not_read_is_fine():
    x, w = leaf(), ag.tensor(X)
    loss = (x + w).sum()
    w.zero_()
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, np.ones_like(X))


def test_a_parameter_updated_before_backward_is_noticed():
    """loss.backward() after opt.step() by mistake."""
    w = leaf()
    loss = (w * w).sum()
    with ag.no_grad():
        w -= 0.1
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_a_copy_by_index_is_no_view():
    w = ag.tensor(X)
    x = leaf()
    loss = (x * w).sum()
    w[np.array([0, 1])].zero_()
    loss.backward()
    np.testing.assert_array_equal(x.grad.data, X)


# Recording -------------------------------------------------------------------------


def test_no_grad_as_block_and_decorator():
    x = leaf()

    @ag.no_grad()
    def twice(t):
        """Doubles."""
        return t * 2

    for _ in range(2):  # a decorated function can be called again
        assert not twice(x).requires_grad
    assert twice.__doc__ == "Doubles."
    with ag.no_grad():
        with ag.no_grad():
            pass
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        1 / 0  # noqa: B018
    assert (x * 2).requires_grad


def test_no_grad_is_of_its_thread():
    x, seen = leaf(), []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_threads_differentiate_side_by_side():
    def work(i, out):
        x = leaf(X + i)
        for _ in range(50):
            x.grad = None
            (np.exp(x) * x).sum().backward()
        out[i] = x.grad.data

    out = {}
    threads = [threading.Thread(target=work, args=(i, out)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(4):
        np.testing.assert_allclose(out[i], np.exp(X + i) * (X + i + 1), rtol=1e-13)


def test_leaves():
    x = leaf()
    y = x * 2
    assert x.is_leaf
    assert not y.is_leaf
    assert y.detach().is_leaf
    assert np.shares_memory(y.detach().data, y.data)
    y.sum().backward()
    assert y.grad is None
    with pytest.raises(RuntimeError, match="leaf"):
        (x * 2).requires_grad_()
    with pytest.raises(TypeError, match="int64"):
        ag.tensor([1]).requires_grad_()
    assert not x.requires_grad_(False).requires_grad
    assert (x * 2).node is None


def test_comparisons_and_indices_leave_the_graph():
    x = leaf()
    for out in (x > 0, x == x, x.argmax(), np.isnan(x)):
        assert not out.requires_grad


# Memory ----------------------------------------------------------------------------


def test_residuals_are_freed_by_backward():
    x = leaf()
    middle = np.exp(x)
    loss = (middle * middle).sum()
    gone = weakref.ref(middle.data)
    node = weakref.ref(middle)
    del middle
    assert gone() is not None  # held for backward
    loss.backward()
    assert gone() is None
    assert node() is None


def test_a_graph_dies_with_its_last_tensor():
    x = leaf()
    middle = np.exp(x)
    gone = weakref.ref(middle.data)
    loss = (middle * middle).sum()
    del middle, loss
    assert gone() is None


def test_intermediates_go_during_backward(monkeypatch):
    """Peak memory: what is behind the walk is free before the walk ends."""
    alive = []
    x = leaf()
    first = x * 2.0
    last = np.exp(np.exp(first))
    watched = weakref.ref(last.node.out[0])
    loss = last.sum()
    del last
    rule = first.node.op.vjps

    class Spy:
        def __getitem__(self, i):
            alive.append(watched() is not None)
            return rule[i]

        def __len__(self):
            return len(rule)

    monkeypatch.setattr(first.node.op, "vjps", Spy())
    loss.backward()
    assert alive == [False]


@pytest.mark.parametrize("mode", ["backward", "dropped", "create_graph", "checkpoint"])
def test_no_reference_cycles(mode):
    def step():
        x = leaf()
        body = lambda t: np.tanh(np.exp(t) @ t.T)  # noqa: E731
        y = ag.checkpoint(body, x) if mode == "checkpoint" else body(x)
        loss = (y * y).mean() + x.max()
        if mode in ("backward", "checkpoint"):
            loss.backward()
        elif mode == "create_graph":
            ag.hvp(lambda t: (np.exp(t) * t).sum(), X, X)

    step()
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            step()
        assert not any(isinstance(o, Node | ag.Tensor) for o in _garbage())
    finally:
        gc.enable()


def _garbage():
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return list(gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
