"""docs/compile.md: its code runs, what it names exists, and its sentences hold.

Most of them are rows of the truth table or of `test_truth_contract`; the rest is here.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.program import settle, watch
from autograd_core.program.compile import CHECK_EVERY
from autograd_core.program.guards import LONGEST

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compile.md").read_text(encoding="utf-8")
SOURCES = [*(ROOT / "autograd_core").rglob("*.py"), ROOT / "docs" / "compile.md"]
X = np.arange(1, 5, dtype=np.float32)


def test_its_code_runs(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert "launches" in run.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_names_that_texts_and_errors_advise_exist(path: Path) -> None:
    for name in re.findall(r"\bag\.([a-z_]+)", path.read_text(encoding="utf-8")):
        assert hasattr(ag, name), f"ag.{name} in {path}"


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"{LONGEST:,}" in PAGE
    assert f"{CHECK_EVERY:,}th" in PAGE
    assert f"At most {settle.KEPT} Programs" in PAGE
    assert watch.LARGEST == 16 << 10
    assert (settle.PATIENCE, settle.STRICT) == (8, 4)


def test_outputs_share_memory_as_they_did() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        return y, y, y[1:]

    fast = ag.compile(f)
    for n in range(5):
        a, b, c = fast(X + n)
        assert a is b
        a.zero_()
        assert c.tolist() == [0.0] * 3


def test_what_runs_on_after_its_return_is_refused() -> None:
    async def coroutine(x: Any) -> Any:
        return x

    def generator(x: Any) -> Any:
        yield x

    for function in (coroutine, generator):
        with pytest.raises(TypeError, match=r"is a \w+, which runs on"):
            ag.compile(function)


def test_an_optimizer_made_inside_does_what_it_does_in_eager() -> None:
    def adapted(x: Any) -> Any:
        p = ag.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
        opt = optim.SGD([p], lr=0.1)
        (p * p * x).sum().backward()
        opt.step()
        return p * 1.0

    fast = ag.compile(adapted)
    for n in range(5):
        assert fast(X * n).tolist() == adapted(ag.tensor(X * n)).tolist()


def repeated(call: Any, times: int) -> list[Any]:
    return [call() for _ in range(times)]


def learner() -> tuple[Any, Any]:
    w = ag.ones(4, requires_grad=True)
    opt = optim.Adam([w], lr=0.1)

    def step(x: Any) -> Any:
        opt.zero_grad()
        loss = (w * w * x).sum()
        loss.backward()
        opt.step()
        return loss

    return w, step


@pytest.mark.parametrize("at", range(8))
def test_ctrl_c_in_a_trial_leaves_what_the_call_left(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def interrupted(*args: Any, real: Any = np.copyto) -> None:
        nonlocal calls
        calls += 1
        if calls == at + 1:
            raise KeyboardInterrupt
        real(*args)

    w, step = learner()
    fast = ag.compile(step)
    fast(X)
    monkeypatch.setattr(np, "copyto", interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        fast(X)
    monkeypatch.undo()
    twin, eager = learner()
    for _ in range(2):
        eager(ag.tensor(X))
    assert w.data.tobytes() == twin.data.tobytes()
    assert w.grad.data.tobytes() == twin.grad.data.tobytes()
    for _ in range(3):
        fast(X), eager(ag.tensor(X))
    assert w.data.tobytes() == twin.data.tobytes()


def test_a_thread_started_in_a_function_that_stays_eager_does_not_hang() -> None:
    def f(x: Any, deep: bool) -> Any:
        state["n"] += 1  # never settles
        if deep:
            thread = threading.Thread(target=lambda: fast(X, False), daemon=True)
            thread.start()
            thread.join(20)
            assert not thread.is_alive()
        return x * 2.0

    state, fast = {"n": 0}, ag.compile(f)
    with pytest.warns(RuntimeWarning, match="does not settle"):
        results = repeated(lambda: fast(X, True).tolist(), 12)
    assert results == [(X * 2).tolist()] * 12


def test_a_gradient_that_would_flow_into_a_nested_function_is_refused() -> None:
    w, inner = ag.ones(4, requires_grad=True), ag.compile(lambda h: h * 3.0)
    outer = ag.compile(lambda x: inner(w * x).sum())
    with pytest.raises(ValueError, match="requires grad"):
        outer(X)


def test_a_program_that_was_found_wrong_leaves_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AG_PAGE", "2.0")
    fast = ag.compile(lambda x: x * float(os.environ["AG_PAGE"]), check_every=4)
    for _ in range(3):
        fast(X)
    monkeypatch.setenv("AG_PAGE", "3.0")
    with pytest.raises(RuntimeError, match="in doubt"):
        repeated(lambda: fast(X), 4)
    for n in range(5, 60):
        for _ in range(2):
            fast(np.ones(n, np.float32))
    assert sum(map(len, fast.programs.values())) == settle.KEPT


def test_a_model_keeps_its_face_and_a_layer_its_parameters() -> None:
    model = ag.compile(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)))
    assert len(list(model.parameters())) == 2
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
    x = np.ones((2, 4), np.float32)
    model.eval()
    quiet = [model(x).tolist() for _ in range(4)]
    assert quiet[0] == quiet[3]
    model.train()
    assert model.function.training

    class Net(nn.Module):
        def __init__(self) -> None:
            self.body = ag.compile(nn.Linear(4, 3))

    assert [name for name, _ in Net().named_parameters()] == [
        "body.weight",
        "body.bias",
    ]


def test_a_decorated_method_is_compiled_for_each_instance() -> None:
    class Trainer:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        @ag.compile
        def scaled(self, x: Any) -> Any:
            return x * self.factor

    one, two = Trainer(2.0), Trainer(3.0)
    for _ in range(4):
        assert one.scaled(X).tolist() == (X * 2).tolist()
        assert two.scaled(X).tolist() == (X * 3).tolist()
    one.factor = 5.0
    assert one.scaled(X).tolist() == (X * 5).tolist()
    assert one.scaled is not two.scaled


def test_arguments_of_all_kinds() -> None:
    Pair = namedtuple("Pair", "a b")
    fast = ag.compile(lambda pair, part, table: (pair.a + pair.b)[part] * table["s"])
    for n in range(5):
        pair = Pair(X * n, ag.tensor(X))
        out = fast(pair, slice(1, 3), {"s": 2.0})
        assert out.tolist() == ((X * n + X)[1:3] * 2).tolist()
    assert fast.recordings == 2


def test_guards_are_words_and_going_back_finds_the_program_again() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5))
    fast = ag.compile(lambda x: model(x))
    x = np.ones((2, 4), np.float32)
    for mode in (True, False, True, False):
        model.train(mode)
        for _ in range(3):
            fast(x)
    assert fast.recordings == 4
    assert fast.program is not None
    assert not fast.program.watch.opaque


def test_a_kept_gradient_keeps_its_values() -> None:
    w = ag.ones(4, requires_grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        loss = (w * x).sum()
        loss.backward()
        return loss

    fast, kept, arrays = ag.compile(f), [], []
    for n in range(8):
        fast(X * n)
        kept.append(w.grad)
        arrays.append(w.grad.numpy())
    for n, (tensor, array) in enumerate(zip(kept, arrays, strict=True)):
        assert tensor.tolist() == array.tolist() == (X * n).tolist()


def test_a_scheduler_never_records_again() -> None:
    w = ag.ones(4, requires_grad=True)
    opt = optim.SGD([w], lr=1.0)
    schedule = optim.StepLR(opt, 1, gamma=0.5)

    @ag.compile
    def step(x: Any) -> Any:
        opt.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        opt.step()
        return loss

    expected = np.ones(4, np.float32)
    for n in range(10):
        step(X)
        expected -= np.float32(0.5**n) * X
        schedule.step()
    assert w.tolist() == expected.tolist()
    assert step.recordings == 2
