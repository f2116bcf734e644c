"""Sizes of caches, as systems tell them or do not."""

import pytest

from autograd_kernels import caches, matmul


def core(folder, *told):
    for i, (level, kind, size) in enumerate(told):
        place = folder / "cache" / f"index{i}"
        place.mkdir(parents=True)
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (place / name).write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([("1", "Data", "48K"), ("2", "Unified", "2048K")], (48 << 10, 2 << 20)),
        ([("1", "Instruction", "64K"), ("1", "Data", "32K")], (32 << 10, 1 << 20)),
        ([("1", "Data", ""), ("2", "Unified", "2M")], (32 << 10, 2 << 20)),
        ([("1", "Data", "odd")], (32 << 10, 1 << 20)),
        ([], (32 << 10, 1 << 20)),
    ],
)
def test_sizes(told, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(caches, "_told", lambda name: 0)
    assert caches.sizes(core(tmp_path, *told)) == expected


def test_a_system_without_such_names_tells_nothing():
    assert caches._told("SC_NO_SUCH_NAME") == 0


def test_blocks_fit():
    assert matmul.DEPTH % 256 == 0
    assert 1024 <= matmul.DEPTH <= 2048
