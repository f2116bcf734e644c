"""Random writes between ops: compiled and eager agree, or it is said.

Longer: ``pytest -m slow tests/program/test_fuzz_writes.py``; one program, or many:
``python tests/program/fuzz_writes.py SEED [HOW_MANY]``.
"""

import pytest
from fuzz_explore import explore
from fuzz_writes import OUTCOMES, run


def test_random_writes() -> None:
    explore(run, OUTCOMES, 8.0, 0)


@pytest.mark.slow
def test_random_writes_for_a_minute() -> None:
    explore(run, OUTCOMES, 60.0, 100_000)
