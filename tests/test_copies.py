"""Copies and pickles of tensors, modules and optimizers, and a step after each."""

import copy
import pickle
import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim


def pickled(x):
    return pickle.loads(pickle.dumps(x))  # noqa: S301


def pickled_by_the_oldest(x):
    return pickle.loads(pickle.dumps(x, 0))  # noqa: S301


DEEP = pytest.mark.parametrize(
    "copied", [copy.deepcopy, pickled, pickled_by_the_oldest]
)
OPTIMIZERS = [
    optim.SGD,
    optim.RMSprop,
    optim.Adagrad,
    optim.Adam,
    optim.AdamW,
    optim.NAdam,
    optim.Lion,
]


def leaf(values=(1.0, 2.0)):
    return ag.tensor(np.asarray(values, float), requires_grad=True)


@DEEP
def test_copies_of_leaves_are_leaves_of_their_own(copied):
    w = leaf()
    (w * w).sum().backward()
    v = copied(w)
    assert v.requires_grad
    assert v.is_leaf
    assert not np.shares_memory(v.data, w.data)
    (v * v * 3).sum().backward()
    assert w.grad.tolist() == [2, 4]
    assert v.grad.tolist() == [8, 16]


@DEEP
@pytest.mark.parametrize("make", [nn.Parameter, nn.Buffer, ag.tensor])
def test_copies_keep_their_kind(copied, make):
    t = make([1.0, 2.0])
    v = copied([t, t])
    assert type(v[0]) is type(t)
    assert v[0] is v[1]
    assert v[0].tolist() == [1, 2]
    assert v[0].requires_grad == t.requires_grad


@DEEP
@pytest.mark.parametrize("ops", [1, 3000])
def test_results_of_ops_are_not_copied(copied, ops):
    y = leaf()  # PyTorch 2.13: "Only Tensors created explicitly by the user ..."
    for _ in range(ops):
        y = y * 1.0
    with pytest.raises(RuntimeError, match=r"only leaves can be copied.*op 'mul'; det"):
        copied(y)
    assert copied(y.detach()).tolist() == [1, 2]


def test_a_shallow_copy_stays_in_the_graph():
    w = leaf()
    y = copy.copy(w * w)
    y.sum().backward()
    assert w.grad.tolist() == [2, 4]
    v, y = copy.copy(w), (w * w).sum()
    with ag.no_grad():
        v += 1  # the same memory
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@DEEP
def test_writes_to_a_copy_are_not_writes(copied):
    w = leaf()
    y = (w * w).sum()
    with ag.no_grad():
        v = copied(w)
        v += 1
    y.backward()
    assert w.grad.tolist() == [2, 4]


@DEEP
@pytest.mark.parametrize(
    "data",
    [np.ones((2, 2)).T, np.broadcast_to(np.ones(1), (2, 2)), np.ones((4, 2))[::2]],
)
def test_copies_in_any_layout_can_be_written_to(copied, data):
    w = leaf(np.zeros((2, 2)))
    w.data = data
    v = copied(w)
    with ag.no_grad():
        v += 1
    assert v.tolist() == [[2, 2], [2, 2]]
    assert w.tolist() == [[1, 1], [1, 1]]


def model():
    return nn.Sequential(
        nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 1)
    )


X = np.arange(8, dtype=np.float32).reshape(4, 2)


def trained(net, opt):
    ag.manual_seed(1)
    net.zero_grad()
    net(X).sum().backward()
    opt.step()
    return net.state_dict()


@DEEP
def test_a_copied_model_is_trained_alone(copied):
    net = model()
    net(X).sum().backward()
    other = copied(net)
    before = net.state_dict()
    trained(other, optim.Adam(other.parameters()))
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@DEEP
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__name__)
def test_a_model_copied_with_its_optimizer_goes_on_alike(copied, optimizer):
    net = model()
    opt = optimizer(net.parameters(), lr=0.1)
    trained(net, opt)
    other, other_opt = copied((net, opt))
    assert [*other_opt.state] == [*other.parameters()]
    want, got = trained(net, opt), trained(other, other_opt)
    for name, value in want.items():
        np.testing.assert_array_equal(got[name], value)
    trained(other, other_opt)  # and not the first one's memory
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, want[name])


# Threads ---------------------------------------------------------------------------


def in_threads(run, count=4):
    errors = []

    def guarded():
        try:
            run()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_threads_have_graphs_of_their_own():
    shared = leaf(np.ones(50)).detach()

    def run():
        for _ in range(100):
            v = leaf(np.ones(50))
            ((v * shared) * v).sum().backward()
            assert v.grad.tolist() == [2] * 50

    assert in_threads(run) == []


def test_no_grad_is_a_threads_own():
    seen, inside, leave = [], threading.Event(), threading.Event()

    def run():
        with ag.no_grad():
            inside.set()
            leave.wait(10)
            seen.append((leaf() * 2).requires_grad)

    thread = threading.Thread(target=run)
    thread.start()
    inside.wait(10)
    assert (leaf() * 2).requires_grad
    leave.set()
    thread.join()
    assert seen == [False]
    with ag.no_grad():
        assert in_threads(lambda: seen.append((leaf() * 2).requires_grad), 1) == []
    assert seen == [False, True]
