"""The README is short, what it shows runs as written, and what it names exists."""

import json
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograd_core as ag

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


def test_every_example_is_run():
    assert len(EXAMPLES) == 2


def names(pattern):
    return sorted(set(re.findall(pattern, TEXT)))


@pytest.mark.parametrize("name", names(r"\bag\.(\w+)"))
def test_names_of_the_public_face_exist(name):
    assert name in ag.__all__


def test_extras_exist():
    listed = re.search(r"also:\s([^)]*)\)", TEXT)[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert set(re.findall(r"\w+", listed)) < set(extras)


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


BEGIN, END = "<!-- make bench: begin -->\n", "<!-- make bench: end -->"
TABLE = TEXT[TEXT.index(BEGIN) + len(BEGIN) : TEXT.index(END)]
NUMBERS = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))


def test_it_is_two_screens_and_a_table():
    lines = TEXT.replace(TABLE, "").splitlines()
    assert len(lines) < 110
    assert max(map(len, lines)) <= 88


def test_the_table_is_of_the_kernels_that_are_here(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "asv_bench"))
    from kernel_sources import digest

    stale = "kernels changed since the README's table was made: run make bench"
    assert NUMBERS["about"].get("kernels") == digest(), stale


def test_the_table_is_that_of_the_docs():
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == TABLE
    assert NUMBERS["about"]["commit"] in TABLE


def test_a_digest_tells_code_from_what_is_said_of_it(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "asv_bench"))
    from kernel_sources import digest

    file = tmp_path / "kernel.py"
    said = '"""Says."""\n\n\ndef f(x):  # why\n    """More."""\n    return x + 1\n'
    found = []
    changes = ("", ""), ("Says", "Says more"), ("More.", "More.\n\n    On."), ("1", "2")
    for old, new in changes:
        file.write_text(said.replace(old, new) if old else said)
        found.append(digest(tmp_path))
    assert found[0] == found[1] == found[2] != found[3]
    file.rename(tmp_path / "other.py")
    assert digest(tmp_path) != found[3]
