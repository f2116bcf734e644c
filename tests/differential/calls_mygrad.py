"""How each public function of MyGrad is called: ``draw -> (args, kwargs)``.

Ours is NumPy's function of that name; what NumPy does not have is in `mygrad_ours`.
"""

import numpy as np
from calls_numpy import NUMPY, SILENT, binary, on, reduction, spread, unary
from mygrad_ours import saved


def several(d):
    shape = d.shape(1, 2)
    return tuple(d.array(shape) for _ in range(d.integer(2, 4))), {}


def matrices(d):
    return ([d.array(2, 3), d.array(3, 4), d.array(4, 2)],), {}


def scores(d):
    return (d.array(4, 3), d.indices(3, 4)), {}


def chances(d):
    return (d.array(4, 3, low=0.1, high=0.9), d.indices(3, 4)), {
        "alpha": d.pick(1, 0.5),
        "gamma": d.pick(0, 1, 2),
    }


def ranked(d):
    return (d.array(4), d.array(4), d.pick(1, -1), 0.25), {}


def images(d):
    return (d.array(2, 3, 5, 5), d.array(2, 3, 3, 3)), {
        "stride": d.pick(1, 2),
        "padding": 0,
    }


def recurrent(d):
    inside, state = (3, 2), (2, 2)
    one = [d.array(s) for _ in range(3) for s in (inside, state, (2,))]
    return (d.array(4, 2, 3), *one), {}


def normed(d):
    return (d.array(4, 3), d.array(3), d.array(3)), {"eps": 1e-3}


def windowed(d):
    return (d.array(2, 5, 6), (2, 3)), {"step": d.pick(1, 2)}


def grid(d):
    return (d.pick((2, 3), (4,)),), {}


ROWS = (
    NUMPY
    | {n: SILENT[n] for n in SILENT if n not in ("fix", "around", "round")}
    | {
        "absolute": unary(),
        "arccos": unary(-0.9, 0.9),
        "arccosh": unary(1.1, 3.0),
        "positive": unary(),
        "cbrt": unary(0.2, 3.0),
        "sec": unary(-1.2, 1.2),
        "csc": unary(0.3, 2.5),
        "cot": unary(0.3, 2.5),
        "sech": unary(),
        "csch": unary(0.3, 2.0),
        "coth": unary(0.3, 2.0),
        "arcsec": unary(1.2, 3.0),
        "arccsc": unary(1.2, 3.0),
        "arccot": unary(0.3, 2.0),
        "arccsch": unary(0.3, 2.0),
        "arccoth": unary(1.2, 3.0),
        "power": NUMPY["pow"],
        "true_divide": NUMPY["divide"],
        "remainder": NUMPY["mod"],
        "fmod": NUMPY["mod"],
        "divmod": NUMPY["mod"],
        "transpose": lambda d: ((d.array(2, 3, 4), d.pick(None, (1, 0, 2))), {}),
        "cumprod": NUMPY["cumsum"],
        "signbit": unary(),
        "add_sequence": several,
        "multiply_sequence": several,
        "multi_matmul": matrices,
        "sliding_window_view": windowed,
        "ravel": unary(),
        "stack": NUMPY["stack"],
        "bincount": lambda d: ((d.indices(4, 6),), {}),
        "can_cast": lambda d: (("f4", "f8"), {}),
        "result_type": lambda d: ((d.array(2), d.array(2)), {}),
        "min_scalar_type": unary(),
        "may_share_memory": binary(),
        "shares_memory": binary(),
        "arange": lambda d: ((d.integer(1, 5),), {"dtype": np.float64}),
        "eye": lambda d: ((d.integer(1, 4),), {"dtype": np.float64}),
        "identity": lambda d: ((d.integer(1, 4),), {"dtype": np.float64}),
        "ones": lambda d: ((d.pick((2, 3), (4,)),), {"dtype": np.float64}),
        "zeros": lambda d: ((d.pick((2, 3), (4,)),), {"dtype": np.float64}),
        "full": lambda d: ((d.pick((2, 3), (4,)), 0.5), {"dtype": np.float64}),
        "linspace": lambda d: ((0.5, 2.0), {"num": d.integer(1, 5)}),
        "logspace": lambda d: ((0.5, 2.0), {"num": d.integer(1, 5)}),
        "geomspace": lambda d: ((0.5, 2.0), {"num": d.integer(1, 5)}),
        "copyto": lambda d: ((d.array(2, 3), d.array(3)), {}),
        "save": lambda d: ((d.array(2, 3),), {}),
        "tensor": unary(),
        "astensor": unary(),
        "asarray": unary(),
        "norm": lambda d: (
            (d.array(3, 4),),
            {"ord": d.pick(None, 2, 1, 3), "axis": d.pick(0, 1)},
        ),
        "elu": lambda d: ((d.array(d.shape()), 0.5), {}),
        "leaky_relu": lambda d: ((d.array(d.shape()), 0.1), {}),
        "relu": unary(),
        "selu": unary(),
        "sigmoid": unary(),
        "soft_sign": unary(),
        "glu": on(3, 4, axis=(1, -1)),
        "softmax": on(3, 4, axis=(0, 1, -1)),
        "logsoftmax": on(3, 4, axis=(0, 1, -1)),
        "hard_tanh": lambda d: (
            (d.array(d.shape()),),
            {"lower_bound": -1.0, "upper_bound": 0.5},
        ),
        "softmax_crossentropy": scores,
        "negative_log_likelihood": scores,
        "multiclass_hinge": scores,
        "focal_loss": chances,
        "softmax_focal_loss": lambda d: (
            scores(d)[0],
            {"alpha": d.pick(1, 0.5), "gamma": d.pick(0, 1, 2)},
        ),
        "margin_ranking_loss": ranked,
        "conv_nd": images,
        "max_pool": lambda d: ((d.array(2, 3, 4, 4), (2, 2), 2), {}),
        "batchnorm": normed,
        "gru": recurrent,
        "constant": lambda d: ((2, 3), {"value": 0.5}),
        "dirac": lambda d: ((3, 2, 3), {}),
        "repeat": NUMPY["repeat"],
        "var": spread,
        "std": spread,
        "prod": reduction(low=0.3),
    }
)


def with_names(np_like, f, x, gamma, beta, *, eps):
    return f(x, gamma=gamma, beta=beta, eps=eps)


def into_file(np_like, f, x):
    return saved(f, x)


def into_target(np_like, f, dst, src):
    """What ``np.copyto`` made of its target."""
    target = dst * 1.0
    f(target, src)
    return target


# How ours and theirs are called where that takes more.
THROUGH = {"save": into_file, "copyto": into_target}
THEIRS = THROUGH | {"batchnorm": with_names}

# Theirs takes arrays here, and no Tensor with a gradient.
CONSTANT = frozenset(
    [
        "ceil",
        "copyto",
        "divmod",
        "floor",
        "floor_divide",
        "fmod",
        "mod",
        "remainder",
        "rint",
        "sign",
        "sliding_window_view",
        "trunc",
    ]
)
