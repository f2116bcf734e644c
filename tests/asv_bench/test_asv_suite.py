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

SUITE = Path(__file__).resolve().parents[2] / "asv_bench"
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


def of_the_suite(module: Any) -> list[type]:
    """Benchmarks of a file that can be run as they are."""
    kinds = [k for k in vars(module).values() if inspect.isclass(k)]
    ours = [k for k in kinds if k.__module__ == module.__name__]
    return [k for k in ours if k.__name__[0] != "_" and hasattr(k, "setup")]


@pytest.mark.parametrize("name", sorted({*FILES} - {"ops", "matmul", "memory"}))
def test_nothing_that_is_timed_is_missing(
    suite: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`if_known` would hide it: an older commit may lack what a benchmark times."""
    monkeypatch.delenv("AUTOGRAD_CORE_NUM_THREADS", raising=False)
    if name == "checkpoints":
        pytest.importorskip("safetensors")
    kinds = of_the_suite(suite[name])
    assert kinds or name in ("cases", "common")
    for kind in kinds:
        if kind.__name__ in ("LargeStep", "KernelCache"):  # long; others are like them
            continue
        axes = getattr(kind, "params", ())
        for last in axes[-1] if len(axes) > 1 else [None]:  # modes
            params = [axis[0] for axis in axes]
            if last is not None:
                params[-1] = last
            bench = kind()
            bench.setup(*params)
            for method in dir(kind):
                if method.startswith(("time_", "track_", "peakmem_")):
                    getattr(bench, method)(*params)
            getattr(bench, "teardown", lambda *_: None)(*params)


def test_the_code_of_a_first_step_runs(suite: Any) -> None:
    code = suite["start"].IMPORT + "".join(suite["start"].STEP.values())
    code += "assert run.program is not None"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


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
