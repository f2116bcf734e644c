"""Philox against its published answers; dropout as a function of key and element."""

import numba
import numpy as np
import pytest

from autograd_kernels import dropout as k
from autograd_kernels.llvm.vector import LANES, first, store

# Known answers for philox4x32-10 from Random123 (D. E. Shaw Research), file
# tests/kat_vectors: counter, key, expected words.
KNOWN = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@numba.njit
def philox(block, key, words):
    """words[16 w + i] = word w of block ``block + i``."""
    mask = first(LANES, LANES)
    a, b, c, d = k.philox(block, key[0], key[1])
    store(a, words, 0, mask)
    store(b, words, LANES, mask)
    store(c, words, 2 * LANES, mask)
    store(d, words, 3 * LANES, mask)


def numbers(text):
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_words(counter, key, expected):
    c, s = numbers(counter), numbers(key)
    words = np.empty(k.GROUP, np.uint32)
    state = np.array([s[0] | s[1] << 32, c[2] | c[3] << 32], np.uint64)
    philox(np.uint64(c[0] | c[1] << 32), state, words)
    assert words[:: k.LANES].tolist() == numbers(expected)


def test_lanes_are_successive_blocks():
    state = np.array([3, 5], np.uint64)
    many, one = np.empty((2, k.GROUP), np.uint32)
    philox(np.uint64(40), state, many)
    for lane in range(k.LANES):
        philox(np.uint64(40 + lane), state, one)
        assert (one[:: k.LANES] == many[lane :: k.LANES]).all()


def dropped(key, p, x):
    out = np.empty_like(x)
    k.dropout(0, x.size, np.array(key, np.uint64), np.array([p], x.dtype), x, out)
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_rate_and_scale(rng, dtype, p):
    x = rng.uniform(1, 2, 400_000).astype(dtype)
    out = dropped([7, 9], p, x)
    kept = out != 0
    scale = 1 / (dtype(1) - dtype(p))
    np.testing.assert_array_equal(out[kept], (x * scale)[kept])
    deviation = np.sqrt(p * (1 - p) / x.size)
    assert abs((1 - kept.mean()) - p) <= 4 * deviation
    for shift in 1, 16, 64:  # neighbours are independent
        both = (~kept[shift:] & ~kept[:-shift]).mean()
        assert abs(both - p * p) <= 5 * deviation


def test_mask_depends_on_key_and_element_alone(rng):
    x = rng.uniform(1, 2, 1000)
    key, p = np.array([1, 2], np.uint64), np.array([0.4])
    whole, parts = np.empty((2, x.size))
    k.dropout(0, x.size, key, p, x, whole)
    for lo in range(0, x.size, k.GROUP):
        k.dropout(lo, min(lo + k.GROUP, x.size), key, p, x, parts)
    np.testing.assert_array_equal(whole, parts)
    np.testing.assert_array_equal(whole[:333], dropped([1, 2], 0.4, x[:333]))
    single = dropped([1, 2], 0.4, x.astype(np.float32))
    np.testing.assert_array_equal(whole == 0, single == 0)
    for other in [1, 3], [2, 2], [1 + (1 << 32), 2], [1, 2 + (1 << 32)]:
        assert ((whole == 0) != (dropped(other, 0.4, x) == 0)).mean() > 0.3


def test_what_is_dropped_is_zero_whatever_it_was():
    x = np.full(1000, np.nan)
    mask = dropped([1, 2], 0.5, np.ones(1000)) == 0
    np.testing.assert_array_equal(dropped([1, 2], 0.5, x)[mask], 0)
    assert np.isnan(dropped([1, 2], 0.5, x)[~mask]).all()


def test_draw_hands_out_fresh_keys():
    state, key = np.array([11, 4], np.uint64), np.zeros(2, np.uint64)
    k.draw(0, 1, state, key)
    assert key.tolist() == [11, 4]
    assert state.tolist() == [11, 5]
