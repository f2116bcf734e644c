"""Random writes between ops: compiled and eager agree, or it is said.

Longer: ``pytest -m slow tests/program/test_fuzz_writes.py``; one program:
``python tests/program/fuzz_writes.py SEED``.
"""

from __future__ import annotations

import time
from collections import Counter

import fuzz_writes
import pytest

QUICK, LONG = 8.0, 60.0  # seconds
FEWEST = 20  # programs, however slow the machine is


def explore(seconds: float, first: int) -> None:
    """Programs from a seed on, for a while."""
    fuzz_writes.OUTCOMES.clear()
    counts: Counter[str] = Counter()
    bad, end, seed = [], time.monotonic() + seconds, first
    while time.monotonic() < end or seed < first + FEWEST:
        verdict = fuzz_writes.quiet(seed)
        counts[verdict.kind] += 1
        if not verdict.good:
            bad.append(f"seed {seed}: {verdict.kind}: {verdict.why:.300}")
        seed += 1
    assert not bad, f"{len(bad)} of {seed - first} differ:\n" + "\n".join(bad[:10])
    ran = fuzz_writes.OUTCOMES
    assert ran["result"] > 5 * ran["error"], "too few calls that give results"
    assert counts["same"] > 0.5 * (seed - first), f"too much is refused: {counts}"


def test_random_writes() -> None:
    explore(QUICK, 0)


@pytest.mark.slow
def test_random_writes_for_a_minute() -> None:
    explore(LONG, 100_000)
