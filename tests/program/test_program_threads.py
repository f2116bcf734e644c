"""Programs and heavy launches on several threads: no bit changes."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program_cases import bits, data, network, trained

import autograd_core as ag
from autograd_core import launch, nn, optim
from autograd_core.ops import TABLE
from autograd_core.program import compile
from autograd_core.threads import ThreadTeam, quota, set_num_threads, teams
from autograd_kernels import elementwise


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_no_bit(threads: int) -> None:
    before = teams.current.size
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 200)).astype(np.float32)
    w = ag.tensor(
        rng.standard_normal((150, 200)).astype(np.float32), requires_grad=True
    )

    def step(x: Any) -> ag.Tensor:
        w.grad = None
        h = np.exp(TABLE["linear"](x, w, None) * 0.01)
        loss = (h * h).mean()
        loss.backward()
        return loss

    eager = bits(step(ag.tensor(x)), w.grad)
    try:
        set_num_threads(threads)
        compiled = compile(step)
        for _ in range(20):
            loss = compiled(x)
            assert bits(loss, w.grad) == eager
        assert compiled.recordings == 2
        table = compiled.program.bound.table
        assert (table[:, 4] > 1).any() == (threads > 1)
    finally:
        set_num_threads(before)


def test_many_python_threads_at_once() -> None:
    before = teams.current.size
    set_num_threads(2)
    expected = []
    _, _, train = network()
    x, y = data()
    for _ in range(50):
        expected.append(train(x, y).item())
    results: dict[int, list[float]] = {}

    def work(i: int) -> None:
        step = compile(network()[2])
        results[i] = [step(x, y).item() for _ in range(50)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    set_num_threads(before)
    assert [results[i] for i in range(4)] == [expected] * 4


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_two_hundred_steps_on_any_number_of_threads(threads: int) -> None:
    def adam(params: Any) -> Any:
        return optim.Adam(params, lr=1e-3)

    before = ag.get_num_threads()
    expected = trained(adam, [64, 160, 96, 10], 96, 200, False)
    try:
        ag.set_num_threads(threads)
        assert trained(adam, [64, 160, 96, 10], 96, 200, True) == expected
        assert trained(adam, [64, 160, 96, 10], 96, 50, False)[:50] == expected[:50]
    finally:
        ag.set_num_threads(before)


def test_heavy_eager_launches_share_and_change_no_bit() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((260, 260)).astype(np.float32) for _ in range(2))
    before = ag.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            ag.set_num_threads(threads)
            results.append(TABLE["matmul"](a, b).tobytes())
    finally:
        ag.set_num_threads(before)
    assert results == results[:1] * 3


def test_more_threads_than_a_launch_can_have_parts() -> None:
    code = """
import numpy as np
import autograd_core as ag

x = ag.tensor(np.linspace(-3, 3, 1 << 20, dtype="f4").reshape(1024, 1024))
chain = ag.compile(lambda x: np.tanh(x) @ x)
results = []
for threads in (1, 2, 65, 200):
    ag.set_num_threads(threads)
    results += [(np.tanh(x) @ x).numpy().tobytes()]
    results += [chain(x).numpy().tobytes() for _ in range(4)]
assert len(set(results)) == 1
assert ag.get_num_threads() == 64
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_only_as_many_helpers_are_called_as_have_a_part() -> None:
    team = ThreadTeam(16)
    step = elementwise.fill.traits.step
    out, seven = np.zeros(5 * step - 1), np.full(1, 7.0)
    try:
        for most, helpers in [(1, 0), (3, 2), (9, 4)]:  # 5 parts of a step at most
            out[...] = 0
            team.run(elementwise.fill, out.size, (seven, out), most)
            assert (out == 7).all()
            assert len(team.helpers) == helpers
    finally:
        team.close()


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, math.inf),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "nonsense"}, math.inf),
        (
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            math.inf,
        ),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
    ],
)
def test_cores_of_a_container(
    files: dict[str, str], cores: float, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert quota(tmp_path) == cores


ROWWISE = {
    "chain": lambda x: np.exp(-x * x) + x[0],
    "reduce": lambda x: x.sum(0) * x.std(1)[:97],
    "softmax": lambda x: nn.functional.softmax(x, -1),
    "log_softmax": lambda x: nn.functional.log_softmax(x, 0),
    "dropout": lambda x: nn.functional.dropout(x, 0.3, True),
    "batch_norm": lambda x: nn.functional.batch_norm(
        x, None, None, x[0], x[1], training=True
    ),
    "cross_entropy": lambda x: nn.functional.cross_entropy(
        x, np.arange(len(x)) % 97, reduction="none"
    ),
}


@pytest.mark.parametrize("name", ROWWISE)
def test_large_eager_launches_share_and_change_no_bit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    rows = launch.SHARED // 97 + 1
    values = rng.standard_normal((rows, 97)).astype(np.float32)
    shared: list[int] = []
    run = ThreadTeam.run

    def spy(team: ThreadTeam, *args: Any) -> None:
        shared.append(team.size)
        run(team, *args)

    monkeypatch.setattr(ThreadTeam, "run", spy)
    monkeypatch.setattr(launch, "SHARE", 1024)
    before = ag.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            ag.set_num_threads(threads)
            ag.manual_seed(0)
            x = ag.tensor(values, requires_grad=True)
            y = ROWWISE[name](x)
            g = np.cos(np.arange(y.size, dtype="f4")).reshape(y.shape)
            y.backward(ag.tensor(g))
            results.append(bits(y, x.grad))
    finally:
        ag.set_num_threads(before)
    assert results == results[:1] * 3
    assert set(shared) == {2, 3}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_runs_over_elements_go_tile_by_tile(threads: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((310, 97)).astype(np.float32)
    row = rng.standard_normal(97).astype(np.float32)

    def chain(x: Any) -> Any:
        y = np.exp(-x * x) + row
        z = nn.functional.gelu(y * 2.0) - y
        return (z * z).sum(), np.where(z > y, z, y) * x

    before = ag.get_num_threads()
    expected = bits(*chain(ag.tensor(x)))
    try:
        ag.set_num_threads(threads)
        compiled = ag.compile(chain)
        for _ in range(30):
            assert bits(*compiled(x)) == expected
    finally:
        ag.set_num_threads(before)
    assert any("by tiles" in line for line in compiled.program.explain().fused)
