"""Arrays of every kind, by names that the forms of operators are written in."""

import numpy as np
import pytest

ARRAYS = {
    "x": np.array([[5.5, -7.0, 0.5], [-0.5, 2.5, -2.5]]),
    "f": np.array([[5.5, -7.0, 0.5], [-0.5, 2.5, -2.5]], np.float32),
    "v": np.array([2.0, -1.5, 0.5]),
    "i": np.array([[7, -7, 3], [-1, 0, 12]]),
    "j": np.array([3, -2, 5]),
    "u": np.array([[200, 3, 7], [1, 0, 255]], np.uint8),
    "b": np.array([[True, False, True], [False, True, True]]),
    "c": np.array([True, False, False]),
    "z": np.array([1 + 2j, 0.5j, 3.0]),
    "n": np.array([np.nan, np.inf, -np.inf]),
}


def forms(text):
    return pytest.mark.parametrize("form", text.strip().splitlines())
