"""Corrupted checkpoints: what is believed is what was saved, and all else is refused.

Each attempt damages the file of a run in one of many ways. It is loaded, and what could
be loaded is resumed from: refused with nothing changed, or taken over to the bit.
"""

import copy
import json
import os
import random
import signal

import numpy as np
import pytest

from autograd_core import nn, optim
from autograd_core.random import default_generator, manual_seed
from autograd_core.train import (
    Batches,
    Callback,
    Checkpoint,
    CheckpointError,
    EarlyStopping,
    Schedule,
    accuracy,
    fit,
    load,
)
from autograd_core.train.checkpoint import FORMAT, checksum
from autograd_core.train.state import same
from autograd_core.train.tensorfile import read

X = np.random.default_rng(0).standard_normal((20, 3)).astype("f4")
Y = (X[:, 0] > 0).astype(int)
SCRAPS = [
    None, True, -1, 0, 3, 2.5, 10**30, -(10**30), float("nan"), float("inf"), "", "x",
    "\u0000", [], {}, [[]], [1, 2], {"dict": []}, {"array": "absent"}, {"array": 3},
    {"dict": [["a", 1], ["a", 2]]}, {"dict": [[1.5, 0]]}, {"dict": [[None, 0]]},
    {"dict": 3}, {"dict": [3]}, {"dict": [], "array": "x"}, {"__class__": "os.system"},
    {"array": "model.0.bias"}, {"array": ["model.0.bias"]},
]  # fmt: skip


class Stop(Callback):
    """Ctrl-C in the middle of the second epoch; keeps the run."""

    def start(self, run):
        self.run = run

    def step(self, run):
        if run.step == 5:
            signal.raise_signal(signal.SIGINT)


def parts(path):
    """Model, optimizer and callbacks: all that has a state."""
    manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    opt = optim.Adam(model.parameters(), lr=0.01)
    stop = Stop()
    callbacks = [
        Schedule(optim.StepLR(opt, 2)),
        EarlyStopping("loss", patience=9),
        Checkpoint(path, extra={"names": ["a", "b"], "mean": np.zeros(3)}),
        stop,
    ]
    return model, opt, callbacks


def train(model, opt, callbacks, epochs=2, **options):
    """The run, when it is over."""
    fit(
        model, opt, nn.functional.cross_entropy, Batches(X, Y, 8), epochs=epochs,
        metrics={"accuracy": accuracy}, average=0.9, callbacks=callbacks, **options,
    )  # fmt: skip
    return callbacks[-1].run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    assert train(*parts(path)).step == 5
    return path.read_bytes()


# Damage --------------------------------------------------------------------------


def flipped(data, rnd):
    """One bit to a few hundred."""
    data = bytearray(data)
    end = rnd.choice([len(data), 200])  # the header too, which is the smaller part
    for _ in range(rnd.choice([1, 1, 1, 2, 10, 300])):
        data[rnd.randrange(end)] ^= 1 << rnd.randrange(8)
    return bytes(data)


def cut(data, rnd):
    return data[: rnd.choice([rnd.randrange(len(data)), rnd.randrange(20)])]


def cut_in_front(data, rnd):
    return data[rnd.randrange(1, len(data)) :]


def extended(data, rnd):
    more = rnd.choice([b"\0", b" ", data, rnd.randbytes(rnd.randrange(1, 5000))])
    return rnd.choice([data + more, more + data])


def block_of_zeros(data, rnd):
    """As a file system leaves it after a power cut."""
    first = rnd.randrange(len(data))
    last = min(len(data), first + rnd.choice([1, 64, 512, 4096]))
    return data[:first] + bytes(last - first) + data[last:]


def blocks_swapped(data, rnd):
    a, b = sorted(rnd.sample(range(len(data)), 2))
    return data[b:] + data[a:b] + data[:a]


def wrong_size(data, rnd):
    size = rnd.choice([0, 1, 2**63, 2**64 - 1, len(data), rnd.randrange(2**64)])
    return size.to_bytes(8, "little") + data[8:]


def another_kind(data, rnd):
    starts = b"PK\3\4", b"\x80\4", b"\x89HDF\r\n", b"{}", b"\0" * 8, b"cos\nsystem\n"
    return rnd.choice(starts) + rnd.choice([b"", data, rnd.randbytes(99)])


def tampered_tree(data, rnd):
    """Something in the JSON is another thing; the checksum is right."""
    arrays, metadata = parsed(data)
    tree = json.loads(metadata["tree"])
    for _ in range(rnd.choice([1, 1, 1, 3])):
        holder, place = rnd.choice(list(places(tree)))
        scrap = copy.deepcopy(rnd.choice(SCRAPS))
        if isinstance(holder, list) and rnd.random() < 0.3:
            holder[place : place + rnd.randrange(2)] = rnd.choice([[], [scrap]])
        elif isinstance(holder, list) and rnd.random() < 0.2:
            rnd.shuffle(holder)
        else:
            holder[place] = scrap
    return sealed(arrays, metadata, json.dumps(tree))


def deep_tree(data, rnd):
    arrays, metadata = parsed(data)
    depth = rnd.choice([60, 999, 100_000])
    start, end = rnd.choice(["[]", ['{"dict":[["a",', "]]}"]])
    return sealed(arrays, metadata, start * depth + "1" + end * depth)


def tampered_text(data, rnd):
    """The JSON with other characters; the checksum is right."""
    arrays, metadata = parsed(data)
    plain = metadata["tree"]
    place = rnd.randrange(len(plain))
    scrap = rnd.choice(["", "9" * 5000, "[", "}", '"', "NaN", "-", "1e999", "\\ud800"])
    return sealed(arrays, metadata, plain[:place] + scrap + plain[place + 1 :])


