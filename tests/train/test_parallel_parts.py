"""The parts of data-parallel training that need no second process."""

import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, shards, train
from autograd_core.grad import gradients_told
from autograd_core.hooks import listen
from autograd_core.program.record import Recorder
from autograd_core.train.parallel import packed
from autograd_core.train.parallel.in_turn import in_turn


def leaf(*values):
    return ag.tensor(np.array(values, "f8"), requires_grad=True)


# Gradients, told while the walk goes on -------------------------------------------


def test_a_gradient_is_told_once_and_while_the_walk_goes_on():
    a, b, c = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    first = a * 2
    second = (first * b) * b  # b twice
    nodes, told = [second.node, first.node], []

    def final(leaf, g):
        told.append((leaf, g.copy(), [node.inputs is not None for node in nodes]))

    found = gradients_told((second * c).sum(), final)
    assert [t is x for (t, *_), x in zip(told, (c, b, a), strict=True)] == [True] * 3
    assert [ahead for *_, ahead in told] == [[True] * 2, [False, True], [False] * 2]
    assert (a.grad, b.grad, c.grad) == (None, None, None)
    ((a * 2 * b) * b * c).sum().backward()
    for x, g, _ in told:
        np.testing.assert_array_equal(g, x.grad.numpy())
        np.testing.assert_array_equal(found[x], g)


def test_a_loss_without_a_graph_is_refused():
    with pytest.raises(RuntimeError, match="does not require grad"):
        gradients_told(ag.tensor(1.0), lambda leaf, g: None)


# Buckets ----------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 100, 10**6])
def test_buckets_hold_all_arrays_the_last_ones_first(monkeypatch, most, rng):
    monkeypatch.setattr(packed, "BYTES", most)
    shapes = [(3, 4), (5,), (), (2, 2), (7,)]
    like = [np.asarray(rng.standard_normal(s), "f4") for s in shapes]
    like[1] = like[1].astype("f8")
    buckets = packed.buckets_of(like)
    entries = [e for bucket in buckets for e in bucket.entries]
    assert sorted(entries) == list(range(5))
    assert entries[0] == 4
    assert len(buckets) == {1: 5, 100: 2, 10**6: 2}[most]
    flats = [b.packed([like[e] for e in b.entries]) for b in buckets]
    for found, array in zip(packed.apart(buckets, flats, like), like, strict=True):
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype


@pytest.mark.parametrize("order", ["in turn", "side by side", "last first"])
def test_a_bucket_is_told_when_all_shards_are_in_it(monkeypatch, order):
    """In the order of the buckets, and added in the order of the shards."""
    monkeypatch.setattr(packed, "BYTES", 1)
    like, own, told = [np.zeros(2, "f4")] * 3, range(4, 7), []
    sums = packed.Sums(packed.buckets_of(like), own, lambda *a: told.append(a))
    places = [(s, e) for s in own for e in (2, 1, 0)]
    if order != "in turn":
        places.sort(key=lambda place: -place[1])
    if order == "last first":
        places = places[::-1]
    values = {p: np.array([10.0 ** p[0], p[1]], "f4") for p in places}
    values[5, 1] = None
    for (shard, entry), array in values.items():
        if array is not None:
            sums.take(shard, entry, array)
    for shard in own:
        sums.take_rest(shard)
    assert [number for number, _ in told] == [0, 1, 2]
    for number, blocks in told:  # of shards 4 and 5, and of 6
        a, b, c = (values[s, 2 - number] for s in own)
        first = a if b is None else a + b
        np.testing.assert_array_equal(blocks, [first, c])


# Shards in turn ---------------------------------------------------------------------


def gathering(times, trace, fails=None):
    """Tasks that gather their number, and say in which order they run."""

    def task(i):
        shard, found = shards.current.get(), []
        for n in range(times[i]):
            trace.append((i, n))
            if (i, n) == fails:
                raise KeyError("mine")
            found.append(shard.gather(np.array([i], "f4")).tolist())
        trace.append((i, "end"))
        return found

    return [lambda i=i: task(i) for i in range(len(times))]


def run(tasks):
    nothing = lambda number: None  # noqa: E731
    return in_turn(tasks, np.concatenate, nothing, nothing)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shards_run_in_turn_and_hear_of_all(count):
    trace, before = [], threading.active_count()
    found = run(gathering([2] * count, trace))
    assert found == [[list(map(float, range(count)))] * 2] * count
    assert trace == [(i, n) for n in (0, 1, "end") for i in range(count)]
    assert shards.current.get() is None
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("times", "fails", "error", "said"),
    [
        ([1, 2, 1], None, RuntimeError, "through the same layers"),
        ([2, 2, 2], (1, 1), KeyError, "mine"),
        ([2, 2, 2], (0, 0), KeyError, "mine"),
    ],
)
def test_a_failing_shard_ends_all(times, fails, error, said):
    before = threading.active_count()
    with pytest.raises(error, match=said):
        run(gathering(times, [], fails))
    assert threading.active_count() == before


def test_who_listens_hears_all_shards():
    listener = Recorder([])

    def task():
        x = ag.tensor([1.0]) * 2
        shards.current.get().gather(x._data)
        return ag.tensor([1.0]) + 1

    with listen(listener):
        run([task] * 3)
    kernels = [event.kernel.__name__ for event in listener.events]
    mul, add = kernels[1], kernels[-1]
    assert [k for k in kernels if k in (mul, add)] == [mul] * 3 + [add] * 3


# What moves ------------------------------------------------------------------------


class Mask(nn.Module):
    """Buffers that stay, and one that moves by the mean of the rows."""

    def __init__(self):
        self.mask = nn.Buffer(np.array([0, -np.inf, np.nan, -0.0], "f4"))
        self.center = nn.Buffer(np.ones(4, "f4"))
        self.calls = nn.Buffer(np.array([3, 4]))

    def forward(self, x):
        self.center += (x.detach().mean(0) - self.center) * 0.5
        self.calls += 1
        return x


@pytest.mark.parametrize("shards", [1, 3])
def test_buffers_move_by_their_means(shards, rng):
    model = nn.Sequential(Mask(), nn.Linear(4, 1))
    parallel = train.Parallel(model, shards=shards)
    x = rng.standard_normal((11, 4)).astype("f4")
    before = model[0].mask.numpy().tobytes()

    def objective(x):
        return model(x).mean()

    center = np.ones(4)
    for step in range(4):  # eagerly, and from a Program
        parallel.backward(objective, x)
        center += (x.mean(0) - center) / 2
        np.testing.assert_allclose(model[0].center.numpy(), center, 1e-5, 1e-6)
        assert model[0].calls.numpy().tolist() == [4 + step, 5 + step]
        assert model[0].mask.numpy().tobytes() == before
