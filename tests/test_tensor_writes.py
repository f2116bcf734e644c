"""Writes in place through views of views, beside NumPy's."""

import numpy as np
import pytest

import autograd_core as ag

VIEWS = [
    lambda x: x[..., ::-1],
    lambda x: x.T,
    lambda x: x.reshape(-1),
    lambda x: x[:1],
    lambda x: x.swapaxes(0, -1),
]


def add_one(x):
    x += 1


def turn_round(x):
    x[...] = x[..., ::-1]


def shift(x):
    x[1:] = x[:-1]


def mirror(x):
    x[...] = x.T if x.ndim == 2 and len(set(x.shape)) == 1 else x


def set_last(x):
    x[-1] = 2


WRITES = [add_one, turn_round, shift, mirror, set_last]


@pytest.mark.parametrize("seed", range(60))
def test_writes_through_views_are_numpys(seed):
    rng = np.random.default_rng(seed)
    first = rng.standard_normal(rng.integers(1, 4, 2)).astype(np.float32)
    arrays, tensors = [first.copy()], [ag.tensor(first)]
    for _ in range(12):
        i = rng.integers(len(arrays))
        if rng.random() < 0.5:
            view = VIEWS[rng.integers(len(VIEWS))]
            if np.shares_memory(view(arrays[i]), arrays[0]):  # NumPy made no copy
                arrays.append(view(arrays[i]))
                tensors.append(view(tensors[i]))
        else:
            write = WRITES[rng.integers(len(WRITES))]
            write(arrays[i])
            write(tensors[i])
    for array, tensor in zip(arrays, tensors, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize("index", [0, ..., slice(0, 1), [0]])
def test_an_imaginary_part_is_not_dropped_in_silence(index):
    t = ag.tensor(np.ones(2))
    with pytest.warns(np.exceptions.ComplexWarning):
        t[index] = np.array([3 + 4j])
    assert t[0].item() == 3.0
