"""The fuzzers are worth something: they catch faults that are planted.

A fault is planted in what the fuzzer gives to `ag.compile`: a setting that is not
looked at again, a constant that is frozen, a write that comes too early.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import fuzz_state
import fuzz_writes
import numpy as np
import pytest
from fuzz_explore import quiet

from autograd_core.program import settle
from autograd_core.program.passes.uses import Uses
from autograd_core.program.program import Program
from autograd_core.program.watch import Watch

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


@cache
def clean(fuzzer: Any) -> set[int]:
    """The seeds whose code a compiled function takes, with the same result."""
    return {seed for seed in range(SEEDS) if quiet(fuzzer.run, seed).good}


def differing(fuzzer: Any, fault: str) -> set[int]:
    """The seeds in which a difference is found."""
    kinds = {seed: quiet(fuzzer.run, seed, fault).kind for seed in range(SEEDS)}
    assert Counter(kinds.values())["unnamed"] == 0
    return {seed for seed, kind in kinds.items() if kind == "different"}


@pytest.mark.parametrize(("what", "fuzzer", "fault", "share"), PLANTED)
def test_a_planted_fault_is_caught(
    what: str, fuzzer: Any, fault: str, share: float
) -> None:
    good = clean(fuzzer)
    caught = good & differing(fuzzer, fault)
    assert len(caught) >= share * len(good), f"{what}: {len(caught)} of {len(good)}"


# Faults of the library itself --------------------------------------------------------


def nothing(*_: Any) -> None:
    return None


def no_words(watch: Watch) -> None:
    watch.pairs, watch.opaque = np.empty((0, 2), np.int64), []


NO_TRIAL = (settle, "trial", nothing)
# (what, fuzzer, what is put in the place of what, seeds at most, least differences)
IN_THE_LIBRARY = [
    ("guards left out", fuzz_state, [(Watch, "arm", no_words)], 30, 5),
    ("gradients after failures", fuzz_state, [(Program, "_stopped", nothing)], 60, 1),
    ("held gradients", fuzz_state, [(Program, "release_grads", nothing)], 60, 1),
    ("guards left out", fuzz_writes, [(Watch, "arm", no_words)], 30, 3),
    (
        "a launch moved past a write",
        fuzz_writes,
        [(Uses, "may_move", lambda *_: True), (Uses, "writes", lambda *_: 0), NO_TRIAL],
        200,
        2,
    ),
    (
        "temporaries taken for private",
        fuzz_writes,
        [(Uses, "private", lambda _, ref, *times: ref.buffer.temporary), NO_TRIAL],
        30,
        3,
    ),
]


@pytest.mark.parametrize(("what", "fuzzer", "faults", "seeds", "least"), IN_THE_LIBRARY)
def test_a_fault_planted_in_the_library_is_caught(
    what: str,
    fuzzer: Any,
    faults: Any,
    seeds: int,
    least: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place, name, fault in faults:
        monkeypatch.setattr(place, name, fault)
    kinds: Counter[str] = Counter()
    for seed in range(seeds):
        kinds[quiet(fuzzer.run, seed).kind] += 1
        if kinds["different"] == least:
            return
    pytest.fail(f"{what}: {kinds}")
