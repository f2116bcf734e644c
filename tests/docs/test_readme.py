"""What the README shows runs as written, and what it names exists."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_core as ag
from autograd_core import nn, optim, train

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def output(source, folder):
    """What an example prints in a Python of its own, with warnings as errors."""
    (folder / "example.py").write_text(source)
    run = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


def test_it_opens_with_an_example_of_ten_lines_that_learns(tmp_path):
    lines = [line for line in EXAMPLES[0].splitlines() if line]
    assert len(lines) == 10
    assert max(map(len, lines)) <= 88
    before = TEXT[: TEXT.index(EXAMPLES[0])]
    assert "Who it is for" in before
    assert "What it is not" in before
    printed = re.fullmatch(r"largest error: (\S+)\n", output(EXAMPLES[0], tmp_path))
    assert 0 < float(printed[1]) < 0.2


def test_the_longer_example_learns_too(tmp_path):
    printed = re.fullmatch(r"accuracy: (\S+)\n", output(EXAMPLES[1], tmp_path))
    assert float(printed[1]) > 0.93


def test_the_gradient_check_passes_and_names_the_parameters(tmp_path):
    printed = output(EXAMPLES[2], tmp_path)
    assert printed.startswith("gradcheck passed\n")
    assert re.search(r"^3\.weight +\(2, 4\) .* ok$", printed, re.M)


def test_every_example_is_run():
    assert len(EXAMPLES) == 3


def names(pattern):
    return sorted(set(re.findall(pattern, TEXT)))


@pytest.mark.parametrize("name", names(r"\bag\.(\w+)"))
def test_names_of_the_public_face_exist(name):
    assert name in ag.__all__


@pytest.mark.parametrize("space", [nn, optim, train])
def test_names_of_the_parts_exist(space):
    (row,) = re.findall(rf"^\| `{space.__name__.split('.')[1]}` \| (.*)", TEXT, re.M)
    listed = re.findall(r"`(\w+)`", row)
    assert len(listed) > 3
    for name in listed:
        assert name in space.__all__


LAYOUT = TEXT[TEXT.index("## Layout") :]


@pytest.mark.parametrize("path", re.findall(r"(?<!\S)[\w/]+(?:\.py|/)(?=\s)", LAYOUT))
def test_paths_of_the_layout_exist(path):
    assert any((root / path).exists() for root in (ROOT, ROOT / "autograd_core"))


@pytest.mark.parametrize("target", names(r"\bmake ([a-z-]+)"))
def test_commands_exist(target):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.M)


@pytest.mark.parametrize("path", names(r"!\[.*?\]\((.*?)\)"))
def test_a_picture_is_a_picture(path):
    data = (ROOT / path).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width > 600 < 4 * height
