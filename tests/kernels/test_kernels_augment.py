"""Random words by row, the normal quantile, and images moved as SciPy moves them."""

import numpy as np
import pytest

from autograd_kernels import augment as k
from autograd_kernels import dropout

IDENTITY = [1.0, 0, 0, 1, 0, 0]


def words(key, rows, count):
    out = np.empty((len(rows), count), np.uint32)
    k.words(0, len(rows), np.array([key], np.uint64), np.array(rows, np.uint64), out)
    return out


def warp(x, moves, fill=0.0, step=1, shape=None):
    """Images (rows, height, width), or flat rows of images of a shape."""
    h, w = shape or x.shape[1:]
    places = np.indices((h, w, step), np.float64).reshape(3, -1)
    flat = np.ascontiguousarray(x.reshape(len(x), -1))
    out, filled = np.empty_like(flat), np.array([fill], x.dtype)
    moves = np.array(np.broadcast_to(moves, (len(x), k.MOVE)), np.float64)
    k.warp(0, len(x), moves, places, filled, h, w, step, flat, out)
    return out.reshape(x.shape)


# Known answers for philox4x32-10 from Random123, see test_kernels_dropout: their
# counters are row and block, here those with block 0.
def test_words_are_philox_of_key_and_row():
    first = words(0, [0], 64)[0]
    assert first[:: dropout.LANES].tolist() == [
        0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8,
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 8, 15, 16, 17, 63, 64, 65, 130])
def test_the_number_of_words_changes_none(count):
    many = words(3, [5, 2**40], 200)
    assert np.array_equal(words(3, [5, 2**40], count), many[:, :count])


def test_words_of_other_rows_keys_and_places_are_unlike():
    many = np.concatenate([words(key, range(500), 64).ravel() for key in (1, 2)])
    assert abs(len(np.unique(many)) - len(many)) < 5  # of 64000: 0.5 coincide
    bits = np.unpackbits(many.view(np.uint8))
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / bits.size**0.5


def test_normals_are_the_quantiles_of_their_words(rng):
    special = pytest.importorskip("scipy.special")
    edges = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]
    near = (special.ndtr(np.linspace(-3, 3, 9001)) * 2**32).astype(np.uint32)
    w = np.concatenate([edges, near, rng.integers(0, 2**32, 50000)]).astype(np.uint32)
    z = np.empty(w.size, np.float32)
    k.normal(0, w.size, w, z)
    expected = special.ndtri((w + 0.5) / 2.0**32)
    np.testing.assert_allclose(z, expected, rtol=1e-6, atol=1.2e-7)
    swapped = np.empty_like(z)
    k.normal(0, w.size, ~w, swapped)
    assert np.array_equal(swapped, -z)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (4, 5), (8, 8), (9, 33)])
def test_warp_is_scipys_map_coordinates(rng, size, dtype):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = rng.normal(size=(20, *size)).astype(dtype)
    moves = np.hstack([rng.normal(0, 1, (20, 4)), rng.uniform(-3, 9, (20, 2))])
    moves[0], moves[1, 4:] = IDENTITY, 1e300
    i, j = np.indices(size)
    out = warp(x, moves, fill=2.5)
    for new, old, (a, b, c, d, e, f) in zip(out, x, moves, strict=True):
        down = np.clip(a * i + b * j + e, -9, 99)
        right = np.clip(c * i + d * j + f, -9, 99)
        expected = ndimage.map_coordinates(
            old.astype("f8"), [down, right], order=1, mode="grid-constant", cval=2.5
        )
        np.testing.assert_allclose(new, expected, atol=1e-12 if dtype == "f8" else 2e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 16, 17])
def test_channels_move_alike_first_or_last(rng, channels):
    x = rng.normal(size=(6, channels, 5, 4))
    moves = rng.normal(size=(6, 6))
    alone = [warp(np.ascontiguousarray(x[:, c]), moves) for c in range(channels)]
    first = warp(x, moves, shape=(5, 4))
    assert np.array_equal(first, np.stack(alone, 1))
    turned = np.ascontiguousarray(np.moveaxis(x, 1, 3))
    last = warp(turned, moves, 0.0, channels, (5, 4))
    assert np.array_equal(last, np.stack(alone, 3))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_gets_where_it_is_part_of_and_nowhere_else(bad):
    x = np.ones((3, 4, 4))
    x[1, 1, 1] = bad
    assert np.array_equal(warp(x, IDENTITY), x, equal_nan=True)
    whole = warp(x, [1, 0, 0, 1, 1, 0])
    assert np.argwhere(~np.isfinite(whole)).tolist() == [[1, 0, 1]]
    half = warp(x, [1, 0, 0, 1, 0.5, 0])
    assert np.argwhere(~np.isfinite(half)).tolist() == [[1, 0, 1], [1, 1, 1]]


def moves(draws, limits, height, width):
    draws = np.array(draws, np.uint32)
    out = np.empty((len(draws), k.MOVE))
    k.moves(0, len(draws), draws, np.array(limits, np.float64), height, width, out)
    return out


def test_moves_are_the_formulas(rng):
    draws = rng.integers(0, 2**32, (50, k.DRAWS))
    limits = shift, angle, zoom, flip, vertical = 2.0, 0.3, 0.1, 0.5, 0.25
    u = draws / 2**32
    s = shift * (2 * u[:, :2] - 1)
    turn, z = angle * (2 * u[:, 2] - 1), 1 + zoom * (2 * u[:, 3] - 1)
    down, right = np.where(u[:, 5] < vertical, -1, 1), np.where(u[:, 4] < flip, -1, 1)
    middle = np.array([3.0, 4.5])  # of 7 x 10
    for n, row in enumerate(moves(draws, limits, 7, 10)):
        cos, sin = np.cos(turn[n]), np.sin(turn[n])
        matrix = z[n] * np.array([[cos, -sin], [sin, cos]]) * [down[n], right[n]]
        rest = middle - matrix @ middle + s[n]
        np.testing.assert_allclose(row, [*matrix.ravel(), *rest], atol=1e-13)


def test_no_limits_are_the_identity_and_a_flip_is_exact():
    top = [[2**32 - 1] * 8, [0] * 8, [2**31] * 8]
    assert (moves(top, [0] * 5, 28, 3) == IDENTITY).all()
    assert (moves(top, [0, 0, 0, 1, 0], 8, 8) == [1, 0, 0, -1, 0, 7]).all()
    assert (moves(top, [0, 0, 0, 0, 1], 7, 8) == [-1, 0, 0, 1, 6, 0]).all()


@pytest.mark.parametrize("side", [1, 2, 3, 4, 9, 100])
def test_cut_fills_the_square_that_is_inside(rng, side):
    draws = rng.integers(0, 2**32, (40, k.DRAWS)).astype(np.uint32)
    out, filled = np.zeros((40, 5 * 7 * 2)), np.ones(1)
    k.cut(0, 40, draws, filled, side, 5, 7, 1, out)
    for row, image in zip(draws, out.reshape(40, 2, 5, 7), strict=True):
        i, j = int(row[6] / 2**32 * 5), int(row[7] / 2**32 * 7)
        expected = np.zeros((5, 7))
        top, left = i - side // 2, j - side // 2
        expected[max(top, 0) : top + side, max(left, 0) : left + side] = 1
        assert (image == expected).all()