def tampered_arrays(data, rnd):
    """Arrays under other names, of other shapes and dtypes; the checksum is right."""
    arrays, metadata = parsed(data)
    a, b = rnd.sample(sorted(arrays), 2)
    act = rnd.randrange(6)
    if act == 0:
        arrays[a + "2"] = arrays.pop(a)
    elif act == 1:
        arrays[a], arrays[b] = arrays[b], arrays[a]
    elif act == 2:
        arrays[a] = arrays[a][None]
    elif act == 3:
        arrays[a] = arrays[a].astype(rnd.choice(["f2", "f4", "f8", "i4", "?", "u8"]))
    elif act == 4:
        arrays[a] = arrays[a].reshape(-1)[: rnd.randrange(2)]
    else:
        del arrays[a]
    return sealed(arrays, metadata, metadata["tree"])


def other_format(data, rnd):
    arrays, metadata = parsed(data)
    names = FORMAT[:-1] + "2", FORMAT + "0", "autograd_core", "pt", "", "other 1"
    metadata["format"] = rnd.choice(names)
    return sealed(arrays, metadata, metadata["tree"])


def lost_metadata(data, rnd):
    arrays, metadata = parsed(data)
    left = dict(rnd.sample(sorted(metadata.items()), rnd.randrange(len(metadata))))
    return packed(arrays, left)


DAMAGE = [
    flipped, cut, cut_in_front, extended, block_of_zeros, blocks_swapped, wrong_size,
    another_kind, tampered_tree, tampered_tree, tampered_tree, deep_tree, tampered_text,
    tampered_arrays, other_format, lost_metadata,
]  # fmt: skip
FREE = "settings", "callbacks"  # compared otherwise
SEALED = tampered_tree, deep_tree, tampered_text, tampered_arrays


def parsed(data):
    from safetensors.numpy import load as arrays_of

    size = int.from_bytes(data[:8], "little")
    return arrays_of(data), json.loads(data[8 : 8 + size])["__metadata__"]


def sealed(arrays, metadata, plain):
    new = {"tree": plain, "crc32": checksum(plain, arrays)}
    return packed(arrays, {**metadata, **new})


def packed(arrays, metadata):
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    for name, array in arrays.items():
        whole[name] = whole[name].reshape(array.shape)
    return save(whole, metadata)


def places(node):
    """(holder, index or key) of everything in the JSON."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for place, value in items:
        yield node, place
        if isinstance(value, dict | list):
            yield from places(value)


# What is believed ----------------------------------------------------------------


class Target:
    """A run that is to go on from a file, and all that could be half-changed."""

    def __init__(self, path):
        self.run = train(*parts(path), epochs=0)
        self.start = self.run.state_dict()

    def attempt(self, path, whole=None):
        """Whether the file was refused by `load`, by the run, or taken over.

        ``whole`` is the tree that was saved, if the checksum is not made to fit.
        """
        try:
            tree = load(path)
        except CheckpointError:
            return "refused"
        assert whole is None or same(tree, whole)
        arrays = read(path).arrays
        found = dict(arrays_in(tree))
        assert found.keys() == arrays.keys()
        assert all(same(found[name], arrays[name]) for name in arrays)
        try:
            self.run.load_state_dict(tree)
        except CheckpointError:
            assert same(self.run.state_dict(), self.start)
            return "not this run's"
        taken = self.run.state_dict()
        assert all(same(taken[n], tree[n]) for n in taken if n not in FREE)
        self.run.load_state_dict(self.start)
        return "taken"


def arrays_in(tree, path=""):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, dict | list):
            yield from arrays_in(value, name)


def attack(whole, path, attempts, monkeypatch):
    """Damage by damage; returns how often each outcome was seen, by kind."""
    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("code was run"))
    path.write_bytes(whole)
    target, tree, seen = Target(path), load(path), {}
    for seed in range(attempts):
        rnd = random.Random(seed)
        damage = DAMAGE[seed % len(DAMAGE)]
        path.write_bytes(damage(whole, rnd))
        try:
            outcome = target.attempt(path, None if damage in SEALED else tree)
        except BaseException as error:
            error.add_note(f"seed {seed}: {damage.__name__}")
            raise
        seen.setdefault(damage.__name__, []).append(outcome)
    return seen


def test_a_whole_file_is_taken_over(whole, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(whole)
    target = Target(path)
    assert target.attempt(path) == "taken"
    assert same(target.run.state_dict(), target.start)


def test_corrupted_checkpoints(whole, tmp_path, monkeypatch):
    seen = attack(whole, tmp_path / "run", 480, monkeypatch)
    for kind in ("cut", "cut_in_front", "extended", "wrong_size", "another_kind"):
        assert set(seen[kind]) == {"refused"}
    assert {"refused", "not this run's", "taken"} == set(seen["tampered_tree"])


@pytest.mark.slow
def test_10_000_corrupted_checkpoints(whole, tmp_path, monkeypatch):
    attack(whole, tmp_path / "run", 10_000, monkeypatch)


@pytest.mark.parametrize("seed", range(40))
def test_fit_refuses_a_tampered_tree_before_anything_changes(seed, whole, tmp_path):
    path = tmp_path / "run"
    path.write_bytes(tampered_tree(whole, random.Random(seed)))
    model, opt, callbacks = parts(path)
    before = [model.state_dict(), opt.state_dict(), default_generator.get_state()]
    try:
        train(model, opt, callbacks, resume=path)
    except CheckpointError:
        now = [model.state_dict(), opt.state_dict(), default_generator.get_state()]
        assert same(now, before)
