"""What is paid before anything is computed: time, memory and disk of a first step.

    python asv_bench/footprint.py [--warm]

Each is a process of its own: an import, and the compiled training step of `cold`. With
``--warm`` only by the kernels that are on the disk already.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from cold import STEP

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (ROOT / "autograd_core", ROOT / "kernels" / "autograd_kernels")
PATH = os.pathsep.join(str(folder.parent) for folder in PACKAGES)  # this checkout
BELOW = ("numpy", "numba", "llvmlite")  # what they stand on
IMPORT = "import {}"
# The parent's memory is no part of it, as it would be of getrusage on Linux.
PEAK = """
import os, resource, sys
if os.path.exists("/proc/self/status"):
    lines = open("/proc/self/status").read().splitlines()
    peak = next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) * 1024
else:
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(peak)
"""
TIMED = """
import time
start = time.perf_counter()
{}
print(time.perf_counter() - start)
"""

Figures = dict[str, float]


def run(code: str, env: Mapping[str, str] | None = None) -> list[float]:
    """The numbers that a process prints, and its peak of memory in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", code + PEAK],
        env={**os.environ, "PYTHONPATH": PATH, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(word) for word in done.stdout.split()]


def size_of(folders: Iterable[Path]) -> float:
    """Bytes of what is installed, without caches of bytecode."""
    files = (f for folder in folders for f in folder.rglob("*") if f.is_file())
    return sum(f.stat().st_size for f in files if f.suffix != ".pyc")


def folders_of(name: str) -> list[Path]:
    """A package's own, and that of the libraries which a wheel puts beside it."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    here = Path(spec.origin).parent
    return [here, *here.parent.glob(f"{name}.libs")]


def measure(cold: bool = True, turns: int = 3) -> Figures:
    """All figures: seconds and bytes, the smallest of some turns."""

    def least(code: str) -> list[float]:
        columns = zip(*(run(code) for _ in range(turns)), strict=True)
        return [min(column) for column in columns]

    found: Figures = {}
    if cold:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
            seconds = run(STEP, {"AUTOGRAD_CORE_CACHE": cache})
            found["first step ever"] = seconds[0] + seconds[1]
            found["its kernels"] = size_of([Path(cache)])
    step = least(STEP)
    found["import"], found["peak of import"] = least(
        TIMED.format("import autograd_core")
    )
    found["import below"], _ = least(TIMED.format("import numpy, numba"))
    found["first step"], found["peak"] = step[0] + step[1], step[-1]
    found["packages"] = size_of(PACKAGES)
    found["packages below"] = sum(size_of(folders_of(name)) for name in BELOW)
    return found


# By figure: what a table calls it, and its unit.
ROWS = {
    "import": ("`import autograd_core`", "s"),
    "import below": ("of it `import numpy, numba`", "s"),
    "first step": ("import and a first compiled step, kernels on the disk", "s"),
    "first step ever": ("the same on a machine without them", "s"),
    "peak of import": ("peak memory after the import", "MB"),
    "peak": ("peak memory after three steps", "MB"),
    "packages": ("installed size", "MB"),
    "packages below": ("of numpy, numba and llvmlite beside it", "MB"),
    "its kernels": ("this step's kernels on the disk", "MB"),
}


def shown(value: float, unit: str) -> str:
    """A figure of seconds or bytes with three digits or so."""
    value = value if unit == "s" else value / 1e6
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def table(found: Mapping[str, float]) -> str:
    """In Markdown."""
    rows = [
        f"| {text} | {shown(found[name], unit)} |"
        for name, (text, unit) in ROWS.items()
        if name in found
    ]
    return "\n".join(["| before the first step | |", "| --- | ---: |", *rows])


def main() -> None:
    """See the file's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warm", action="store_true", help="the user's cache only")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    print(table(measure(not args.warm, args.turns)))


if __name__ == "__main__":
    main()
