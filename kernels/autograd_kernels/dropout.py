"""Dropout whose mask is a function of (key, element): nothing is stored for backward.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers:
as easy as 1, 2, 3", SC 2011). A key is uint64[2] = (seed, counter): the seed is
Philox's key, the counter the upper half of its 128-bit counter, and the lower half
counts blocks of four words. 64 elements share 16 blocks: element ``i`` takes word
``i % 64 // 16`` of block ``i // 64 * 16 + i % 16``, so that vectors hold like words.
"""

import numpy as np

from autograd_kernels.jit import elements, kernel, rule
from autograd_kernels.llvm.vector import (
    LANES,
    counting_by_two,
    first,
    load,
    splat,
    store,
    where,
    zip_low,
)

GROUP = 64  # elements that LANES blocks make: a part of `dropout` starts at a multiple
DRAW = 0.4  # nanoseconds for a random word, in one thread
ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
UPPER = np.uint64(32)  # bits to shift an upper half by
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@rule
def philox(block, seed, counter):
    """The four words of blocks ``block + i`` for i < LANES: four vectors of uint32.

    Words live in the lower halves of uint64: a product needs all 64 bits, and LLVM
    sees that only lower halves are multiplied.
    """
    lanes = first(LANES, LANES)
    c0, c2 = counting_by_two(block, lanes), splat(counter, lanes)
    c1, c3 = c0 >> UPPER, c2 >> UPPER
    k0, k1 = seed, seed >> UPPER
    for _ in range(ROUNDS):
        a, b = (c0 & LOW) * MULTIPLIERS[0], (c2 & LOW) * MULTIPLIERS[1]
        c0, c1, c2, c3 = (b >> UPPER) ^ c1 ^ k0, b, (a >> UPPER) ^ c3 ^ k1, a
        k0, k1 = k0 + WEYL[0], k1 + WEYL[1]
    return zip_low(c0), zip_low(c1), zip_low(c2), zip_low(c3)


@kernel(writes=2)
def draw(lo, hi, state, key):
    """key = state, and the state's counter moves on. One unit; both uint64[2]."""
    for _ in range(lo, hi):
        key[0] = state[0]
        key[1] = state[1]
        state[1] += np.uint64(1)


@rule
def drop(i, hi, word, least, scale, relu, x, out):
    """One vector of `dropout`, from element ``i`` on, of relu(x) if so wished."""
    mask = first(hi - i, LANES)
    zero = splat(x.dtype.type(0), mask)
    v = load(x, i, mask)
    if relu:
        v = where(v <= zero, zero, v)
    store(where(word >= least, v * scale, zero), out, i, mask)


@rule
def drop_all(lo, hi, key, p, relu, x, out):
    """`drop` over elements lo:hi."""
    one = x.dtype.type(1)
    scale = one / (one - p[0])
    least = np.uint32(p[0] * x.dtype.type(4294967296.0))
    seed, counter = key[0], key[1]
    for i in range(lo, hi, GROUP):
        a, b, c, d = philox(np.uint64(i) >> np.uint64(2), seed, counter)
        drop(i, hi, a, least, scale, relu, x, out)
        drop(i + LANES, hi, b, least, scale, relu, x, out)
        drop(i + 2 * LANES, hi, c, least, scale, relu, x, out)
        drop(i + 3 * LANES, hi, d, least, scale, relu, x, out)


def drawing(args):
    """The cost of a word for each element of the last argument."""
    return DRAW * args[-1].size


@elements(cost=drawing)
def dropout(lo, hi, key, p, x, out):
    """out = 0 with probability p[0], else x / (1 - p[0]), by ``key``.

    Units: elements; parts start at multiples of GROUP. x, out: flat, p: one element of
    their dtype, in [0, 1). What is dropped is 0 even where x is not finite. Backward is
    the same kernel on the cotangent.
    """
    drop_all(lo, hi, key, p, False, x, out)
