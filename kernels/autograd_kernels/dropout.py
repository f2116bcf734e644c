"""Dropout whose mask is a function of (key, element): nothing is stored for backward.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers:
as easy as 1, 2, 3", SC 2011). A key is uint64[2] = (seed, counter): the seed is
Philox's key, the counter the upper half of its 128-bit counter, and the lower half
counts blocks of four words. 64 elements share 16 blocks: element ``i`` takes word
``i % 64 // 16`` of block ``i // 64 * 16 + i % 16``, so that vectors hold like words.
"""

import numpy as np
from numba import carray

from ._jit import inline, kernel
from .reduce import stack

LANES = 16
GROUP = 64  # elements that LANES blocks make: a part of `dropout` starts at a multiple
ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@inline
def philox(first, key, words):
    """words[16 w + i] = word w (of four, uint32) of block ``first + i``, for i < 16.

    Words live in the lower halves of uint64: a product needs all 64 bits, and LLVM
    sees that only lower halves are multiplied.
    """
    for lane in range(LANES):
        block = first + np.uint64(lane)
        c0, c1, c2, c3 = block, block >> HALF, key[1], key[1] >> HALF
        k0, k1 = key[0], key[0] >> HALF
        for _ in range(ROUNDS):
            a, b = (c0 & LOW) * MULTIPLIERS[0], (c2 & LOW) * MULTIPLIERS[1]
            c0, c1, c2, c3 = (b >> HALF) ^ c1 ^ k0, b, (a >> HALF) ^ c3 ^ k1, a
            k0, k1 = k0 + WEYL[0], k1 + WEYL[1]
        words[lane] = c0
        words[lane + LANES] = c1
        words[lane + 2 * LANES] = c2
        words[lane + 3 * LANES] = c3


@kernel
def draw(lo, hi, state, key):
    """key = state, and the state's counter moves on. One unit; both uint64[2]."""
    for _ in range(lo, hi):
        key[0] = state[0]
        key[1] = state[1]
        state[1] += np.uint64(1)


@kernel
def dropout(lo, hi, key, p, x, out):
    """out = 0 with probability p[0], else x / (1 - p[0]), by ``key``.

    Units: elements; parts start at multiples of GROUP. x, out: flat, p: one element of
    their dtype, in [0, 1). What is dropped is 0 even where x is not finite. Backward is
    the same kernel on the cotangent.
    """
    one = x.dtype.type(1)
    zero = x.dtype.type(0)
    scale = one / (one - p[0])
    least = np.uint32(p[0] * x.dtype.type(4294967296.0))
    words = carray(stack(np.uint32, GROUP), GROUP)
    for start in range(lo, hi, GROUP):
        first = np.uint64(start) >> np.uint64(2)
        philox(first, key, words)
        X, O = x[start : min(start + GROUP, hi)], out[start : min(start + GROUP, hi)]
        for i in range(O.size):
            O[i] = X[i] * scale if words[i] >= least else zero
