"""What kernels declare of themselves (`jit.Traits`), held against what they do.

Each kernel of the package that is launched, see `kernel_samples`.
"""

import pkgutil
from importlib import import_module

import numpy as np
import pytest
from kernel_samples import COLS, N, between, faults, normal, sample
from numba.core.dispatcher import Dispatcher

import autograd_kernels
from autograd_kernels import elementwise, jit, losses, reduce

# What runs launches: the tests of Program and gate.
DRIVERS = {"replay", "replay_shared", "replay_timed", "serve", "steps"}


def kernels():
    """All of the package, by module and name."""
    every = {}
    top = f"{autograd_kernels.__name__}."
    for module in pkgutil.walk_packages(autograd_kernels.__path__, top):
        for name, value in vars(import_module(module.name)).items():
            made = isinstance(value, Dispatcher) and hasattr(value, "traits")
            if made and value.__module__ == module.name:
                every[f"{module.name.removeprefix(top)}.{name}"] = value
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
    assert {n.partition(".")[0] for n in built_ins} == {"driver"}
    assert len(KERNELS) - len(LAUNCHED) == len(DRIVERS) + len(built_ins)
    assert LAUNCHED["elementwise.add"] is elementwise.add
    assert "copying.copy4" in LAUNCHED


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


def test_a_kernel_without_arguments_fails(rng):
    @jit.kernel
    def cube(lo, hi, x, out):
        pass

    missing = r"no sample for test_kernel_traits\.cube\.x: add one to ARGUMENTS"
    with pytest.raises(pytest.fail.Exception, match=missing):
        sample(cube, rng)
