"""What kernels declare of themselves (`_jit.Traits`), held against what they do.

Each kernel of the package runs on small arguments, from `ARGUMENTS`, at once and in
parts: it may write to what it declares and to nothing else, and no cut changes a bit.
"""

import inspect
import pkgutil
import sys
from copy import deepcopy
from fnmatch import fnmatchcase
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import autograd_kernels
from autograd_kernels import _jit, dropout, elementwise, losses, matmul, optim, reduce
from autograd_kernels.pointers import CHUNK

# What runs launches, or is asked before them: the tests of Program, gate and matmul.
DRIVERS = {"replay", "replay_shared", "replay_timed", "serve", "shape"}

# --- Arguments ----------------------------------------------------------------------


class Table:
    """Columns of arrays, which a kernel gets as a table of pointers."""

    def __init__(self, *columns, chunk=CHUNK):
        self.columns = columns
        self.sizes = [array.size for array in columns[0]]
        *self.first, self.units = np.cumsum([0, *(-(-n // chunk) for n in self.sizes)])

    def words(self):
        addresses = [[array.ctypes.data for array in c] for c in self.columns]
        return np.array([self.sizes, *addresses, self.first], np.int64).T.copy()


def normal(*shape):
    return lambda rng: rng.normal(0, 2, shape).astype(np.float32)


def between(*shape, dtype=np.float32):
    return lambda rng: rng.uniform(0.1, 0.9, shape).astype(dtype)


def whole(most, *shape, dtype=np.int64):
    return lambda rng: rng.integers(0, most, shape).astype(dtype)


def the(*values, dtype=np.float32):
    return lambda rng: np.array(values, dtype)


def far(rng):
    """Numbers some of which are beyond what sin and cos reduce by themselves."""
    x = normal(N)(rng)
    x[100::2000] = 1e6
    return x


def table(columns):
    """Arrays of three sizes, one of them longer than two units."""
    arrays = [between(n) for n in (5, CHUNK, 2 * CHUNK + 1)]
    return lambda rng: Table(*([make(rng) for make in arrays] for _ in range(columns)))


def clocks(rng):
    """Rows of which the first two have one group, and the same clock."""
    hyper = between(optim.HYPER, dtype=np.float64)
    group = hyper(rng)
    ticks = [np.array(t) for t in ([3.0, 0.5], [3.0, 0.5], [0.0, 0.0])]
    return Table(ticks, [group, group, hyper(rng)], chunk=2)


COLS, N = 72, 70 * 72  # of elements: no multiple of any step
ROWS, WIDTH, FEW = 37, 20, 3
INNER, CHANNELS = 1100, 1100  # longer than what is walked at once
BLOCKS = -(-CHANNELS // 64)
PRODUCT = 200, 90, 70
PLAN = (*PRODUCT, 0, 1, 1, np.dtype(np.float32))  # transposed: copied to the scratch
# What a kernel gets as a parameter, by `module.kernel.parameter`, or the number of its
# `units`; of those under @elements also by `elements.parameter`. The first that fits.
ARGUMENTS = {
    "elementwise.*equal.out": whole(2, N, dtype=bool),
    "elementwise.less.out elementwise.greater.out": whole(2, N, dtype=bool),
    "elements.units losses.*.units checks.*.units": N,
    "elements.x": far,
    "elements.a": between(N),
    "elements.[bgty] elements.gx elements.slope elements.out": normal(N),
    "elements.cond": whole(2, N, dtype=bool),
    "elements.geom": the(N, 0, 1, 0, 1, dtype=np.int64),
    "elements.key": whole(2**63, 2, dtype=np.uint64),
    "elements.c losses.*.c": the(0.5, 2),
    "elements.p elements.scale elements.value": the(0.3),
    "losses.*.[xt] losses.*.out checks.*.x": normal(N),
    "*.status": the(0, dtype=np.int64),
    "copying.copy4.units": 6,
    "copying.copy4.src": lambda rng: normal(2, 3, 20, 30)(rng).swapaxes(2, 3),
    "copying.copy4.out": normal(2, 3, 30, 20),
    "dropout.draw.units": 1,
    "dropout.draw.state dropout.draw.key": whole(2**63, 2, dtype=np.uint64),
    "softmax.*.units": ROWS,
    "softmax.*.stats": between(2, ROWS),
    "softmax.*_few.x softmax.*_few.out": normal(ROWS, FEW),
    "softmax.*softmax_backward.g": normal(ROWS, WIDTH),
    "softmax.*cross_entropy.out softmax.logsumexp.out softmax.*.g": normal(ROWS),
    "softmax.*.[xyt] softmax.*.out": normal(ROWS, WIDTH),
    "softmax.*.labels": whole(FEW, ROWS),
    "softmax.*.smooth softmax.*.scale": the(0.1),
    "reduce.*_rows.units": ROWS,
    "reduce.*_cols.units": 3 * BLOCKS,
    "reduce.*_rows.x": normal(ROWS, INNER),
    "reduce.*_cols.x": normal(3, 41, INNER),
    "reduce.argmax_rows.out": whole(9, ROWS),
    "reduce.argmax_cols.out": whole(9, 3, INNER),
    "reduce.*_rows.out reduce.*_rows.mean": normal(ROWS),
    "reduce.*_cols.out reduce.*_cols.mean": normal(3, INNER),
    "cumulative.*.units": ROWS,
    "cumulative.*.backwards": 1,
    "cumulative.*": between(ROWS, WIDTH, FEW),
    "batchnorm.update_running.units": CHANNELS,
    "batchnorm.update_running.count": ROWS,
    "batchnorm.update_running.mean batchnorm.*.variance": between(CHANNELS),
    "batchnorm.*.units": BLOCKS,
    "batchnorm.*.stats": between(4, CHANNELS),
    "batchnorm.*.eps batchnorm.*.momentum": the(0.1),
    "batchnorm.*.*gamma batchnorm.*.*beta": between(CHANNELS),
    "batchnorm.*.[xg] batchnorm.*.out": normal(ROWS, CHANNELS),
    "matmul.matmul.units": lambda rng: matmul.plan(*PLAN)[0],
    "matmul.matmul.ta": 0,
    "matmul.matmul.tb": 1,
    "matmul.matmul.mode": matmul.BIAS | matmul.RELU,
    "matmul.matmul.a": normal(PRODUCT[0], PRODUCT[2]),
    "matmul.matmul.b": normal(PRODUCT[1], PRODUCT[2]),
    "matmul.matmul.bias": normal(PRODUCT[1]),
    "matmul.matmul.scratch": lambda rng: normal(1, matmul.plan(*PLAN)[1])(rng),
    "matmul.matmul.out": normal(*PRODUCT[:2]),
    # An advance copies rows whole, but sets what its rule reads: they start alike.
    "optim.ema_advance.scalars": the(*[[0] * optim.SCALARS] * 3, dtype=np.float64),
    "optim.*_advance.scalars": the(*[[0] * optim.SCALARS] * 3),
    "optim.*_advance.table": clocks,
    "optim.ema.scalars": between(3, optim.SCALARS, dtype=np.float64),
    "optim.*.scalars": between(3, optim.SCALARS),
    "optim.sgd.table optim.adagrad.table optim.lion.table": table(3),
    "optim.rmsprop.table optim.adam.table": table(5),
    "optim.ema.table": table(2),
    "optim.norm_parts.table optim.rescale.table optim.clamp.table": table(1),
    "optim.clip_factor.units": 1,
    "optim.clip_factor.out optim.rescale.factor": between(2, dtype=np.float64),
    "optim.*.power optim.clip_factor.limit": the(2, dtype=np.float64),
    "optim.*.sums": between(5, dtype=np.float64),
    "optim.*.like optim.clamp.limit": the(0.5),
}


def found(kernel, name, rng):
    """The argument of that name, or the number of units."""
    where = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}.{name}"
    names = [where, f"elements.{name}"][: 1 + _jit.traits(kernel).elements]
    for patterns, value in ARGUMENTS.items():
        if any(fnmatchcase(n, p) for n in names for p in patterns.split()):
            return value(rng) if callable(value) else value
    pytest.fail(f"no sample for {where}: add one to ARGUMENTS in {__file__}")


def sample(kernel, rng):
    """How often, and on what, to run a kernel."""
    lo, hi, *names = inspect.signature(kernel.py_func).parameters
    assert (lo, hi) == ("lo", "hi"), "not for launches: one of DRIVERS?"
    args = {name: found(kernel, name, rng) for name in names}
    tables = [arg for arg in args.values() if isinstance(arg, Table)]
    return (tables[0].units if tables else found(kernel, "units", rng)), args


# --- Checks -------------------------------------------------------------------------


def bits(args):
    """The bytes of every array, a table's by columns."""
    arrays = {name: [a] for name, a in args.items() if isinstance(a, np.ndarray)}
    for name, arg in args.items():
        if isinstance(arg, Table):
            arrays |= {f"{name}, column {i}": c for i, c in enumerate(arg.columns)}
    return {name: b"".join(a.tobytes() for a in some) for name, some in arrays.items()}


def declared(kernel, args):
    """What of the arguments a kernel says that it writes."""
    traits, names = _jit.traits(kernel), set()
    for name in list(args)[len(args) - traits.writes :]:
        if isinstance(args[name], Table):
            names |= {f"{name}, column {i}" for i in traits.columns}
        else:
            names.add(name)
    return names


def run(kernel, parts, args):
    """The arguments after a run in these parts, on a copy."""
    args = deepcopy(args)
    given = [a.words() if isinstance(a, Table) else a for a in args.values()]
    arrays = [a for a in given if isinstance(a, np.ndarray)]
    held = list(map(sys.getrefcount, arrays))
    for lo, hi in parts:
        kernel(lo, hi, *given)
    assert list(map(sys.getrefcount, arrays)) == held, "it keeps its arguments alive"
    for words, a in zip(given, args.values(), strict=True):
        assert not isinstance(a, Table) or (words == a.words()).all()
    return args


def cut(rng, units, step):
    """Parts from last to first. One ends after the first step, others by chance."""
    starts = np.arange(step, units, step)
    chosen = {*starts[:1], *rng.choice(starts, min(len(starts), 8), replace=False)}
    return list(pairwise([0, *sorted(map(int, chosen)), units]))[::-1]


def spoilt(args):
    """The arguments with NaN for all numbers, and labels that are none."""
    args = deepcopy(args)
    for name, array in args.items():
        if name == "labels" or getattr(array, "dtype", None) in (np.float32, float):
            array[...] = -1 if name == "labels" else np.nan
    return args


def faults(kernel, units, args, rng):
    """All that a kernel does otherwise than it declares."""
    traits, says = _jit.traits(kernel), declared(kernel, args)
    done, changed = bits(run(kernel, [(0, units)], args)), set()
    for given in (args, spoilt(args)) if "status" in args else (args,):
        before, after = bits(given), bits(run(kernel, [(0, units)], given))
        changed |= {name for name in before if before[name] != after[name]}
    found = [f"writes {name}" for name in sorted(changed - says)]
    found += [f"leaves {name}" for name in sorted(says - changed)]
    parts = cut(rng, units, traits.step)
    again = bits(run(kernel, parts, args))
    differ = {name for name in says - {"scratch"} if done[name] != again[name]}
    found += [f"depends on cuts: {name}" for name in sorted(differ)]
    if traits.elements:
        found += mixed(kernel, units, args, parts)
    return found


def mixed(kernel, units, args, parts):
    """Which of the outputs depend on elements of another part, or write to them."""
    outs, found = declared(kernel, args), []
    if any(args[n].size != units for n in outs):
        return ["writes arrays of other sizes than its units"]
    whole = run(kernel, [(0, units)], args)
    for lo, hi in parts:
        given = deepcopy(args)
        rest = np.r_[:lo, hi:units]
        for array in given.values():
            if array.size == units:
                raw = array.view(f"u{array.itemsize}")
                raw[rest] = ~raw[rest]
        after = run(kernel, [(lo, hi)], given)
        for n in outs:
            if after[n][lo:hi].tobytes() != whole[n][lo:hi].tobytes():
                found.append(f"{n} mixes elements")
            if after[n][rest].tobytes() != given[n][rest].tobytes():
                found.append(f"{n} is written outside of the part")
    return sorted({*found})


# --- Every kernel -------------------------------------------------------------------


def kernels():
    """All of the package, by module and name."""
    every = {}
    for module in pkgutil.iter_modules(autograd_kernels.__path__):
        full = f"{autograd_kernels.__name__}.{module.name}"
        for name, value in vars(import_module(full)).items():
            made = isinstance(value, Dispatcher) and hasattr(value, "traits")
            if made and value.__module__ == full:
                every[f"{module.name}.{name}"] = value
    return every


KERNELS = kernels()
LAUNCHED = {
    name: kernel
    for name, kernel in KERNELS.items()
    if name.rpartition(".")[2] not in DRIVERS
    and kernel.targetoptions["nogil"]  # else it takes Python's objects: `holding`
}


@pytest.mark.parametrize("name", LAUNCHED)
def test_a_kernel_does_as_it_declares(rng, name):
    kernel = LAUNCHED[name]
    assert faults(kernel, *sample(kernel, rng), rng) == []


def test_all_kernels_are_seen():
    built_ins = [n for n, k in KERNELS.items() if not k.targetoptions["nogil"]]
    assert {n.partition(".")[0] for n in built_ins} == {"entry", "front", "launching"}
    assert len(KERNELS) - len(LAUNCHED) == len(DRIVERS) + len(built_ins)
    assert LAUNCHED["elementwise.add"] is elementwise.add
    assert "copying.copy4" in LAUNCHED
    assert "elementwise.copy4" not in LAUNCHED  # it only has it from there


def test_a_loss_of_which_all_have_one_cotangent(rng):
    units, args = sample(losses.mse_backward, rng)
    args["g"] = np.array([0.7], np.float32)
    assert faults(losses.mse_backward, units, args, rng) == []


def test_sums_of_few_columns(rng):
    x, out = normal(70, 9, 5)(rng), normal(70, 5)(rng)
    assert faults(reduce.sum_cols, 70, {"x": x, "out": out}, rng) == []


@pytest.mark.parametrize(("down", "across", "size"), [(0, 1, COLS), (1, 0, N // COLS)])
def test_other_broadcasts(rng, down, across, size):
    units, args = sample(elementwise.sub, rng)
    geom = np.array([COLS, COLS, 1, down, across])
    args |= {"geom": geom, "b": between(size)(rng)}
    assert faults(elementwise.sub, units, args, rng) == []


# --- The decorators -----------------------------------------------------------------


def test_decorators_stand_alone_or_take_traits():
    def nothing(lo, hi, out):
        pass

    for made in (_jit.kernel, _jit.reduction, _jit.holding):
        assert _jit.traits(made(nothing)) == _jit.Traits()
        assert _jit.traits(made(writes=2, step=8)(nothing)) == _jit.Traits(2, step=8)
    alone = _jit.Traits(elements=True, step=_jit.ELEMENTS)
    assert _jit.traits(_jit.elements(nothing)) == alone
    assert _jit.traits(_jit.elements(writes=2)(nothing)).writes == 2
    assert _jit.holding(writes=2)(nothing).targetoptions["nogil"] is False
    assert _jit.reduction(writes=2)(nothing).targetoptions["fastmath"] == _jit.SUMS
    with pytest.raises(TypeError, match="write"):
        _jit.kernel(write=2)


def test_costs(rng):
    _, args = sample(matmul.matmul, rng)
    flops = 2 * np.prod(PRODUCT)
    assert _jit.traits(matmul.matmul).cost([*args.values()]) == flops / 100
    args |= {"ta": 1, "a": args["a"].T, "out": args["out"].astype(float)}
    assert _jit.traits(matmul.matmul).cost([*args.values()]) == flops / 50
    _, args = sample(dropout.dropout, rng)
    assert _jit.traits(dropout.dropout).cost([*args.values()]) == 0.4 * N
    assert _jit.traits(elementwise.add).cost is None


# --- That the checks see what they look for -----------------------------------------


def secretive(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = x[i]
        x[i] = 0


def grouped(lo, hi, x, out):
    """Right in parts that start at multiples of 64."""
    for i in range(lo, hi):
        out[i] = x[i] * ((i - lo) % 64)


def neighbours(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = x[i] + x[max(i - 1, 0)]


def check(planted, rng):
    return faults(planted, N, {"x": normal(N)(rng), "out": normal(N)(rng)}, rng)


def test_what_is_written_in_secret_is_seen(rng):
    assert "writes x" in check(_jit.kernel(secretive), rng)
    assert check(_jit.kernel(writes=2, step=64)(grouped), rng) == ["leaves x"]
    lion = _jit.kernel(columns=(0,))(optim.lion.py_func)
    assert faults(lion, *sample(optim.lion, rng), rng) == ["writes table, column 2"]
    status = _jit.kernel(step=1024)(losses.mse.py_func)
    assert faults(status, *sample(losses.mse, rng), rng) == ["writes status"]


def test_a_step_that_is_too_small_is_seen(rng):
    assert check(_jit.kernel(step=64)(grouped), rng) == []
    assert check(_jit.kernel(step=32)(grouped), rng) == ["depends on cuts: out"]
    small = _jit.kernel(elements=True, step=16)(dropout.dropout.py_func)
    seen = faults(small, *sample(dropout.dropout, rng), rng)
    assert "depends on cuts: out" in seen


def test_what_is_no_work_of_elements_is_seen(rng):
    assert check(_jit.kernel(neighbours), rng) == []
    assert check(_jit.elements(neighbours), rng) == ["out mixes elements"]


def test_a_kernel_without_arguments_fails(rng):
    @_jit.kernel
    def cube(lo, hi, x, out):
        pass

    missing = r"no sample for test_kernel_traits\.cube\.x: add one to ARGUMENTS"
    with pytest.raises(pytest.fail.Exception, match=missing):
        sample(cube, rng)
