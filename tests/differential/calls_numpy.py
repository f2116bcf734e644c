"""How each function of HIPS autograd's ``numpy`` is called.

A row is ``draw -> (args, kwargs)``: arrays of floats among the arguments are what is
differentiated, all else is an attribute. A row of `THROUGH` calls the function as
``through(np, f, *args, **kwargs)``, where its own value has a gauge or its arguments
a structure.
"""

import numpy as np


def unary(low=-2.0, high=2.0):
    return lambda d: ((d.array(d.shape(), low=low, high=high),), {})


def binary(low=(-2.0, -2.0), high=(2.0, 2.0)):
    return lambda d: (d.pair(low, high), {})


def reduction(low=-2.0, side=1, array=None, **choices):
    def row(d):
        shape = d.shape(0, 3, side)
        x = d.apart(*shape) if array == "apart" else d.array(shape, low=low)
        kwargs = {"axis": d.axes(len(shape)), "keepdims": d.pick(False, True)}
        return (x,), kwargs | {name: d.pick(*of) for name, of in choices.items()}

    return row


def on(*shape, **choices):
    """One array of a fixed shape, and attributes to choose from."""

    def row(d):
        return (d.array(shape),), {name: d.pick(*of) for name, of in choices.items()}

    return row


def with_axis(none=True, low=1):
    def row(d):
        shape = d.shape(low, 3)
        return (d.array(shape),), {"axis": d.axis(len(shape), none)}

    return row


def joined(*shape, axes):
    def row(d):
        parts = [d.array(shape) for _ in range(d.integer(1, 3))]
        return (parts,), {"axis": d.pick(*axes)}

    return row


def columns(d):
    return ([d.array(3), d.array(3, 2), d.array(3)],), {}


def stacked(d):
    shape = d.shape(1, 3)
    return ([d.array(shape) for _ in range(d.integer(1, 3))],), {}


def split(*shape):
    """Into equal or given sections, along the axis that the function knows."""

    def row(d):
        return (d.array(shape), d.pick(2, [1], [1, 3])), {}

    return row


def split_along(d):
    return (d.array(4, 2), d.pick(2, [1])), {"axis": d.pick(0, -2)}


def array_split(d):
    return (d.array(5, 2), d.pick(2, 3, [1, 3])), {"axis": d.pick(0, -2)}


def dot(d):
    a, b = d.pick(
        ((), (2, 3)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)),
        ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((2, 2), ()),
    )  # fmt: skip
    return (d.array(a), d.array(b)), {}


def matmul(d):
    a, b = d.pick(
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)),
        ((2, 2, 3), (3, 2)), ((2, 1, 2, 3), (4, 3, 2)), ((3,), (2, 3, 2)),
    )  # fmt: skip
    return (d.array(a), d.array(b)), {}


