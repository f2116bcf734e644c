"""Random state changed between calls: compiled and eager agree, or it is said.

Longer: ``pytest -m slow tests/program/test_fuzz_state.py``; one scenario, or many:
``python tests/program/fuzz_state.py SEED [HOW_MANY]``.
"""

import pytest
from fuzz_explore import explore
from fuzz_state import OUTCOMES, run


def test_random_state() -> None:
    explore(run, OUTCOMES, 8.0, 0)


@pytest.mark.slow
def test_random_state_for_a_minute() -> None:
    explore(run, OUTCOMES, 60.0, 100_000)
