"""Cases that could end or hang a process: each in a process of its own."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim

SECONDS = 40
KINDS = ("SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "Lion")
START = """
import copy, pickle, sys, threading
import numpy as np
import autograd_core as ag
from autograd_core import nn, optim

X = np.ones((3, 4), np.float32)

def made(kind):
    ag.manual_seed(1)
    model = nn.Linear(4, 1)
    return model, getattr(optim, kind)(model.parameters(), lr=0.1)

def step(model, opt):
    opt.zero_grad()
    loss = (model(ag.tensor(X)) ** 2).mean()
    loss.backward()
    opt.step()
    return loss.item()
"""
PICKLED = """
model, opt = made(sys.argv[1])
step(model, opt)
sys.stdout.buffer.write(pickle.dumps((model, opt)))
"""
LOADED = """
model, opt = pickle.loads(sys.stdin.buffer.read())
one, two = made(sys.argv[1])
expected = [step(one, two) for _ in range(4)][1:]
assert [step(model, opt) for _ in range(3)] == expected
"""
THREAD_INSIDE = """
def f(x):
    def other():
        fast(np.ones(2, np.float32))
    if len(x) > 2:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    return x * 2.0

fast = ag.compile(f)
for _ in range(4):
    assert fast(np.ones(4, np.float32)).data.tolist() == [2.0] * 4
"""


def run(script: str, *args: str, given: bytes = b"") -> bytes:
    """What a script printed; an error if it failed, crashed or hung."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", START + script, *args],
        input=given,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout


@pytest.mark.parametrize("kind", KINDS[:2])
def test_pickled_into_another_process(kind: str) -> None:
    run(LOADED, kind, given=run(PICKLED, kind))


def test_a_thread_inside_that_calls_the_same_function() -> None:
    run(THREAD_INSIDE)


def trained(kind: str) -> tuple[Any, Any]:
    ag.manual_seed(1)
    model = nn.Linear(4, 1)
    opt = getattr(optim, kind)(model.parameters(), lr=0.1)
    step(model, opt)
    return model, opt


def step(model: Any, opt: Any) -> float:
    opt.zero_grad()
    loss = (model(ag.tensor(np.ones((3, 4), np.float32))) ** 2).mean()
    loss.backward()
    opt.step()
    return float(loss.item())


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_trains_itself(kind: str) -> None:
    model, opt = trained(kind)
    twin, other = copy.deepcopy((model, opt))
    before = model.weight.data.copy()
    losses = [step(twin, other) for _ in range(3)]
    assert model.weight.data.tobytes() == before.tobytes()
    assert losses == [step(model, opt) for _ in range(3)]
    assert twin.weight.data.tobytes() != before.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_a_compiled_step_trains_itself(kind: str) -> None:
    model, opt = trained(kind)
    twin, other = copy.deepcopy((model, opt))

    def compiled(model: Any, opt: Any) -> Any:
        def f(x: Any) -> Any:
            opt.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            opt.step()
            return loss

        return ag.compile(f)

    x = np.ones((3, 4), np.float32)
    before = model.weight.data.copy()
    losses = [compiled_step(x).item() for compiled_step in [compiled(twin, other)] * 5]
    assert model.weight.data.tobytes() == before.tobytes()
    assert losses == [step(model, opt) for _ in range(5)]
