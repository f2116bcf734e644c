"""`Cutter`: what `check_op` asks of each launch of a user's kernel."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numba.core.runtime import _nrt_python as memory

from autograd_core.hooks import Array

# Bytes that outputs hold before a kernel writes to them: of no usual number.
BEFORE_WHOLE, BEFORE_PARTS = 0x5A, 0xA5


class WrongError(Exception):
    """One thing that an op does not do as it should."""


class Cutter:
    """A recorder that runs launches whole and in parts, and looks at what is written.

    ``remarks`` gets what is not wrong.
    """

    def __init__(self, remarks: list[str]) -> None:
        self.remarks = remarks

    def launch(self, kernel: Any, units: int, args: tuple[Any, ...]) -> None:
        """Run the launch. Raises WrongError for what a kernel may not do."""
        if kernel.__module__.startswith("autograd_kernels."):  # has tests of its own
            kernel(0, units, *args)
            return
        is_, name = kernel.traits, kernel.__name__
        reads, written = args[: len(args) - is_.writes], args[len(args) - is_.writes :]
        words = [out for out in written if _is_status(out)]
        outs = [out for out in written if not _is_status(out)]
        before = [x.tobytes() if isinstance(x, np.ndarray) else x for x in reads]
        parts = _parts(units, is_.step)
        found = [_written(kernel, lo, hi, args, outs, words) for lo, hi in parts]
        _fill(outs, BEFORE_WHOLE)
        _fill(words, 0)
        if _allocations(lambda: kernel(0, units, *args)):
            self.remarks.append(
                f"kernel {name} makes arrays in each part of its work: hand in memory "
                "for them, as an output, or use numbers"
            )
        for x, was in zip(reads, before, strict=True):
            if isinstance(x, np.ndarray) and x.tobytes() != was:
                raise WrongError(f"kernel {name} writes to an input")
        shown = ", ".join(f"{lo} to {hi}" for lo, hi in parts)
        for i, whole in enumerate(outs):
            _compare(whole, [one[i] for one in found], f"kernel {name}", shown)

    def on_allocate(self, array: Array, scratch: bool = False) -> None:
        """Memory may hold anything."""
        if array.dtype.kind == "f":
            array.fill(np.nan)

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def _parts(units: int, step: int) -> list[tuple[int, int]]:
    """Up to three parts, of which the middle one is as small as can be."""
    first = units // 3 // step * step
    cuts = sorted({0, first, min(first + step, units), units})
    return list(pairwise(cuts))


def _is_status(out: Array) -> bool:
    """Whether an output is a word for `raise_if`, which holds 0 before a launch."""
    return out.dtype == np.int64 and out.size == 1


def _fill(outs: Any, byte: int) -> None:
    for out in outs:
        out.reshape(-1).view(np.uint8).fill(byte)


def _written(
    kernel: Any, lo: int, hi: int, args: Any, outs: Any, words: Any
) -> list[tuple[Array, Array]]:
    """For each output, what a part computes, and which elements it writes."""
    _fill(outs, BEFORE_PARTS)
    _fill(words, 0)
    kernel(lo, hi, *args)
    flat = [out.reshape(-1).copy() for out in outs]
    return [
        (x, (x.view(np.uint8).reshape(x.size, -1) != BEFORE_PARTS).any(1)) for x in flat
    ]


def _compare(
    whole: Array, parts: list[tuple[Array, Array]], who: str, shown: str
) -> None:
    """Raise if parts write the same elements, or are not the whole."""
    if len(parts) > 1 and (np.sum([w for _, w in parts], axis=0) > 1).any():
        raise WrongError(
            f"{who} writes the same element in several parts of its work (units "
            f"{shown}): it must compute units lo to hi and no others, for threads "
            "share them"
        )
    together = np.full_like(whole.reshape(-1), 0)
    _fill([together], BEFORE_PARTS)
    for x, written in parts:
        together[written] = x[written]
    if parts and together.tobytes() != whole.tobytes():
        raise WrongError(
            f"{who} computes something else in parts (units {shown}): it must write "
            "all of its outputs, and depend on nothing but inputs"
        )


def _allocations(run: Callable[[], Any]) -> int:
    """How many arrays compiled code makes meanwhile."""
    counted = memory.memsys_stats_enabled()
    memory.memsys_enable_stats()
    try:
        before = memory.memsys_get_stats_alloc()
        run()
        return int(memory.memsys_get_stats_alloc() - before)
    finally:
        if not counted:
            memory.memsys_disable_stats()
