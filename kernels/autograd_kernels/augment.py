"""Random words by row, normal numbers out of them, and images moved by them.

Word ``i`` of a row is a function of (key, the row's number in its data set, i), see
`dropout.philox`: in which batch a row lies, and on how many threads, changes no bit.
"""

import math

import numpy as np

from autograd_kernels.dropout import GROUP, drawing, philox
from autograd_kernels.jit import elements, inline, kernel, rule
from autograd_kernels.llvm.floats import horner
from autograd_kernels.llvm.vector import (
    LANES,
    cast,
    first,
    load,
    splat,
    store,
    take,
    where,
)
from autograd_kernels.math.scalar import log

DRAWS = 8  # words of a row that say what happens to its image
MOVE = 6  # numbers that say where its pixels come from
PIXEL = 3.0  # nanoseconds for one of `warp`, in one thread
NORMAL = 1.3  # for a number of `normal`
# The normal quantile over x = 1 - u, u being twice the tail, as a polynomial in
# w - 2.75 and one in sqrt(w) - 3.5, w = -log(1 - x**2): the form of Giles,
# "Approximating the erfinv function" (GPU Computing Gems, 2011), fitted here as far as
# 2**-33 in the tail.
CENTRE = (
    2.21011853,
    0.345536232,
    -0.00712309405,
    -0.00147077232,
    0.000296559243,
    -1.24244825e-05,
    -3.88301214e-06,
    4.99898647e-07,
    1.84373281e-08,
)
TAIL = (
    4.7170887,
    1.42463219,
    0.00465197023,
    -0.00289159897,
    0.00146152591,
    -0.00102742668,
    0.00075281231,
    -0.000270961027,
    1.31804418e-05,
)


@kernel(cost=drawing)
def words(lo, hi, key, rows, out):
    """Random uint32 (rows, any number), by ``key`` and the rows' numbers, uint64."""
    for row in range(lo, hi):
        O, seed, counter = out[row], key[0], rows[row]
        for i in range(0, O.size, GROUP):
            left = O.size - i
            a, b, c, d = philox(np.uint64(i) >> np.uint64(2), seed, counter)
            store(a, O, i, first(left, LANES))
            store(b, O, i + LANES, first(left - LANES, LANES))
            store(c, O, i + 2 * LANES, first(left - 2 * LANES, LANES))
            store(d, O, i + 3 * LANES, first(left - 3 * LANES, LANES))


@elements(cost=lambda args: NORMAL * args[-1].size)
def normal(lo, hi, words, out):
    """Normal float32 out of random uint32: the quantile of (word + 1/2) / 2**32."""
    W, O = words[lo:hi], out[lo:hi]
    one, two, half = np.float32(1), np.float32(2), np.float32(0.5)
    for i in range(O.size):
        upper = np.int32(W[i]) < 0
        from_end = np.float32(np.int32(~W[i] if upper else W[i]))
        u = (from_end + half) * np.float32(2.0**-31)
        w = -log(u * (two - u))
        near = horner(w - np.float32(2.75), (CENTRE, CENTRE))
        far = horner(np.sqrt(w) - np.float32(3.5), (TAIL, TAIL))
        z = (near if w < np.float32(5.5) else far) * (one - u)
        O[i] = z if upper else -z


@inline
def unit(word):
    """From 0 to below 1."""
    return np.float64(word) * 2.0**-32


@inline
def around(word, most):
    """From -most to below most."""
    return most * (2.0 * unit(word) - 1.0)


@kernel
def moves(lo, hi, words, limits, height, width, out):
    """Where pixels come from, float64 (rows, MOVE), by ``words`` (rows, DRAWS).

    Pixel ``p`` of the new image is at ``A (p - middle) + middle + shift`` in the old
    one: A by rows, then the rest for p = 0. ``limits``: shift in pixels, rotation in
    radians, zoom as a fraction; probabilities to swap left and right, and top and
    bottom.
    """
    middle, centre = (height - 1) / 2.0, (width - 1) / 2.0
    for row in range(lo, hi):
        W, O = words[row], out[row]
        angle, zoom = around(W[2], limits[1]), 1.0 + around(W[3], limits[2])
        cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
        across = -1.0 if unit(W[4]) < limits[3] else 1.0
        down = -1.0 if unit(W[5]) < limits[4] else 1.0
        O[0], O[1] = cos * down, -sin * across
        O[2], O[3] = sin * down, cos * across
        O[4] = middle - (O[0] * middle + O[1] * centre) + around(W[0], limits[0])
        O[5] = centre - (O[2] * middle + O[3] * centre) + around(W[1], limits[0])


