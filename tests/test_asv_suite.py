"""The asv suite times the whole op table and every optimizer, and runs."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd_core import optim
from autograd_core.ops import TABLE

SUITE = Path(__file__).resolve().parents[1] / "asv_bench"
FILES = sorted(p.stem for p in (SUITE / "benchmarks").glob("*.py") if p.stem[0] != "_")


@pytest.fixture(scope="module")
def suite() -> Any:
    """The suite as asv imports it."""
    sys.path.insert(0, str(SUITE))
    yield {name: importlib.import_module(f"benchmarks.{name}") for name in FILES}
    sys.path.remove(str(SUITE))


def test_every_sample_of_every_op_is_timed(suite: Any) -> None:
    timed = set(suite["ops"].CASES)
    for op in TABLE.values():
        assert {suite["cases"].label(op.name, s) for s in op.samples} <= timed, op.name
        if op.differentiable:
            assert any(
                case.startswith(f"{op.name}(") for case in suite["ops"].GRADIENTS
            )


def test_every_optimizer_is_timed(suite: Any) -> None:
    known = {
        name
        for name, kind in vars(optim).items()
        if inspect.isclass(kind)
        and issubclass(kind, optim.Optimizer)
        and kind is not optim.Optimizer
    }
    assert known <= set(suite["optimizers"].OPTIONS)


@pytest.mark.parametrize("size", ["own", "64k"])
@pytest.mark.parametrize("name", ["exp", "matmul", "softmax", "cross_entropy", "sum"])
def test_cases_run(suite: Any, name: str, size: str) -> None:
    label = next(c for c in suite["ops"].CASES if c.startswith(f"{name}("))
    call = suite["cases"].Call(label, size)
    call.gradient()
    assert call.forward().shape == call.g.shape


def test_asv_check() -> None:
    pytest.importorskip("asv")
    done = subprocess.run(
        [sys.executable, "-m", "asv", "check", "--python=same"],
        cwd=SUITE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
