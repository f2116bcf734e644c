"""Weights to and from PyTorch: the same names, the same outputs, in both directions.

What PyTorch wrote is recorded in tests/pytorch, by make.py there.
"""

from pathlib import Path

import numpy as np
import pytest

from autograd_core import nn, optim
from autograd_core.random import manual_seed
from autograd_core.train import (
    Checkpoint,
    CheckpointError,
    fit,
    load,
    load_weights,
    predict,
    save_weights,
)
from autograd_core.train.tensorfile import read

RECORDED = Path(__file__).parent / "pytorch"
F = nn.functional


def flat(seed=0):
    manual_seed(seed)
    return nn.Sequential(
        nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(8, 6, bias=False), nn.LayerNorm(6), nn.GELU(),
        nn.BatchNorm1d(6, affine=False), nn.Linear(6, 3),
    )  # fmt: skip


class Nested(nn.Module):
    def __init__(self):
        self.body = nn.Sequential(nn.Linear(5, 4), nn.Tanh())
        self.blocks = [nn.Linear(4, 4) for _ in range(2)]
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = self.body(x)
        for block in self.blocks:
            x = x + F.sigmoid(block(x))
        return self.head(x)


def trained(seed=3):
    model = flat(seed)
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((40, 5)).astype("f4") + 2, rng.integers(0, 3, 40)
    opt = optim.Adam(model.parameters(), 0.01)
    fit(model, opt, F.cross_entropy, data, epochs=2, batch_size=8)
    return model


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("flat", flat),
        ("nested", Nested),
        ("flat_float64", flat),
        ("flat_float16", flat),
        ("flat_bfloat16", flat),
    ],
)
def test_what_pytorch_wrote_gives_its_outputs(name, make):
    model = make()
    assert load_weights(model, RECORDED / f"{name}.safetensors") == ([], [])
    example = read(RECORDED / f"{name}.example.safetensors").arrays
    found = predict(model, example["x"])
    np.testing.assert_allclose(found, example["y"], rtol=2e-5, atol=2e-6)
    assert {p.dtype for p in model.parameters()} == {np.dtype("f4")}


def test_bfloat16_becomes_the_same_numbers_in_float32():
    exact = read(RECORDED / "flat.safetensors").arrays
    half = read(RECORDED / "flat_bfloat16.safetensors").arrays
    for name, value in half.items():
        if value.dtype == np.float32:
            assert not (value.view("u4") & 0xFFFF).any()
            np.testing.assert_allclose(value, exact[name], rtol=2**-8)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_round_trip_keeps_every_bit(dtype, tmp_path):
    model, other = trained().astype(dtype), flat(9).astype(dtype)
    save_weights(model, tmp_path / "w.safetensors")
    load_weights(other, tmp_path / "w.safetensors")
    for name, value in model.state_dict().items():
        assert other.state_dict()[name].tobytes() == value.tobytes()


def test_the_file_is_what_pytorch_itself_writes(tmp_path):
    """Names, shapes and dtypes: load_state_dict(strict=True) needs no more."""
    expected = read(RECORDED / "flat.safetensors").arrays
    save_weights(flat(), tmp_path / "w")
    found, metadata = read(tmp_path / "w")
    kinds = [{n: (a.shape, a.dtype) for n, a in f.items()} for f in (found, expected)]
    assert kinds[0] == kinds[1]
    assert metadata == {"format": "pt"}


def test_pytorch_loads_ours_and_gives_the_same_outputs(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    model = trained()
    save_weights(model, tmp_path / "w")
    net = torch.nn.Sequential(
        torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(),
        torch.nn.Dropout(0.5), torch.nn.Linear(8, 6, bias=False),
        torch.nn.LayerNorm(6), torch.nn.GELU(),
        torch.nn.BatchNorm1d(6, affine=False), torch.nn.Linear(6, 3),
    ).eval()  # fmt: skip
    net.load_state_dict(load_file(tmp_path / "w"), strict=True)
    x = np.random.default_rng(0).standard_normal((50, 5)).astype("f4")
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(predict(model, x), expected, rtol=2e-5, atol=2e-6)


# What does not fit -----------------------------------------------------------------


def changed(tmp_path, change):
    """A file of `flat` whose arrays ``change`` has been at."""
    from safetensors.numpy import save_file

    arrays = {name: value.copy() for name, value in flat(1).state_dict().items()}
    change(arrays)
    save_file(arrays, tmp_path / "w")
    return tmp_path / "w"


def test_the_count_of_batches_may_be_missing_as_in_pytorch(tmp_path):
    path = changed(tmp_path, lambda a: a.pop("1.num_batches_tracked"))
    model = trained()
    before = model.state_dict()["1.num_batches_tracked"]
    assert load_weights(model, path) == ([], [])
    assert model.state_dict()["1.num_batches_tracked"] == before == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("8.bias"), r"missing \(1\):\s+8.bias"),
        (lambda a: a.update(more=np.ones(1)), r"unexpected \(1\):\s+more"),
        (lambda a: a.update({"8.bias": np.ones(4)}), r"8.bias: expected \(3,\)"),
        (lambda a: a.update({"0.weight": np.ones((8, 5), "i1")}), "of int8.*quantised"),
        (
            lambda a: a.update({"1.num_batches_tracked": np.array(1.5)}),
            "1.num_batches_tracked: expected int64, got float64",
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_loaded(change, message, tmp_path):
    path = changed(tmp_path, change)
    model = trained()
    before = model.state_dict()
    with pytest.raises((ValueError, CheckpointError), match=message):
        load_weights(model, path)
    for name, value in model.state_dict().items():
        assert value.tobytes() == before[name].tobytes()


def test_without_strict_what_fits_is_loaded(tmp_path):
    path = changed(tmp_path, lambda a: (a.pop("8.bias"), a.update(more=np.ones(1))))
    assert load_weights(flat(), path, strict=False) == (["8.bias"], ["more"])


def test_a_checkpoint_is_told_from_weights(tmp_path):
    model = flat()
    data = np.ones((4, 5), "f4"), np.arange(4) % 3
    opt = optim.SGD(model.parameters(), 0.1)
    checkpoint = Checkpoint(tmp_path / "run")
    fit(model, opt, F.cross_entropy, data, epochs=1, callbacks=[checkpoint])
    with pytest.raises(CheckpointError, match=r'train\.load\(path\)\["model"\]'):
        load_weights(model, tmp_path / "run")
    save_weights(model, tmp_path / "w")
    with pytest.raises(CheckpointError, match=r"train\.load_weights\(model, path\)"):
        load(tmp_path / "w")


def header(entries):
    text = entries.encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", "a zip file, as torch.save"),
        (b"\x80\x04\x95rest.", "a pickle, which is never opened"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"version https://git-lfs.github", "a pointer of Git LFS"),
        (b"", "empty"),
        (b"\x00" * 40, "truncated, damaged or not a safetensors file"),
        (
            header('{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}')
            + bytes(4),
            "'a': NumPy has no numbers of kind F8_E4M3; save the file as float32",
        ),
        (
            header('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
            "truncated: 63 bytes of 79 are there",
        ),
    ],
)
def test_other_files_are_called_what_they_are(content, message, tmp_path):
    path = tmp_path / "w"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"w: .*{message}"):
        load_weights(flat(), path)


def test_the_arguments_in_the_wrong_order_are_named(tmp_path):
    with pytest.raises(TypeError, match=r"\(model, path\), got PosixPath"):
        save_weights(tmp_path / "w", flat())
    with pytest.raises(FileNotFoundError):
        load_weights(flat(), tmp_path / "absent")
