"""Running a fuzzer: from a seed on, for a while, and what came of it."""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

from truth_run import Verdict

FEWEST = 20  # seeds, however slow the machine is
Run = Callable[..., Verdict]


def quiet(run: Run, seed: int, fault: str = "") -> Verdict:
    """``run(seed, fault)``, with its warnings heard and no more."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        verdict = run(seed, fault)
    said = [str(w.message) for w in caught if "ag.compile" in str(w.message)]
    return Verdict("warned", said[0]) if verdict.kind == "same" and said else verdict


def explore(run: Run, outcomes: Counter[str], seconds: float, first: int) -> None:
    """Fail if a seed differs in silence, or if little is compared at all."""
    outcomes.clear()
    counts: Counter[str] = Counter()
    bad, end, seed = [], time.monotonic() + seconds, first
    while time.monotonic() < end or seed < first + FEWEST:
        verdict = quiet(run, seed)
        counts[verdict.kind] += 1
        if not verdict.good:
            bad.append(f"seed {seed}: {verdict.kind}: {verdict.why:.300}")
        seed += 1
    assert not bad, f"{len(bad)} of {seed - first} differ:\n" + "\n".join(bad[:10])
    assert outcomes["result"] > 5 * outcomes["error"], "too few calls give results"
    assert counts["same"] > 0.5 * (seed - first), f"too much is refused: {counts}"


def main(run: Run, outcomes: Counter[str], draw: Any) -> None:
    """Command line: the first seed and how many; prints those that differ."""
    first, count = (*map(int, sys.argv[1:]), 1)[:2]
    counts: Counter[str] = Counter()
    for seed in range(first, first + count):
        verdict = quiet(run, seed)
        counts[verdict.kind] += 1
        if not verdict.good:
            print(f"seed {seed}: {verdict.kind}: {verdict.why:.200}")
            if count == 1:
                print(draw(seed))
    print(dict(counts), "calls:", dict(outcomes))
