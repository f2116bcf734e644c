"""Checkpoint files: what goes in comes out; nothing else is believed."""

import errno
import os

import numpy as np
import pytest

from autograd_core.train import CheckpointError, load, save

TREE = {
    "model": {"0.weight": np.arange(6, dtype="f4").reshape(2, 3), "0.bias": np.ones(2)},
    "optimizer": {"state": {0: {"step": 3, "m": np.zeros((2, 3))}, 1: {"step": 4}}},
    "groups": [{"betas": [0.9, 0.999], "lr": 1e-3, "amsgrad": False}],
    "generator": np.array([2**63, 7], "u8"),
    "none": None,
    "text": "\u00fcnicode",
    "numbers": [float("inf"), 0.1 + 0.2, -0.0, 2**60],
    "odd": [np.array(1.5), np.zeros((0, 3)), np.array([True, False])],
}


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        kind = (a.dtype, a.shape) == (b.dtype, b.shape)
        return kind and a.tobytes() == b.tobytes()
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.safetensors"
    save(path, TREE)
    return path


def test_round_trip(path):
    assert same(TREE, load(path))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_strided_and_foreign_arrays_keep_their_values(tmp_path):
    x = np.arange(24.0).reshape(4, 6)
    save(tmp_path / "a", {"t": x.T, "s": x[::2, ::3], "big": x.astype(">f8")})
    got = load(tmp_path / "a")
    assert np.array_equal(got["t"], x.T)
    assert np.array_equal(got["s"], x[::2, ::3])
    assert got["big"].dtype == "f8"
    assert np.array_equal(got["big"], x)


def test_any_tool_reads_the_arrays(path):
    from safetensors.numpy import load_file

    found = load_file(path)
    weight = TREE["model"]["0.weight"]
    np.testing.assert_array_equal(found["model.0.weight"], weight)


def test_no_flipped_bit_is_believed(path, rng):
    whole = path.read_bytes()
    for place in rng.choice(len(whole), 150, replace=False):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(broken)
        try:
            tree = load(path)
        except CheckpointError:
            continue
        assert same(TREE, tree)  # what was hit is not read


@pytest.mark.parametrize("keep", [0, 1, 8, 100, -1])
def test_a_truncated_file_is_named(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"run\.safetensors.*truncated"):
        load(path)


def test_other_files_are_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(2)}, tmp_path / "foreign")
    (tmp_path / "text").write_text("not a checkpoint at all")
    for name in ("foreign", "text", "."):
        with pytest.raises(CheckpointError):
            load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(path, call, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(CheckpointError, match=r"bytes\) could not .* No space left"):
        save(path, {"other": np.ones(1000)})
    monkeypatch.undo()
    assert same(TREE, load(path))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"absent.* No such file or directory"):
        save(tmp_path / "absent" / "a", TREE)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, np.array(["text"])])
def test_nothing_is_pickled(tmp_path, value):
    with pytest.raises(TypeError):
        save(tmp_path / "a", {"deep": [{"value": value}]})
    assert list(tmp_path.iterdir()) == []


def test_two_arrays_under_one_name_are_refused(tmp_path):
    one = np.zeros(1)
    with pytest.raises(ValueError, match=r"two arrays have the path 'a\.b'"):
        save(tmp_path / "a", {"a": {"b": one}, "a.b": one})
