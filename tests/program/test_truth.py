"""The truth table: a compiled function gives what eager gives, or says that it cannot.

``python tests/program/test_truth.py [words of a name]`` prints all verdicts and counts.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest
from truth_cases import CASES, PLAIN
from truth_run import ORDER, Verdict, verdict


@pytest.mark.parametrize("name", CASES)
def test_eager_or_loud(name: str) -> None:
    check(name, quick=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_eager_or_loud_at_length(name: str) -> None:
    check(name, quick=False)


def check(name: str, quick: bool) -> None:
    """Fail unless the case is eager's, or loud; plain ones may not even be loud."""
    found = verdict(CASES[name], quick)
    assert found.good, f"{found.kind}: {found.why}"
    assert name not in PLAIN or found.kind == "same", f"{found.kind}: {found.why}"


def main(words: list[str]) -> int:
    """Run all cases whose names hold these words, and print what came of them."""
    names = [name for name in CASES if all(word in name for word in words)]
    counts: Counter[str] = Counter()
    for name in names:
        try:
            found = verdict(CASES[name])
        except AssertionError as error:
            found = Verdict("broken", str(error))
        counts[found.kind] += 1
        plain = " (plain)" if name in PLAIN else ""
        print(f"{found.kind:9} {name}{plain}  {found.why:.150}", flush=True)
    loud = ", ".join(f"{kind} {counts[kind]}" for kind in ORDER[:-1])
    silent = counts["different"]
    print(f"cases {len(names)}, {loud}, silent differences {silent}")
    return silent + counts["broken"]


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
