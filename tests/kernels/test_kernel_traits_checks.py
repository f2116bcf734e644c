"""The decorators of kernels, costs, and that the checks see what they look for."""

import numpy as np
import pytest
from kernel_samples import PRODUCT, N, faults, normal, sample

from autograd_kernels import dropout, elementwise, jit, losses, matmul
from autograd_kernels.optim.lion import lion

# --- The decorators -----------------------------------------------------------------


def test_decorators_stand_alone_or_take_traits():
    def nothing(lo, hi, out):
        pass

    for made in (jit.kernel, jit.reduction):
        assert made(nothing).traits == jit.Traits()
        assert made(writes=2, step=8)(nothing).traits == jit.Traits(2, step=8)
    alone = jit.Traits(elements=True, step=jit.ELEMENTS)
    assert jit.elements(nothing).traits == alone
    assert jit.elements(writes=2)(nothing).traits.writes == 2
    assert jit.holding(nothing).targetoptions["nogil"] is False
    assert jit.releasing(nothing).targetoptions["nogil"] is True
    assert jit.reduction(writes=2)(nothing).targetoptions["fastmath"] == jit.SUMS
    with pytest.raises(TypeError, match="write"):
        jit.kernel(write=2)


def test_costs(rng):
    _, args = sample(matmul.matmul, rng)
    flops = 2 * np.prod(PRODUCT)
    assert matmul.matmul.traits.cost([*args.values()]) == flops / 100
    args |= {"ta": 1, "a": args["a"].T, "out": args["out"].astype(float)}
    assert matmul.matmul.traits.cost([*args.values()]) == flops / 50
    _, args = sample(dropout.dropout, rng)
    assert dropout.dropout.traits.cost([*args.values()]) == 0.4 * N
    assert elementwise.add.traits.cost is None


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
    assert "writes x" in check(jit.kernel(secretive), rng)
    assert check(jit.kernel(writes=2, step=64)(grouped), rng) == ["leaves x"]
    lame = jit.kernel(columns=(0,))(lion.py_func)
    assert faults(lame, *sample(lion, rng), rng) == ["writes table, column 2"]
    status = jit.kernel(step=1024)(losses.mse.py_func)
    assert faults(status, *sample(losses.mse, rng), rng) == ["writes status"]


def test_a_step_that_is_too_small_is_seen(rng):
    assert check(jit.kernel(step=64)(grouped), rng) == []
    assert check(jit.kernel(step=32)(grouped), rng) == ["depends on cuts: out"]
    small = jit.kernel(elements=True, step=16)(dropout.dropout.py_func)
    seen = faults(small, *sample(dropout.dropout, rng), rng)
    assert "depends on cuts: out" in seen


def test_what_is_no_work_of_elements_is_seen(rng):
    assert check(jit.kernel(neighbours), rng) == []
    assert check(jit.elements(neighbours), rng) == ["out mixes elements"]
