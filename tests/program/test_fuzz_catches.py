"""The fuzzers are worth something: they catch faults that are planted.

A fault is planted in what the fuzzer gives to `ag.compile`: a setting that is not
looked at again, a constant that is frozen, a write that comes too early.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import fuzz_state
import fuzz_writes
import pytest
from fuzz_explore import quiet

SEEDS = 60
# (what, fuzzer, fault, share of the seeds in which a difference is to be reported)
PLANTED = [
    ("a guard of a module left out", fuzz_state, "stale", 0.2),
    ("an argument frozen", fuzz_state, "frozen", 0.5),
    ("a write before the op that it follows", fuzz_state, "early", 0.5),
    ("an array rebound outside not seen", fuzz_writes, "stale", 0.05),
    ("an argument frozen", fuzz_writes, "frozen", 0.3),
    ("a write moved before an op", fuzz_writes, "early", 0.1),
]


def differing(fuzzer: Any, fault: str) -> set[int]:
    """The seeds in which a difference is found."""
    kinds = {seed: quiet(fuzzer.run, seed, fault).kind for seed in range(SEEDS)}
    assert Counter(kinds.values())["unnamed"] == 0
    return {seed for seed, kind in kinds.items() if kind == "different"}


@pytest.mark.parametrize(("what", "fuzzer", "fault", "share"), PLANTED)
def test_a_planted_fault_is_caught(
    what: str, fuzzer: Any, fault: str, share: float
) -> None:
    clean = {seed for seed in range(SEEDS) if quiet(fuzzer.run, seed).good}
    caught = clean & differing(fuzzer, fault)
    assert len(caught) >= share * len(clean), f"{what}: {len(caught)} of {len(clean)}"
