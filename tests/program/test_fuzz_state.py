"""Random state changed between calls: compiled and eager agree, or it is said.

Longer: ``pytest -m slow tests/program/test_fuzz_state.py``; one scenario:
``python tests/program/fuzz_state.py SEED``.
"""

from __future__ import annotations

import time
from collections import Counter

import fuzz_state
import pytest

QUICK, LONG = 8.0, 60.0  # seconds
FEWEST = 20  # scenarios, however slow the machine is


def explore(seconds: float, first: int) -> None:
    """Scenarios from a seed on, for a while."""
    fuzz_state.OUTCOMES.clear()
    counts: Counter[str] = Counter()
    bad, end, seed = [], time.monotonic() + seconds, first
    while time.monotonic() < end or seed < first + FEWEST:
        verdict = fuzz_state.quiet(seed)
        counts[verdict.kind] += 1
        if not verdict.good:
            bad.append(f"seed {seed}: {verdict.kind}: {verdict.why:.300}")
        seed += 1
    assert not bad, f"{len(bad)} of {seed - first} differ:\n" + "\n".join(bad[:10])
    ran = fuzz_state.OUTCOMES
    assert ran["result"] > 5 * ran["error"], "too few calls that give results"
    assert counts["same"] > 0.5 * (seed - first), f"too much is refused: {counts}"


def test_random_state() -> None:
    explore(QUICK, 0)


@pytest.mark.slow
def test_random_state_for_a_minute() -> None:
    explore(LONG, 100_000)