def inner(d):
    a, b = d.pick(((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (2, 3)))
    return (d.array(a), d.array(b)), {}


def kron(d):
    a, b = d.pick(((2,), (3,)), ((2, 3), (3, 2)), ((2, 2), (2, 2)))
    return (d.array(a), d.array(b)), {}


def outer(d):
    return (d.array(d.shape(1, 2)), d.array(d.shape(1, 2))), {}


def tensordot(d):
    a, b, axes = d.pick(
        ((2, 3), (3, 2), 1),
        ((2, 3), (2, 3), 2),
        ((2, 3), (2, 4), ([0], [0])),
        ((2, 3, 4), (4, 3, 2), ([1, 2], [1, 0])),
        ((2,), (3,), 0),
    )
    return (d.array(a), d.array(b)), {"axes": axes}


def einsum(d):
    subscripts, *shapes = d.pick(
        ("ij,jk->ik", (2, 3), (3, 2)),
        ("ij,jk", (2, 3), (3, 2)),
        ("ii->i", (3, 3)),
        ("ii", (3, 3)),
        ("ij->ji", (2, 3)),
        ("ij->", (2, 3)),
        ("i,j->ij", (2,), (3,)),
        ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
        ("ijk,ij->k", (2, 3, 4), (2, 3)),
        ("i,i,i->", (3,), (3,), (3,)),
    )
    return (subscripts, *(d.array(s) for s in shapes)), {}


def cross(d):
    shape = (*d.shape(0, 2), 3)
    return (d.array(shape), d.array(shape)), {}


def clip(d):
    return (d.array(d.shape()), d.pick(-1.0, None, -0.5), d.pick(1.0, 0.75)), {}


def pad(d):
    width = d.pick(1, (1, 2), ((0, 1), (2, 0)))
    return (d.array(2, 3), width, "constant"), {}


def partition(d):
    return (d.apart(5), d.pick(0, 2, 4)), {}


def repeat(d):
    return (d.array(2, 3), d.pick(2, 3, 1)), {"axis": d.pick(None, 0, 1, -1)}


def reshape(d):
    return (d.array(2, 6), d.pick((3, 4), (-1,), (2, 2, 3), 12)), {}


def roll(d):
    shift, axis = d.pick((1, None), (-2, 0), (2, 1), ((1, 2), (0, 1)))
    return (d.array(3, 4), shift), {"axis": axis}


def rollaxis(d):
    return (d.array(2, 3, 4), d.pick(0, 1, 2)), {"start": d.pick(0, 1, 3)}


def squeeze(d):
    return (d.array(1, 3, 1),), {"axis": d.pick(None, 0, -1, (0, 2))}


def swapaxes(d):
    return (d.array(2, 3, 4), d.axis(3, none=False), d.axis(3, none=False)), {}


def moveaxis(d):
    source, destination = d.pick((0, 2), (-1, 0), ((0, 1), (2, 0)))
    return (d.array(2, 3, 4), source, destination), {}


def tile(d):
    return (d.array(d.shape(1, 2)), d.pick(2, (2, 1), (2, 2, 1))), {}


def where(d):
    x, y = d.pair()
    return (d.mask(*np.broadcast_shapes(x.shape, y.shape)), x, y), {}


def select(d):
    conditions = [d.mask(2, 3), d.mask(2, 3)]
    return (conditions, [d.array(2, 3), d.array(2, 3)]), {"default": 0.5}


def append(d):
    return (d.array(2, 3), d.array(2, 3)), {"axis": d.pick(None, 0, 1, -1)}


def diff(d):
    return (d.array(4, 5),), {"n": d.pick(1, 2), "axis": d.pick(-1, 0)}


def gradient(d):
    return (d.array(4, 5),), {"axis": d.pick(None, 0, -1, (0, 1))}


def linspace(d):
    return (d.array(()), d.array(())), {"num": d.pick(1, 2, 5)}


def full(d):
    return (d.pick((2, 3), (4,), ()), d.array(())), {}


def astype(d):
    return (d.array(d.shape()), np.float64), {}


def spread(d):
    """No ties: std of one value, or of equal ones, has a kink."""
    shape = d.shape(1, 3, 2)
    kwargs = {"ddof": d.pick(0, 1), "keepdims": d.pick(False, True)}
    return (d.apart(*shape),), kwargs | {"axis": d.axes(len(shape))}


def remainder(d):
    return d.pair((-3.0, 0.7), (3.0, 2.0)), {}


SMOOTH = """abs fabs negative exp exp2 expm1 sin cos tan sinh cosh tanh arcsinh arctan
square deg2rad degrees radians rad2deg sinc conj real imag real_if_close nan_to_num
angle ravel atleast_1d atleast_2d atleast_3d"""
NUMPY = {name: unary() for name in SMOOTH.split()} | {
    "acos": unary(-0.9, 0.9),
    "arcsin": unary(-0.9, 0.9),
    "arctanh": unary(-0.9, 0.9),
    "acosh": unary(1.1, 3.0),
    "tan": unary(-1.2, 1.2),
    "log": unary(0.2, 3.0),
    "log2": unary(0.2, 3.0),
    "log10": unary(0.2, 3.0),
    "log1p": unary(-0.8, 2.0),
    "sqrt": unary(0.2, 3.0),
    "reciprocal": unary(0.3, 2.0),
    "add": binary(),
    "subtract": binary(),
    "multiply": binary(),
    "divide": binary((-2.0, 0.4), (2.0, 2.0)),
    "pow": binary((0.3, -2.0), (2.0, 2.0)),
    "arctan2": binary((-2.0, 0.3)),
    "hypot": binary((0.3, -2.0)),
    "logaddexp": binary(),
    "logaddexp2": binary(),
    "maximum": binary(),
    "minimum": binary(),
    "fmax": binary(),
    "fmin": binary(),
    "mod": remainder,
    "sum": reduction(),
    "mean": reduction(),
    "prod": reduction(low=0.3),
    "max": reduction(array="apart"),
    "min": reduction(array="apart"),
    "amax": reduction(array="apart"),
    "amin": reduction(array="apart"),
    "var": spread,
    "std": spread,
    "cumsum": with_axis(),
    "sort": lambda d: ((d.apart(d.integer(1, 6)),), {}),
    "partition": partition,
    "trace": on(3, 4, offset=(0, 1, -1)),
    "diagonal": on(3, 4, offset=(0, 1, -1)),
    "diag": lambda d: ((d.array(d.pick((3,), (3, 3))), d.pick(0, 1, -1)), {}),
    "tril": on(3, 4, k=(0, 1, -1)),
    "triu": on(3, 4, k=(0, 1, -1)),
    "rot90": on(3, 4, k=(1, 2, 3, -1)),
    "fliplr": on(3, 4),
    "flipud": on(3, 4),
    "concatenate": joined(2, 3, axes=(0, 1, -1)),
    "stack": joined(2, 3, axes=(0, 1, 2, -1)),
    "hstack": stacked,
    "vstack": stacked,
    "column_stack": columns,
    "append": append,
    "split": split_along,
    "array_split": array_split,
    "vsplit": split(4, 2),
    "hsplit": split(2, 4),
    "dsplit": split(2, 2, 4),
    "expand_dims": on(2, 3, axis=(0, 1, -1, (0, 2))),
    "permute_dims": on(2, 3, 4, axes=(None, (1, 0, 2), (2, 0, 1))),
    "broadcast_to": lambda d: ((d.array(1, 3), d.pick((2, 3), (4, 1, 3))), {}),
    "astype": astype,
    "clip": clip,
    "cross": cross,
    "diff": diff,
    "dot": dot,
    "einsum": einsum,
    "full": full,
    "gradient": gradient,
    "inner": inner,
    "kron": kron,
    "linspace": linspace,
    "matmul": matmul,
    "moveaxis": moveaxis,
    "outer": outer,
    "pad": pad,
    "repeat": repeat,
    "reshape": reshape,
    "roll": roll,
    "rollaxis": rollaxis,
    "select": select,
    "squeeze": squeeze,
    "swapaxes": swapaxes,
    "tensordot": tensordot,
    "tile": tile,
    "where": where,
}

# Without gradient -------------------------------------------------------------------

STEPS = "around ceil fix floor rint round sign trunc isfinite isinf isnan isneginf"
EVERY = """isposinf isreal iscomplex iscomplexobj isscalar ndim shape size nonzero
argwhere flatnonzero count_nonzero result_type ones_like zeros_like empty_like"""
PAIRED = """allclose array_equal array_equiv equal greater greater_equal isclose less
less_equal logical_and logical_or logical_xor not_equal"""


def along(d):
    shape = d.shape(1, 3)
    return (d.apart(*shape),), {"axis": d.axis(len(shape))}


SILENT = (
    {name: unary() for name in (STEPS + " " + EVERY + " logical_not").split()}
    | {name: binary() for name in PAIRED.split()}
    | dict.fromkeys(("all", "any", "argmax", "argmin", "argsort"), along)
    | {
        "nonzero": lambda d: ((d.array(d.shape(1, 3)),), {}),
        "argwhere": lambda d: ((d.array(d.shape(1, 3)),), {}),
        "argpartition": lambda d: ((d.apart(5), 2), {}),
        "floor_divide": remainder,
        "full_like": lambda d: ((d.array(d.shape()), 0.5), {}),
        "searchsorted": lambda d: ((np.sort(d.apart(5)), d.array(3)), {}),
    }
)
