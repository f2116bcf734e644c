"""What the installed wheels of HIPS autograd and of MyGrad differentiate, by name.

The lists are read from the wheels, so that nobody here chooses what is covered. A name
is left out only by a line of `OUTSIDE`, which says why.
"""

import importlib
import types

import numpy as np

HIPS_SPACES = {
    "numpy": "numpy",
    "numpy.linalg": "numpy.linalg",
    "numpy.fft": "numpy.fft",
    "scipy.special": "scipy.special",
}
MYGRAD_SPACES = {
    "mygrad": "mygrad",
    "mygrad.linalg": "mygrad.linalg",
    "mygrad activations": "mygrad.nnet.activations",
    "mygrad losses": "mygrad.nnet.losses",
    "mygrad layers": "mygrad.nnet.layers",
    "mygrad initializers": "mygrad.nnet.initializers",
}

HELPER = "a helper of their gradients, no function of NumPy's"
WRAPPING = "how they wrap NumPy"
MEMORY = "a switch of their memory guard"
OUTSIDE = {
    "numpy": {
        "wrap_intdtype": WRAPPING,
        "wrap_namespace": WRAPPING,
        "wrap_if_boxes_inside": WRAPPING,
        "custom_where": WRAPPING,
        "concatenate_args": "np.concatenate with the axis first",
        "array_from_args": "np.array of traced values; see np.stack",
        "array": "no protocol reaches np.array of a list; it raises, see np.stack",
        "full": "no protocol reaches np.full's value; it raises, see np.broadcast_to",
        "make_diagonal": HELPER,
        "row_stack": "deprecated in NumPy 2; np.vstack is the same",
    },
    "numpy.linalg": dict.fromkeys(
        [
            "T",
            "add2d",
            "grad_inv",
            "grad_pinv",
            "grad_solve",
            "norm_vjp",
            "norm_jvp",
            "grad_eigh",
            "grad_eig",
            "grad_cholesky",
            "grad_svd",
        ],
        HELPER,
    )
    | {"wrap_namespace": WRAPPING},
    "numpy.fft": dict.fromkeys(
        [
            "truncate_pad",
            "match_complex",
            "fft_grad",
            "rfft_grad",
            "irfft_grad",
            "check_no_repeated_axes",
            "check_even_shape",
            "get_fft_args",
            "get_fft2_args",
            "get_fftn_args",
            "make_rfft_factors",
        ],
        HELPER,
    )
    | {"wrap_namespace": WRAPPING},
    "scipy.special": dict.fromkeys(
        [
            "repeat_to_match_shape",
            "unbroadcast_f",
            "make_gammainc_vjp_arg1",
            "make_grad_logsumexp",
            "fwd_grad_logsumexp",
        ],
        HELPER,
    ),
    "mygrad": {
        "mem_guard_active": MEMORY,
        "mem_guard_off": MEMORY,
        "mem_guard_on": MEMORY,
        "turn_memory_guarding_off": MEMORY,
        "turn_memory_guarding_on": MEMORY,
        "execute_op": "how their own ops are called",
        "no_autodiff": "a context; ag.no_grad here",
        "isnat": "of dates, which have no Tensors",
        "load": "reads their own files",
        "empty": "its values are whatever was in memory",
        "empty_like": "its values are whatever was in memory",
    },
    "mygrad initializers": dict.fromkeys(
        [
            "glorot_normal",
            "glorot_uniform",
            "he_normal",
            "he_uniform",
            "normal",
            "uniform",
        ],
        "random: no value to compare; see nn.init",
    ),
}


def hips():
    """``{space: {name: "vjp" or "no gradient"}}`` of the functions that NumPy has.

    A composite of differentiable parts counts as one with a vjp. Aliases of one
    function count once, under the first name.
    """
    from autograd.core import primitive_vjps
    from autograd.tracer import notrace_primitives

    silent = set().union(*notrace_primitives.values())
    found = {}
    for space, home in HIPS_SPACES.items():
        theirs = importlib.import_module(f"autograd.{space}")
        real = importlib.import_module(home)
        rows, seen = {}, set()
        for name, value in vars(theirs).items():
            kind = _kind(value, primitive_vjps, silent)
            if name.startswith("_") or kind is None:
                continue
            outside = name in OUTSIDE.get(space, {})
            original = getattr(real, name, None)
            if outside or original is None or original in seen:
                continue
            seen.add(original)
            rows[name] = kind
        found[space] = rows
    return found


def aliases():
    """``{space: [name]}``: second names of functions in `hips`, which count once."""
    found = {}
    for space, rows in hips().items():
        real = numpy_of(space)
        theirs = vars(importlib.import_module(f"autograd.{space}"))
        counted = {getattr(real, name) for name in rows}
        found[space] = [
            name
            for name, value in theirs.items()
            if callable(value) and not isinstance(value, type)
            if name not in rows and name not in OUTSIDE[space]
            if getattr(real, name, None) in counted
        ]
    return found


def hips_without_numpy():
    """Names of HIPS' that NumPy has no more, and that no line of ours explains."""
    from autograd.core import primitive_vjps
    from autograd.tracer import notrace_primitives

    silent = set().union(*notrace_primitives.values())
    gone = set()
    for space, home in HIPS_SPACES.items():
        theirs = importlib.import_module(f"autograd.{space}")
        real = importlib.import_module(home)
        gone |= {
            f"{space}.{name}"
            for name, value in vars(theirs).items()
            if not name.startswith("_")
            and _kind(value, primitive_vjps, silent)
            and not hasattr(real, name)
            and name not in OUTSIDE.get(space, {})
        }
    return gone


def _kind(value, differentiated, silent):
    if not callable(value) or isinstance(value, type):
        return None
    if value in differentiated:
        return "vjp"
    if value in silent:
        return "no gradient"
    home = getattr(value, "__module__", None) or ""
    composite = (
        home.startswith(("autograd.numpy", "autograd.scipy"))
        and not hasattr(value, "fun")
        and hasattr(value, "__code__")
    )
    return "vjp" if composite else None


def mygrad():
    """``{space: {name: function}}``: MyGrad's public functions."""
    found = {}
    for space, home in MYGRAD_SPACES.items():
        module = importlib.import_module(home)
        names = vars(module) if home == "mygrad" else getattr(module, "__all__", None)
        rows = {}
        for name in names or dir(module):
            value = getattr(module, name)
            plain = callable(value) and not isinstance(value, types.ModuleType)
            is_class = isinstance(value, type) and not hasattr(value, "nin")
            if name.startswith("_") or not plain or is_class:
                continue
            if name not in OUTSIDE.get(space, {}):
                rows[name] = value
        found[space] = rows
    return found


def stale():
    """Lines of `OUTSIDE` whose name the wheels do not have."""
    lines = {(space, name) for space, names in OUTSIDE.items() for name in names}
    homes = {s: f"autograd.{s}" for s in HIPS_SPACES} | MYGRAD_SPACES
    return {
        (space, name)
        for space, name in lines
        if not hasattr(importlib.import_module(homes[space]), name)
    }


def numpy_of(space):
    """NumPy's or SciPy's own module for one of HIPS' spaces."""
    return np if space == "numpy" else importlib.import_module(HIPS_SPACES[space])
