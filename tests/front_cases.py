"""Fronts of the op table, ready to enter, and data for them."""

import numpy as np

from autograd_core.front import Uses
from autograd_core.ops import TABLE
from autograd_core.ops import matmul as mm

FLOATS = [np.dtype("f4"), np.dtype("f8")]
cells = {
    name: dict(zip(op.call.__code__.co_freevars, op.call.__closure__, strict=True))
    for name, op in TABLE.items()
    if op.call.__closure__
}
FRONTED = {
    name: cell["front"].cell_contents for name, cell in cells.items() if "front" in cell
}
UNARY = sorted(n for n, f in FRONTED.items() if len(TABLE[n].names) == 1)
BINARY = sorted(n for n, f in FRONTED.items() if TABLE[n].names == ["a", "b"])
SLOPES = sorted(n for n, op in TABLE.items() if op.slope is not None)


def warm(one):
    """Make a front ready for both dtypes."""
    for dtype in FLOATS:
        if dtype in one.uses:
            one.uses[dtype] = Uses(0)
            one.uses[dtype].looks = 0
            one.missed(np.empty(0, dtype))


def same(a, b):
    assert type(a) is type(b) is np.ndarray
    assert (a.shape, a.dtype, a.flags.c_contiguous) == (b.shape, b.dtype, True)
    assert a.tobytes() == b.tobytes()
    assert a.flags.owndata
    assert a.flags.writeable


def draw(rng, shape, dtype):
    x = rng.standard_normal(shape).astype(dtype)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40], dtype)
    flat = x.reshape(-1)
    flat[: min(len(flat) // 2, 6)] = special[: len(flat) // 2]
    return x


def warm_all():
    """Make every front ready."""
    for one in [*FRONTED.values(), *(TABLE[n].slope for n in SLOPES)]:
        warm(one)
    for one in mm.PRODUCTS.values():
        warm(one)
