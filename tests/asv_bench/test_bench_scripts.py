"""The scripts of asv_bench run, on tiny sizes, and check what they time.

What is not installed is left out by a script itself, or the script is asked for its
help alone. PyTorch has a stand-in, so that our half of the peers' scripts is run.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "asv_bench"
STAND_INS = ROOT / "tests" / "stand_ins"
# By script: arguments, and what it needs to be more than asked for its help.
SCRIPTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cold.py": ("--warm", ()),
    "footprint.py": ("--warm --turns 1", ()),
    "peers/sklearn_fit.py": ("--epochs 2 --turns 1", ("sklearn",)),
    "peers/adam.py": ("--threads 2 --sizes 2000 --turns 2 --json OUT.json", ()),
    "peers/cartpole.py": ("--threads 1 2 --turns 2 --json OUT.json", ("torch",)),
    "peers/eager.py": ("--rounds 1 --batch 1e-4 --json OUT.json", ()),
    "peers/elementwise.py": (
        "--threads 2 --sizes 2000 --only dropout --turns 2 --json OUT.json",
        (),
    ),
    "peers/matmul.py": (
        "--threads 2 --sizes 33 --count 1 --turns 2 --json OUT.json",
        (),
    ),
    "peers/scaling.py": (
        "--sizes XS 64:64,128,10 --threads 2 64 --launches 2 --seconds 0.01 "
        "--json OUT.json",
        (),
    ),
    "peers/precision.py": (
        "--threads 2 --sizes 130 --networks --turns 2 --json OUT.json",
        (),
    ),
    "peers/two_cores.py": (
        "--turns 2 --only product_64, product_2, exp,_10000 Adam,_100000 "
        "--json OUT.json",
        (),
    ),
    "peers/precision_demo.py": (
        "--seeds 1 --epochs 1",
        ("sklearn", "matplotlib", "safetensors", "tqdm"),
    ),
    "compare.py": (
        "--sizes 8:4,6,3 --only ours,ours-eager,numpy,torch --threads 1 --rounds 1 "
        "--no-footprint --out OUT",
        ("matplotlib", "git"),
    ),
    "checks.py": ("--sizes XS --rounds 2 --launches 60", ()),
    "growth.py": ("--threads 1 --most 8 --rounds 1 --out OUT", ("matplotlib",)),
    "parallel_cost.py": ("--widths 8 --steps 6", ("mpi4py",)),
    "price.py": ("--rounds 1 --batch 1e-4", ()),
    "regression.py": ("--help", ()),
}


def is_there(name: str) -> bool:
    return bool(importlib.util.find_spec(name) or shutil.which(name))


def run(script: str, *args: str, stdin: str = "", stand_ins: bool = False) -> str:
    """What a script prints; it must not fail."""
    path = [str(ROOT), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")]
    if stand_ins and not is_there("torch"):
        path.insert(0, str(STAND_INS))
    done = subprocess.run(
        [sys.executable, str(SUITE / script), *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def numbers(value: Any) -> Iterator[float]:
    """All that are in a tree of JSON."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield value


def test_every_script_is_tried() -> None:
    files = [*SUITE.glob("*.py"), *SUITE.glob("peers/*.py")]
    scripts = [f for f in files if "__main__" in f.read_text(encoding="utf-8")]
    assert {f.relative_to(SUITE).as_posix() for f in scripts} == set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs(script: str, tmp_path: Path) -> None:
    args, needs = SCRIPTS[script]
    if not all(map(is_there, needs)):
        args = "--help"
    words = [word.replace("_", " ") for word in args.split()]
    given = [word.replace("OUT", str(tmp_path / "out")) for word in words]
    printed = run(script, *given, stand_ins=script.startswith("peers"))
    if args == "--help":
        assert "usage:" in printed
        return
    if "OUT" in args:
        found = list(numbers(json.loads((tmp_path / "out.json").read_text())))
    else:
        figures = re.findall(r"\b[\d,]*\d(?:\.\d+)?\b", printed)
        found = [float(figure.replace(",", "")) for figure in figures]
    assert len(found) >= 7
    assert all(math.isfinite(x) and x >= 0 for x in found)


def test_all_of_the_gates_work_runs() -> None:
    sys.path.insert(0, str(SUITE))
    try:
        import regression
    finally:
        sys.path.remove(str(SUITE))
    names = list(regression.WORK)
    lines = "".join(f"{name}\t1\n" for name in names)
    seconds = run("regression.py", "--serve", str(ROOT), stdin=lines).split()
    assert len(seconds) == len(names)
    assert all(0 < float(s) < 10 for s in seconds)


def test_the_tables_of_the_suite_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(SUITE))
    monkeypatch.delenv("AUTOGRAD_CORE_NUM_THREADS", raising=False)
    from benchmarks import eager, program

    eager.per_op(5, {"exp", "matmul", "dropout", "cross_entropy"})
    eager.per_phase(1)
    program.main(["XS"], 2)
    printed = capsys.readouterr().out
    assert "an empty launch" in printed
    assert "cross_entro" in printed