@rule
def clipped(x, low, high):
    """Each lane, from low to high."""
    x = where(x > low, x, splat(low, x))
    return where(x < high, x, splat(high, x))


@rule
def mixed(a, b, part, zero):
    """a + (b - a) * part; where part is 0, ``b`` may be NaN or infinite."""
    return where(part != zero, a + (b - a) * part, a)


@rule
def warp_plane(X, O, M, places, fill, height, width, step):
    """`warp` of a part of a row that has all rows and columns."""
    I, J, C = places[0], places[1], places[2]
    h, w = np.int32(height), np.int32(width)
    skip, line = np.int32(step), np.int32(width * step)
    zero, one, real, nothing = np.int32(0), np.int32(1), 0.0, X.dtype.type(0)
    for e in range(0, I.size, LANES):
        mask = first(I.size - e, LANES)
        empty = splat(fill, mask)
        i, j = load(I, e, mask), load(J, e, mask)
        down = clipped(i * M[0] + j * M[1] + M[4], -1.0, np.float64(height))
        right = clipped(i * M[2] + j * M[3] + M[5], -1.0, np.float64(width))
        bottom, east = cast(down + 1.0, zero), cast(right + 1.0, zero)
        top, west = bottom - one, east - one
        v = cast(down - cast(top, real), nothing)
        u = cast(right - cast(west, real), nothing)
        at = (top * w + west) * skip + cast(load(C, e, mask), zero)
        has_top, has_west = (bottom > zero) & (bottom <= h), (east > zero) & (east <= w)
        has_bottom, has_east = bottom < h, east < w
        nw, ne = has_top & has_west, has_top & has_east
        sw, se = has_bottom & has_west, has_bottom & has_east
        a = where(nw, take(X, at, nw), empty)
        b = where(ne, take(X, at + skip, ne), empty)
        c = where(sw, take(X, at + line, sw), empty)
        d = where(se, take(X, at + line + skip, se), empty)
        y = mixed(mixed(a, b, u, nothing), mixed(c, d, u, nothing), v, nothing)
        store(y, O, e, mask)


@kernel(cost=lambda args: PIXEL * args[-1].size)
def warp(lo, hi, moves, places, fill, height, width, step, x, out):
    """Images x to out, flat rows, as `moves` says; ``fill[0]`` where there is nothing.

    Between pixels linear, and so is the way from the border to the fill around it.
    ``places``, float64: row, column and channel of each element of a plane. A row is of
    one plane for each channel, ``step`` 1, or of one plane whose pixels are ``step``
    channels next to each other. NaN gets into no pixel that has no part in it.
    """
    size = places.shape[1]
    for row in range(lo, hi):
        for start in range(0, x.shape[1], size):
            X, O = x[row, start : start + size], out[row, start : start + size]
            warp_plane(X, O, moves[row], places, fill[0], height, width, step)


@inline
def span(word, side, most):
    """Where a side around a random one of ``most`` places starts and ends."""
    start = np.int64(unit(word) * most) - side // 2
    return max(start, 0), min(start + side, most)


@kernel
def cut(lo, hi, words, fill, side, height, width, step, out):
    """``fill[0]`` in a square of images around a pixel by chance; see `warp`."""
    for row in range(lo, hi):
        top, bottom = span(words[row, 6], side, height)
        left, right = span(words[row, 7], side, width)
        for start in range(0, out.shape[1], height * width * step):
            for i in range(top, bottom):
                line = start + i * width * step
                out[row, line + left * step : line + right * step] = fill[0]
