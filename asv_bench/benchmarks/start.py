"""From nothing: importing, and the first steps of a process, each in a new one.

Cold: no kernel is on the disk, so all that the XS step needs is compiled. Warm: all of
them are, and are loaded.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .common import if_known, on_one_thread, training_step

IMPORT = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import autograd_core as ag
from common import SIZES, training_step
"""
FIRST_STEP = """
step, x, y = training_step(*SIZES["XS"])
run = {run}
for _ in range({calls}):
    run(x, y)
"""
STEP = {
    "eager": FIRST_STEP.format(run="step", calls=1),
    "Program": FIRST_STEP.format(run="ag.compile(step)", calls=3),
}
COLD = """
import os, tempfile
folder = tempfile.TemporaryDirectory()
os.environ["AUTOGRAD_CORE_CACHE"] = folder.name
"""


class Import:
    """Against what it stands on."""

    params = (["numpy", "numba", "autograd_core"],)
    param_names = ("package",)
    number = 1
    repeat = 5

    def setup(self, package: str) -> None:
        on_one_thread()

    def timeraw_import(self, package: str) -> str:
        return f"import {package}"


class FirstStep:
    """The import is not in it. Of a Program: up to the first replay, the third call."""

    params = (list(STEP),)
    param_names = ("mode",)
    number = 1
    repeat = 5
    timeout = 300

    def setup(self, mode: str) -> None:
        on_one_thread()
        with if_known():
            import autograd_core as ag

            step, x, y = training_step(32, [4, 16, 16, 3])
            run = ag.compile(step)
            for _ in range(3):
                run(x, y)  # leaves the kernels on the disk

    def timeraw_warm(self, mode: str) -> tuple[str, str]:
        return STEP[mode], IMPORT

    def timeraw_cold(self, mode: str) -> tuple[str, str]:
        return STEP[mode], COLD + IMPORT

    timeraw_cold.rounds = 1  # type: ignore[attr-defined]
    timeraw_cold.repeat = 1  # type: ignore[attr-defined]


class KernelCache:
    """What the kernels of the XS step, eager and Program, take on the disk."""

    unit = "bytes"
    timeout = 300

    def setup(self) -> None:
        on_one_thread()

    def track_bytes(self) -> int:
        import subprocess
        import sys

        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "AUTOGRAD_CORE_CACHE": folder}
            code = IMPORT + STEP["Program"]
            subprocess.run([sys.executable, "-c", code], env=env, check=True)
            return sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
