"""How arguments get into a Program: whatever they are, the result is eager's."""

from __future__ import annotations

import os
import pickle
import threading
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.program import compile
from autograd_core.program.bind import Binder
from autograd_core.program.program import MISSED
from autograd_core.threads import teams
from autograd_kernels.driver import entry


class Sub(np.ndarray[Any, Any]):
    """Not exactly an array."""


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


def step(x: Any, y: Any) -> Any:
    return x * 2 + y, np.sum(x * y)


BASE = np.arange(24, dtype=np.float32).reshape(4, 6)
SAME = {  # like BASE to the Program: of these dtypes, shapes and values
    "itself": BASE,
    "Fortran": np.asfortranarray(BASE),
    "strided": np.repeat(BASE, 2, axis=1)[:, ::2],
    "reversed": BASE[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": read_only(BASE),
    "subclass": BASE.view(Sub),
    "pickled": pickle.loads(pickle.dumps(BASE)),  # noqa: S301
    "unaligned": np.frombuffer(b"x" + BASE.tobytes(), np.float32, 24, 1).reshape(4, 6),
    "Tensor": ag.tensor(BASE),
}
OTHER = {  # recorded anew
    "swapped": BASE.astype(">f4"),
    "float64": BASE.astype(np.float64),
    "int32": BASE.astype(np.int32),
    "transposed": BASE.T,
    "scalar": np.float32(3),
    "0-d": np.array(3, np.float32),
    "empty": BASE[:0],
    "9-d": BASE.reshape((1,) * 7 + (4, 6)),
}


def bits(results: Any) -> list[tuple[Any, bytes]]:
    return [(r.dtype, r.shape, r.data.tobytes()) for r in results]


def test_the_layout_is_known() -> None:
    assert entry.layout_known()


@pytest.mark.parametrize("name", [*SAME, *OTHER])
def test_whatever_is_passed(name: str) -> None:
    given = {**SAME, **OTHER}[name]
    compiled = compile(step)
    compiled(BASE, BASE), compiled(BASE, BASE)
    other = given if name in OTHER else BASE
    expected = bits(step(ag.tensor(given), ag.tensor(other)))
    for _ in range(4):
        assert bits(compiled(given, other)) == expected
    assert compiled.recordings == (2 if name in SAME else 4)
    if name in SAME:
        assert bits(compiled(BASE, given)) == expected
        assert bits(compiled(given, given)) == expected
        assert compiled.recordings == 2


def test_quick_only_for_arrays_that_fit() -> None:
    compiled = compile(step)
    compiled(BASE, BASE)
    assert compiled.program is None
    compiled(BASE, BASE)
    program = compiled.program
    assert program.brief
    assert program.attempt((BASE, BASE)) is not MISSED
    for args in [(), (BASE,), (BASE, BASE, BASE), (BASE, None), (BASE, BASE.T)]:
        assert program.attempt(args) is MISSED


def test_no_arguments_and_no_arrays() -> None:
    w = ag.tensor(BASE)
    compiled = compile(lambda: (w * 2).sum())
    assert [compiled().item() for _ in range(5)] == [BASE.sum() * 2] * 5
    assert compiled.recordings == 2


@pytest.mark.parametrize("start", [0, 8])
def test_empty_outputs_wherever_the_arena_begins(
    start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Binder.__init__

    def init(self: Binder, size: int, threads: int) -> None:
        real(self, size, threads)
        self.start = start

    monkeypatch.setattr(Binder, "__init__", init)
    compiled = compile(lambda x: x * 2)
    for _ in range(4):
        assert compiled(BASE[:0]).shape == (0, 6)
    assert compiled.recordings == 2


def test_outputs_are_the_callers_own() -> None:
    compiled = compile(lambda x: x + 1)
    kept = [compiled(BASE + i) for i in range(5)]
    for i, out in enumerate(kept):
        np.testing.assert_array_equal(out.data, BASE + i + 1)


def test_a_replay_counts_as_a_write() -> None:
    w = ag.tensor(BASE.copy(), requires_grad=True)

    @compile
    def shrink(x: Any) -> Any:
        with ag.no_grad():
            w.mul_(0.5)
        return x.sum()

    for _ in range(4):  # two recordings, two replays
        late = (w * w).sum()
        shrink(BASE)
        with pytest.raises(RuntimeError, match="changed in place"):
            late.backward()
        (w * w).sum().backward()
    assert shrink.recordings == 2


@pytest.mark.parametrize("times", [1, 2000])
def test_other_numbers_of_threads_and_back(times: int) -> None:
    compiled, large = compile(step), np.tile(BASE, (times, 1))
    before = ag.get_num_threads()
    expected = bits(step(ag.tensor(large), ag.tensor(large)))
    try:
        for threads in (1, 3, 1, 3):
            ag.set_num_threads(threads)
            for _ in range(3):
                assert bits(compiled(large, large)) == expected
            assert compiled.program.attempt((large, large)) is not MISSED
    finally:
        ag.set_num_threads(before)
    brief = compiled.program.brief  # in one thread, however many there are
    assert brief is (times == 1)
    assert compiled.recordings == (2 if brief else 4)
    assert len(compiled.programs) == (1 if brief else 2)


def test_one_brief_program_from_many_threads() -> None:
    compiled = compile(lambda x: (np.exp(x * 0.1) * 3).sum(axis=0))
    inputs = [BASE + i for i in range(8)]
    expected = [compiled(x).data.tobytes() for x in inputs]
    wrong: list[int] = []

    def work(i: int) -> None:
        given: Any = inputs[i] if i % 2 else ag.tensor(inputs[i])
        for _ in range(500):
            if compiled(given).data.tobytes() != expected[i]:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_finds_every_lock_free() -> None:
    compiled = compile(step)
    compiled(BASE, BASE), compiled(BASE, BASE)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with compiled.program.lock, compiled._settling._lock, teams.current.lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    child = os.fork()
    if child == 0:
        for _ in range(3):
            compiled(np.asfortranarray(BASE), BASE)
            compiled(BASE[:2], BASE[:2])
        os._exit(0)
    done.set()
    thread.join(30)
    assert os.waitpid(child, 0)[1] == 0
