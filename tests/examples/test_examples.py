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
    "cartpole": r"return \d{3} of 500",  # by chance it is 22
    "ensemble": r"-2.5: .* 0\.0\d\n(.*\n){2}.* 0\.[2-9]\d$",  # outside only
    "gaussian_process": r"noise 0\.1[5-9]",
    "logistic_regression": r"96\.0%",
    # By scipy.stats.t: its fit, and differences of its log density for the errors.
    "newcomb": r"27\.402 \S+ 0\.609\n.* 3\.810 \S+ 0\.619\n.* 2\.131 \S+ 0\.662$",
    "newton": r"e-1\d$",
    "oscillator": r"stiffness 4\.0\d\d",
    "own_kernel": r"leak passed(?s:.*)found 0\.(79|80)\d* 0\.98",
    "pendulum": r"largest error 0\.[0-4]",
    "rosenbrock": r"\|x - 1\| = \S+e-(0[7-9]|1\d)",
}
BUDGET = {
    "cartpole": "--rounds 25",
    "ensemble": "--steps 600",
    "pendulum": "--steps 2000",
}
NEEDS = {"cartpole": "gymnasium"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples(example, tmp_path):
    pytest.importorskip(NEEDS.get(example.stem, "scipy"))
    roots = [str(ROOT), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")]
    picture, budget = tmp_path / "out.png", BUDGET.get(example.stem, "").split()
    done = subprocess.run(
        [sys.executable, str(example), "--plot", str(picture), *budget],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(roots), "MPLBACKEND": "Agg"},
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
        lines = example.read_text(encoding="utf-8").splitlines()
        assert len([line for line in lines if line]) <= 90
