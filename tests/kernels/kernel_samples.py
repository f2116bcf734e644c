"""Arguments for every kernel of the package, and checks of what it declares.

A kernel runs on small arguments, from `ARGUMENTS`, at once and in parts: it may write
to what it declares and to nothing else, and no cut changes a bit.
"""

import inspect
import sys
from copy import deepcopy
from fnmatch import fnmatchcase
from itertools import pairwise

import numpy as np
import pytest

from autograd_kernels import matmul, matmul_few
from autograd_kernels import matmul_bfloat16 as half
from autograd_kernels.optim.rules import CLOCK, SCALARS
from autograd_kernels.pointers import CHUNK

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
    hyper = between(SCALARS, dtype=np.float64)  # more than any rule reads
    group = hyper(rng)
    ticks = [np.array(t) for t in ([3.0, 0.5, 0.1], [3.0, 0.5, 0.1], [0.0] * 3)]
    return Table(ticks, [group, group, hyper(rng)], chunk=CLOCK)


def shrunk(rng):
    """Arrays, and the rate of each."""
    arrays = table(1)(rng).columns[0]
    return Table(arrays, [between(1, dtype=np.float64)(rng) for _ in arrays])


COLS, N = 72, 70 * 72  # of elements: no multiple of any step
ROWS, WIDTH, FEW = 37, 20, 3
INNER, CHANNELS = 1100, 1100  # longer than what is walked at once
BLOCKS = -(-CHANNELS // 64)
PRODUCT = 200, 90, 70
THIN = 3, 500, 70, 0, 0, 1, np.dtype(np.float32)
BOTH = matmul.BIAS + matmul.RELU
PLAN = (*PRODUCT, 0, 1, 1, np.dtype(np.float32))  # transposed: copied to the scratch
# What a kernel gets as a parameter, by `module.kernel.parameter`, or the number of its
# `units`; of those under @elements also by `elements.parameter`. The first that fits.
ARGUMENTS = {
    "elementwise.*equal.out": whole(2, N, dtype=bool),
    "elementwise.less.out elementwise.greater.out": whole(2, N, dtype=bool),
    "elements.units losses.*.units checks.*.units": N,
    "augment.normal.words": whole(2**32, N, dtype=np.uint32),
    "elements.x": far,
    "elements.a": between(N),
    "elements.[bgty] elements.gx elements.slope elements.out": normal(N),
    "elements.cond": whole(2, N, dtype=bool),
    "elements.geom": the(N, 0, 1, 0, 1, dtype=np.int64),
    "elements.key": whole(2**63, 2, dtype=np.uint64),
    "elements.c losses.*.c": the(0.5, 2),
    "elements.p elements.scale elements.value": the(0.3),
    "losses.bce*.t": between(N),
    "softmax.soft*.t": between(ROWS, WIDTH),
    "losses.*.[xt] losses.*.out checks.*.x": normal(N),
    "checks.outside.bounds": the(-9, 9),
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
    "batchnorm_shards.move_running.units": CHANNELS,
    "batchnorm_shards.*.units": BLOCKS,
    "batchnorm_shards.products.part": between(2, CHANNELS),
    "batchnorm_shards.slopes.parts": between(3, 2, CHANNELS),
    "batchnorm_shards.moments.part": between(4, CHANNELS),
    "batchnorm_shards.*.parts": between(3, 4, CHANNELS),
    "batchnorm_shards.*.stats": between(5, CHANNELS),
    "batchnorm_shards.*.mean batchnorm_shards.*.variance": between(CHANNELS),
    "batchnorm_shards.*.eps batchnorm_shards.*.momentum": the(0.1),
    "batchnorm_shards.*.*gamma batchnorm_shards.*.beta": between(CHANNELS),
    "batchnorm_shards.*.[xg] batchnorm_shards.*.out": normal(ROWS, CHANNELS),
    "batchnorm.update_running.units": CHANNELS,
    "batchnorm.update_running.count": ROWS,
    "batchnorm.update_running.mean batchnorm.*.variance": between(CHANNELS),
    "batchnorm.*.units": BLOCKS,
    "batchnorm.*.stats": between(4, CHANNELS),
    "batchnorm.*.eps batchnorm.*.momentum": the(0.1),
    "batchnorm.*.*gamma batchnorm.*.*beta": between(CHANNELS),
    "batchnorm.*.[xg] batchnorm.*.out": normal(ROWS, CHANNELS),
    "matmul_few.matmul_few.units": lambda rng: matmul_few.plan(*THIN)[0],
    "matmul_few.matmul_few.ta": 0,
    "matmul_few.matmul_few.tb": 0,
    "matmul_few.matmul_few.mode": BOTH,
    "matmul_few.matmul_few.a": normal(THIN[0], THIN[2]),
    "matmul_few.matmul_few.b": normal(THIN[2], THIN[1]),
    "matmul_few.matmul_few.bias": normal(THIN[1]),
    "matmul_few.matmul_few.scratch": lambda rng: normal(1, matmul_few.plan(*THIN)[1])(
        rng
    ),
    "matmul_few.matmul_few.out": normal(*THIN[:2]),
    "matmul_bfloat16.matmul_bfloat16.units": lambda rng: half.plan(*PLAN)[0],
    "matmul_bfloat16.matmul_bfloat16.ta": 0,
    "matmul_bfloat16.matmul_bfloat16.tb": 1,
    "matmul_bfloat16.matmul_bfloat16.mode": lambda rng: half.plan(*PLAN)[2] + BOTH,
    "matmul_bfloat16.matmul_bfloat16.a": normal(PRODUCT[0], PRODUCT[2]),
    "matmul_bfloat16.matmul_bfloat16.b": normal(PRODUCT[1], PRODUCT[2]),
    "matmul_bfloat16.matmul_bfloat16.bias": normal(PRODUCT[1]),
    "matmul_bfloat16.matmul_bfloat16.scratch": lambda rng: normal(
        1, half.plan(*PLAN)[1]
    )(rng),
    "matmul_bfloat16.matmul_bfloat16.out": normal(*PRODUCT[:2]),
    "matmul_bfloat16.halves.*": normal(N),
    "matmul.matmul.units": lambda rng: matmul.plan(*PLAN)[0],
    "matmul.matmul.ta": 0,
    "matmul.matmul.tb": 1,
    "matmul.matmul.mode": lambda rng: matmul.plan(*PLAN)[2] + BOTH,
    "matmul.matmul.a": normal(PRODUCT[0], PRODUCT[2]),
    "matmul.matmul.b": normal(PRODUCT[1], PRODUCT[2]),
    "matmul.matmul.bias": normal(PRODUCT[1]),
    "matmul.matmul.scratch": lambda rng: normal(1, matmul.plan(*PLAN)[1])(rng),
    "matmul.matmul.out": normal(*PRODUCT[:2]),
    # An advance copies rows whole, but sets what its rule reads: they start alike.
    "ema.ema_advance.scalars": the(*[[0] * SCALARS] * 3, dtype=np.float64),
    "*_advance.scalars": the(*[[0] * SCALARS] * 3),
    "*_advance.table": clocks,
    "ema.ema.scalars": between(3, SCALARS, dtype=np.float64),
    "*.scalars": between(3, SCALARS),
    "ema.ema.table *_move.table": table(2),
    "sgd.sgd.table adagrad.*.table lion.*.table schedule_free.*.table": table(3),
    "rmsprop.*.table adam.*.table": table(5),
    "adadelta.*.table adamax.*.table radam.*.table": table(4),
    "clip.norm_parts.table clip.rescale.table clip.clamp.table": table(1),
    "clip.shrink.table": shrunk,
    "clip.shrink.amount": the(0.5, dtype=np.float64),
    "clip.limit_norms.units": 3 * FEW,
    "clip.limit_norms.limit": the(1.0, dtype=np.float64),
    "clip.limit_norms.x": normal(3, WIDTH, FEW),
    "clip.clip_factor.units": 1,
    "clip.clip_factor.out clip.rescale.factor": between(2, dtype=np.float64),
    "clip.*.power clip.clip_factor.limit": the(2, dtype=np.float64),
    "clip.*.sums": between(5, dtype=np.float64),
    "ema.*.like clip.*.like clip.clamp.limit": the(0.5),
    "augment.[wmc]*.units": ROWS,
    "augment.words.key": whole(2**63, 1, dtype=np.uint64),
    "augment.words.rows": whole(2**63, ROWS, dtype=np.uint64),
    "augment.words.out": whole(2**32, ROWS, WIDTH, dtype=np.uint32),
    "augment.*.words": whole(2**32, ROWS, 8, dtype=np.uint32),
    "augment.moves.limits": the(1, 0.1, 0.1, 0.5, 0.5, dtype=np.float64),
    "augment.moves.out": between(ROWS, 6, dtype=np.float64),
    "augment.warp.moves": between(ROWS, 6, dtype=np.float64),
    "augment.warp.places": lambda rng: np.indices((4, 5, 1), float).reshape(3, -1),
    "augment.*.height": 4,
    "augment.*.width": 5,
    "augment.*.step": 1,
    "augment.*.side": 3,
    "augment.*.fill": the(0.3),
    "augment.warp.x augment.*.out": normal(ROWS, 40),
}


def found(kernel, name, rng):
    """The argument of that name, or the number of units."""
    where = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__name__}.{name}"
    names = [where, f"elements.{name}"][: 1 + kernel.traits.elements]
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
    traits, names = kernel.traits, set()
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
    traits, says = kernel.traits, declared(kernel, args)
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
