"""Noise: whether Python's or NumPy's random numbers were drawn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd_core.program.words import layout_known, word

# Bytes from the start of Python's generator, and of NumPy's state, to words that each
# number drawn changes: the place among 624 numbers beside the first of them.
PYTHONS, NUMPYS = 16, 2496


def random_states(sources: Sequence[Any]) -> list[Any]:
    """Where the generators of both stand, and those among what a function sees."""
    numpys = np.random.mtrand._rand
    if glances_tell():
        found: list[Any] = [_glance(random._inst), _glance(numpys)]
    else:
        found = [random.getstate(), _state(numpys)]
    return found + list(map(_state, sources))


def _glance(source: Any) -> Any:
    """A few words in the place of 624: to copy them all takes most of a recording."""
    if isinstance(source, random.Random):
        return word(id(source) + PYTHONS)
    bits = source._bit_generator
    if type(bits) is not np.random.MT19937:
        return _state(source)
    start = bits.ctypes.state_address
    return word(start), word(start + NUMPYS) & 0xFFFFFFFF


@cache
def glances_tell() -> bool:
    """Whether a draw changes those words in this interpreter."""
    if not layout_known():
        return False
    pythons, numpys = random.Random(0), np.random.RandomState(0)
    before = _glance(pythons), _glance(numpys)
    pythons.random(), numpys.random_sample()
    first = _glance(pythons), _glance(numpys)
    pythons.random(), numpys.random_sample()
    second = _glance(pythons), _glance(numpys)
    return all(len(set(seen)) == 3 for seen in zip(before, first, second, strict=True))


def _state(source: Any) -> Any:
    """All of a generator's state, in a form that ``==`` can compare."""
    if isinstance(source, random.Random):
        return source.getstate()
    if isinstance(source, np.random.Generator):
        return _plain(source.bit_generator.state)
    if isinstance(source, np.random.RandomState):
        return _plain(source.get_state(legacy=False))
    return _plain(source.state)


def _plain(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _plain(part) for name, part in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state
