"""Each example runs as it is written, draws its picture, and finds what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[2]
# The digits have a test file of their own: test_demo.
EXAMPLES = sorted({*(ROOT / "examples").glob("*.py")} - {ROOT / "examples/digits.py"})
TOLD = {
    "gaussian_process": r"noise 0\.1[5-9]",
    "logistic_regression": r"96\.0%",
    "newton": r"e-1\d$",
    "oscillator": r"stiffness 4\.0\d\d",
    "rosenbrock": r"\|x - 1\| = \S+e-(0[7-9]|1\d)",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples(example, tmp_path):
    roots = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    picture = tmp_path / "out.png"
    done = subprocess.run(
        [sys.executable, str(example), "--plot", str(picture)],
        env=os.environ | {"PYTHONPATH": roots, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(TOLD[example.stem], done.stdout.strip()), done.stdout
    assert picture.stat().st_size > 1000


def test_readme_lists_them_with_their_pictures():
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    for example in EXAMPLES:
        assert f"({example.name})" in text
        assert f"../docs/gallery/{example.stem}.png" in text
        picture = ROOT / "docs" / "gallery" / f"{example.stem}.png"
        assert picture.stat().st_size < 60_000
        assert len(example.read_text(encoding="utf-8").splitlines()) < 90
