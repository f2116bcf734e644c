"""Checkpoint files: what goes in comes out; nothing else is believed."""

import errno
import os

import numpy as np
import pytest

from autograd_core import nn
from autograd_core.train import (
    CheckpointError,
    Standardizer,
    load,
    predict,
    save,
    tensorfile,
)
from autograd_core.train.checkpoint import FORMAT, checksum, library_version
from autograd_core.train.tensorfile import read

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


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (0, "empty"),
        (1, "truncated, damaged or not a safetensors file"),
        (8, "truncated, damaged or not a safetensors file"),
        (100, "truncated, damaged or not a safetensors file"),
        (-1, "truncated: [0-9,]+ bytes of [0-9,]+ are there"),
    ],
)
def test_a_truncated_file_is_named(path, keep, message):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=rf"run\.safetensors: .*{message}"):
        load(path)


def test_bytes_that_were_added_are_counted(path):
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(CheckpointError, match="damaged: 4 bytes too many"):
        load(path)


def stamped(path, **changes):
    """The same file with other metadata."""
    arrays, metadata = read(path)
    tensorfile.write(path, arrays, {**metadata, **changes})


def test_a_newer_format_says_which_version_wrote_it(path):
    stamped(path, format="autograd_core 2", version="7.1")
    with pytest.raises(
        CheckpointError, match=r"format '2' .* by version 7\.1 .* reads 1: update it"
    ):
        load(path)


def test_the_version_that_wrote_it_is_kept(path):
    assert read(path).metadata["version"] == library_version()


def test_a_file_of_the_first_release_is_read(path):
    """It had no version."""
    arrays, metadata = read(path)
    del metadata["version"]
    tensorfile.write(path, arrays, metadata)
    assert same(TREE, load(path))


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ('{"array": ""}', "the array '' is missing"),
        ('[{"array": "0"}]', "the array '0' is missing"),
        ('{"dict": [["a", {"array": "b"}]]}', "'a' is neither .* its own array"),
        ('{"dict": [["a", {"array": "a"}]]}', "the array 'a' is missing"),
        ('{"dict": {"a": 1}}', "neither a value nor a dict"),
        ('{"dict": [["a"]]}', "not a dict of keys and values"),
        ('{"dict": [[1.5, 0]]}', "not a dict of keys and values"),
        ('{"dict": [[NaN, 0]]}', "not a dict of keys and values"),
        ('{"dict": [[true, 0]]}', "not a dict of keys and values"),
        ('{"dict": [[[], 0]]}', "not a dict of keys and values"),
        ('{"dict": [["a", 0], ["a", 1]]}', "the key 'a' appears twice"),
        ('{"dict": [], "dict": []}', "a name appears twice"),
        ('{"dict": [], "more": []}', "neither a value nor a dict"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("[" * 60 + "]" * 60, "nested deeper than 50"),
        ('{"dict": [["a", ' + "9" * 5000 + "]]}", "Exceeds the limit"),
        ("3", "must be a dict, got int"),
        ('{"dict": [["x", {"array": "x"}]]}', None),
        ('{"dict": []}', r"arrays that are not in the tree: \['x'\]"),
        ("", "Expecting value"),
    ],
)
def test_a_tampered_tree_with_a_valid_checksum(plain, message, tmp_path):
    arrays = {"x": np.ones(2)}
    sealed = {"format": FORMAT, "tree": plain, "crc32": checksum(plain, arrays)}
    tensorfile.write(tmp_path / "a", arrays, sealed)
    if message is None:
        assert same(load(tmp_path / "a"), arrays)
        return
    with pytest.raises(CheckpointError, match=f"a: damaged: .*{message}"):
        load(tmp_path / "a")


def test_a_normaliser_is_saved_with_the_model(tmp_path):
    x = np.random.default_rng(0).standard_normal((50, 4)).astype("f4") * 3 + 1
    for per_column in (True, False):
        scaler = Standardizer(x, per_column=per_column)
        model = nn.Linear(4, 2)
        tree = {"model": model.state_dict(), "scaler": scaler.state_dict()}
        save(tmp_path / "a", tree)
        found = load(tmp_path / "a")
        again, other = Standardizer(), nn.Linear(4, 2)
        again.load_state_dict(found["scaler"])
        other.load_state_dict(found["model"])
        assert predict(other, again(x)).tobytes() == predict(model, scaler(x)).tobytes()


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
    with pytest.raises(CheckpointError, match=r"absent.* there is no folder .*absent"):
        save(tmp_path / "absent" / "a", TREE)


@pytest.mark.parametrize(
    "value",
    [
        object(), {1, 2}, b"bytes", 1j, np.array(["text"]), np.ones(2, "c8"),
        np.ma.ones(2), {1.5: 0}, {None: 0}, {True: 0}, {(1, 2): 0},
    ],
)  # fmt: skip
def test_nothing_is_pickled(tmp_path, value):
    with pytest.raises(TypeError, match=r"deep\.0"):
        save(tmp_path / "a", {"deep": [{"value": value}]})
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_tree_is_refused(tmp_path):
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested deeper than 50"):
        save(tmp_path / "a", {"a": endless})
    with pytest.raises(TypeError, match=r"expected a dict .* got list"):
        save(tmp_path / "a", [1])
    with pytest.raises(ValueError, match="cannot be called '__metadata__'"):
        save(tmp_path / "a", {"__metadata__": np.ones(1)})
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_could_not_be_read_again_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tensorfile, "HEADER", 10_000)
    with pytest.raises(ValueError, match="keep long lists of numbers as arrays"):
        save(tmp_path / "a", {"a": list(range(5000))})
    assert list(tmp_path.iterdir()) == []


def test_two_arrays_under_one_name_are_refused(tmp_path):
    one = np.zeros(1)
    with pytest.raises(ValueError, match=r"two arrays have the path 'a\.b'"):
        save(tmp_path / "a", {"a": {"b": one}, "a.b": one})
