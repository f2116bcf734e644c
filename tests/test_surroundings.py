"""Interpreters, processes, copies of the package: a right result or a clear error."""

from __future__ import annotations

import copy
import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import tape
from autograd_kernels import interpreter


def run(code: str, cwd: Path | None = None, **env: str) -> Any:
    """A script in a process of its own, from a file if there is a folder for it."""
    if cwd is not None:
        (cwd / "script.py").write_text(code)
    return subprocess.run(
        [sys.executable, *(["-c", code] if cwd is None else ["script.py"])],
        env={**os.environ, **env},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# Interpreters -------------------------------------------------------------------------


def test_without_the_jit_there_is_nothing_to_run() -> None:
    done = run("import autograd_core", NUMBA_DISABLE_JIT="1")
    assert "cannot run with NUMBA_DISABLE_JIT" in done.stderr


SUB = """
import _xxsubinterpreters as interpreters
interpreters.run_string(interpreters.create(), "import autograd_core")
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="NumPy itself refuses there")
def test_a_sub_interpreter_is_refused_at_import() -> None:
    assert interpreter.is_main()
    assert "cannot run in a sub-interpreter" in run(SUB).stderr


# Copies of the package ----------------------------------------------------------------


def test_the_tape_is_not_reloaded() -> None:
    y = ag.tensor(np.ones(3), requires_grad=True)
    with pytest.raises(ImportError, match="cannot be reloaded"):
        importlib.reload(tape)
    (y * y).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [2, 2, 2]


TWO = """
import sys
import numpy as np
import autograd_core as old
x = old.tensor(np.ones(3), requires_grad=True)
for name in list(sys.modules):
    if name.partition(".")[0] in ("autograd_core", "autograd_kernels"):
        del sys.modules[name]
import autograd_core as new
assert new is not old
y = new.tensor(np.ones(3), requires_grad=True)
calls = [
    lambda: y * x, lambda: x * y, lambda: np.add(y, x), lambda: y @ x,
    lambda: np.stack([x, y]), lambda: new.tensor(x), lambda: new.nn.functional.relu(x),
    lambda: new.grad(lambda v: v.sum())(x),
]
for i, call in enumerate(calls):
    try:
        call()
    except RuntimeError as error:
        assert "would lose its gradient" in str(error)
    else:
        raise AssertionError(i)
(x * x).sum().backward()
assert x.grad.tolist() == [2, 2, 2]
"""


def test_a_tensor_of_another_copy_of_the_package_is_no_constant() -> None:
    done = run(TWO)
    assert done.returncode == 0, done.stderr


# Other processes ----------------------------------------------------------------------

TASKS = """
import multiprocessing
import numpy as np
import autograd_core as ag

@ag.compile
def step(x):
    return x * 2

def plain(x):
    return x * 3

aside = ag.compile(plain)

class Scale:
    def __init__(self, k):
        self.k = k

    @ag.compile
    def apply(self, x):
        return x * self.k

def result(detached):
    w = ag.tensor(np.ones(3), requires_grad=True)
    loss = (w * w).sum()
    return loss.detach() if detached else loss

def was_replayed():
    return step.program is not None

X = np.ones(2)
CASES = [(step, 2), (aside, 3), (Scale(5.0).apply, 5)]
"""
POOL = """
def main():
    with multiprocessing.get_context("{}").Pool(1) as pool:
        for function, want in CASES:
            found = pool.map(function, [X] * 4)
            assert all((y.numpy() == want).all() for y in found), (function, found)
        assert pool.apply(was_replayed)
        assert pool.apply(result, (True,)).item() == 3
        try:
            pool.apply(result, (False,))
        except Exception as error:
            assert "detach() it first" in str(error), error
        else:
            raise AssertionError

if __name__ == "__main__":
    main()
"""
LOKY = """
from joblib import Parallel, delayed
for function, want in CASES:
    found = Parallel(2)(delayed(function)(X) for _ in range(4))
    assert all((y.numpy() == want).all() for y in found), (function, found)
try:
    Parallel(2)(delayed(result)(False) for _ in range(2))
except Exception as error:
    assert "detach() it first" in str(error), error
else:
    raise AssertionError
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_compiled_functions_and_results_go_to_a_pool(
    method: str, tmp_path: Path
) -> None:
    done = run(TASKS + POOL.format(method), tmp_path)
    assert done.returncode == 0, done.stderr


def test_compiled_functions_and_results_go_to_joblib(tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    done = run(TASKS + LOKY, tmp_path)
    assert done.returncode == 0, done.stderr


@ag.compile
def doubled(x: Any) -> Any:
    """At the top of a module, by a decorator."""
    return x * 2


class Scale:
    """Methods, by a decorator and under another name than the function's."""

    def __init__(self, k: float) -> None:
        self.k = k

    @ag.compile
    def apply(self, x: Any) -> Any:
        return x * self.k

    def slow(self, x: Any) -> Any:
        return x * self.k

    fast = ag.compile(slow)


@pytest.mark.parametrize("protocol", range(4, pickle.HIGHEST_PROTOCOL + 1))
def test_a_decorated_function_is_found_by_its_name(protocol: int) -> None:
    for _ in range(2):
        sent = pickle.dumps(doubled, protocol)
        assert pickle.loads(sent) is doubled  # noqa: S301
    assert ag.compile(doubled.function) is not doubled


COPIED = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),  # noqa: S301
}


@pytest.mark.parametrize("how", COPIED)
@pytest.mark.parametrize("name", ["apply", "fast"])
def test_a_compiled_method_is_each_object_s_own(name: str, how: str) -> None:
    first, x = Scale(3.0), np.ones(2)
    for _ in range(4):
        assert getattr(first, name)(x).tolist() == [3, 3]
    assert getattr(first, name).program is not None
    second = COPIED[how](first)
    second.k = 7.0
    for _ in range(4):
        assert getattr(second, name)(x).tolist() == [7, 7]
        assert getattr(first, name)(x).tolist() == [3, 3]
    assert getattr(first, name) is getattr(first, name)
    assert "slow" not in vars(first)
