"""The pool: no memory is given out twice, however arrays are held."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import pool as module
from autograd_core.pool import LARGEST, LEAST, Pool

N = LEAST // 4  # float32


def test_memory_is_used_again_once_nobody_holds_it() -> None:
    pool = Pool()
    first = pool.empty(N, np.float32)
    place = first.ctypes.data
    assert place % 64 == 0
    del first
    second = pool.empty((2, N // 2), np.float32)
    assert second.ctypes.data == place
    assert second.flags.carray
    assert pool.empty(N, np.float32).ctypes.data != place


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "slice": lambda a: a[5:],
    "reshape": lambda a: a.reshape(2, -1),
    "transposed view of a view": lambda a: a.reshape(2, -1)[1:].T,
    "memoryview": memoryview,
    "other dtype": lambda a: a.view(np.int32)[::2],
    "tensor": lambda a: ag.Tensor(a).detach().reshape(-1, 2)[3:],
    "interface": lambda a: np.asarray(Interface(a)),
    "dlpack": lambda a: np.from_dlpack(a[1:]),
}


class Interface:
    def __init__(self, array: Any) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


@pytest.mark.parametrize("name", HOLDERS)
def test_whoever_holds_a_part_holds_the_memory(name: str) -> None:
    pool = Pool()
    array = pool.empty(N, np.float32)
    place = array.ctypes.data
    held = HOLDERS[name](array)
    del array
    gc.collect()
    others = [pool.empty(N, np.float32) for _ in range(4)]
    assert place not in {other.ctypes.data for other in others}
    del held
    gc.collect()
    others.append(pool.empty(N, np.float32))
    assert others[-1].ctypes.data == place


def test_small_and_huge_arrays_and_empty_ones_are_numpys() -> None:
    pool = Pool()
    for shape in (0, (3, 0), 5, LEAST - 1, LARGEST + 1):
        assert pool.empty(shape, np.uint8).base is None
    assert not pool.blocks


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 10 * LEAST)
    pool = Pool()
    kept = [pool.empty(LEAST + 64 * i, np.uint8) for i in range(50)]
    for i, array in enumerate(kept):
        array[...] = i
    held = sum(len(ring) * size for size, ring in pool.blocks.items())
    assert held == pool.held <= 10 * LEAST
    assert all((array == i).all() for i, array in enumerate(kept))


def test_without_more_mappings_arrays_are_numpys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(module.mmap, "mmap", refuse)
    assert Pool().empty(N, np.float32).shape == (N,)


def churn(pool: Pool, seed: int, failures: list[int]) -> None:
    """Take, hold and drop at random; each array must keep its own number."""
    draw = random.Random(seed)
    held: list[tuple[int, Any]] = []
    for step in range(3000):
        number = seed * 100_000 + step
        array = pool.empty(LEAST + 4 * draw.randrange(3), np.uint8)
        mark = array[: 4 * N].view(np.int32)
        mark[:: N // 4] = number
        held.append((number, mark if draw.random() < 0.5 else array))
        while held and draw.random() < 0.49:
            number, kept = held.pop(draw.randrange(len(held)))
            if not (kept[: 4 * N].view(np.int32)[:: N // 4] == number).all():
                failures.append(number)


def test_no_array_changes_under_another_in_any_thread() -> None:
    pool, failures = Pool(), list[int]()
    threads = [
        threading.Thread(target=churn, args=(pool, i, failures)) for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_does_not_write_to_its_parents_arrays() -> None:
    pool = Pool()
    array = pool.empty(N, np.float32)
    array[...] = 1
    child = os.fork()
    if not child:
        array[...] = 2
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (array == 1).all()


def test_steps_in_eager_use_the_same_memory_again() -> None:
    x = ag.randn(300, 300, requires_grad=True)

    def step() -> int:
        x.grad = None
        (np.tanh(x) * x).sum().backward()
        return module.pool.held

    step()
    before = step()
    assert {step() for _ in range(5)} == {before}


def test_a_block_counts_one_more_for_each_array() -> None:
    held = [module.mmap.mmap(-1, LEAST, **module.PRIVATE)]
    counts = [sys.getrefcount(held[0])]
    arrays = []
    for _ in range(3):
        arrays.append(np.ndarray(N, np.float32, held[0]))
        counts.append(sys.getrefcount(held[0]))
    assert counts == [module.ALONE + i for i in range(4)]


WATCHER = """
import sys

kept = []

def watch(frame, event, arg):
    if frame.f_code.co_filename.endswith("pool.py"):
        values = list(frame.f_locals.values())
        if {keep}:
            kept.append(values + [v for x in values if type(x) is list for v in x])
            del kept[:-1000]
    return watch

sys.settrace(watch)
from autograd_core.pool import LEAST, Pool
{after}
pool, held = Pool(), []
for i in range(50):
    array = pool.empty(LEAST // 8, "i8")
    array[...] = i
    if i % 3:
        held.append((i, array))
    del array
assert all((array == i).all() for i, array in held)
sys.settrace(None)
pool = Pool()
for i in range(5):
    array = pool.empty(LEAST // 8, "i8")
    del array
assert sum(map(len, pool.blocks.values())) == 1
"""


@pytest.mark.parametrize("after", ["", "sys.settrace(None)"])
@pytest.mark.parametrize("keep", [False, True])
def test_whoever_looks_at_variables_changes_no_array(keep: bool, after: str) -> None:
    """A debugger holds them once more, while the module is imported or later."""
    code = WATCHER.format(keep=keep, after=after)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
