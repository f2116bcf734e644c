"""Products of operands rounded to bfloat16, against float64 of what is rounded."""

from __future__ import annotations

import threading
from itertools import pairwise, product

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_kernels import matmul_bfloat16 as half
from autograd_kernels.matmul import ADD, BIAS, RELU

OPTIONS = ("float32", "bfloat16x3", "bfloat16")
CASES = tuple(product((0, 1), (0, 1)))
SHAPES = [
    (1, 1, 1), (5, 70, 3), (17, 16, 31), (33, 47, 65), (64, 64, 64), (48, 32, 33),
    (100, 257, 1025), (300, 300, 513), (700, 40, 129), (130, 1100, 515),
]  # fmt: skip
here = pytest.mark.skipif(not half.AVAILABLE, reason="no AVX512-BF16 here")


@pytest.fixture(autouse=True)
def restored():
    with ag.set_matmul_precision("float32"):
        yield


def rounded(x):
    """To nearest even, by the bits."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).reshape(np.shape(x))


def operands(m, n, k, ta, tb, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((k, m) if ta else (m, k), np.float32)
    return a, rng.standard_normal((n, k) if tb else (k, n), np.float32)


def views(a, b, ta, tb):
    return a.T if ta else a, b.T if tb else b


def run(a, b, ta, tb, mode=0, bias=None, out=None, cuts=(), rows=1):
    """The kernel in parts that start at ``cuts``."""
    left, right = views(a, b, ta, tb)
    (m, k), n = left.shape, right.shape[1]
    out = np.full((m, n), np.nan, np.float32) if out is None else out
    bias = np.empty(0, np.float32) if bias is None else bias
    units, size, way = half.plan(m, n, k, ta, tb, 1, a.dtype)
    scratch = np.full((rows, size), np.nan, np.float32)
    for lo, hi in pairwise([0, *(c(units) for c in cuts), units]):
        half.matmul_bfloat16(lo, hi, ta, tb, way + mode, a, b, bias, scratch, out)
    return out


def bound(a, b, eps=2.0**-23):
    """What rounding of sums explains: two roundings for each pair."""
    return (abs(a) @ abs(b)) * (a.shape[1] + 2) * eps


# The kernel -------------------------------------------------------------------------


@here
@pytest.mark.parametrize(("ta", "tb"), CASES)
def test_it_is_the_product_of_rounded_operands(ta, tb):
    for m, n, k in SHAPES:
        a, b = operands(m, n, k, ta, tb)
        out = run(a, b, ta, tb)
        left, right = (rounded(x).astype(float) for x in views(a, b, ta, tb))
        assert (abs(out - left @ right) <= bound(left, right)).all(), (m, n, k)
        parts = run(a, b, ta, tb, cuts=[lambda units: (units + 1) // 2], rows=2)
        np.testing.assert_array_equal(parts, out)


@here
@pytest.mark.parametrize("mode", range(8))
def test_epilogues(mode):
    a, b = operands(50, 70, 600, 0, 1)
    bias, old = np.arange(-35, 35, dtype=np.float32), np.ones((50, 70), np.float32)
    plain = run(a, b, 0, 1)
    want = old + plain if mode & ADD else plain
    want = want + bias if mode & BIAS else want
    want = np.where(want <= 0, 0, want) if mode & RELU else want
    out = run(a, b, 0, 1, mode, bias, old.copy())
    np.testing.assert_array_equal(out, want)


@here
@pytest.mark.parametrize(("ta", "tb"), CASES)
def test_rounding_is_to_nearest_even(ta, tb):
    """Halves between two neighbours; what lies just beside; odd k, many sizes."""
    a, b = operands(40, 40, 65, ta, tb)
    bits = a.view(np.uint32)
    bits &= 0xFFFF0000
    bits |= (
        np.random.default_rng(1)
        .choice([0x7FFF, 0x8000, 0x8001], a.shape)
        .astype(np.uint32)
    )
    b[:] = 0
    right = b.T if tb else b
    right[np.arange(40), np.arange(40)] = 1  # columns pick elements: sums are exact
    left, _ = views(a, b, ta, tb)
    np.testing.assert_array_equal(run(a, b, ta, tb), rounded(left)[:, :40])


@here
@pytest.mark.parametrize("option", ["bfloat16", "bfloat16x3"])
@pytest.mark.parametrize("k", [256, 257])
def test_what_is_not_finite_stays_so(option, k):
    a, b = np.ones((160, k), np.float32), np.ones((k, 160), np.float32)
    a[3, 0], a[4, k - 1], a[5, 2] = np.nan, np.inf, -np.inf
    b[1, 7] = np.nan
    with ag.set_matmul_precision(option):
        out = (ag.tensor(a) @ ag.tensor(b)).numpy()
    np.testing.assert_array_equal(out, a @ b)


@here
def test_numbers_at_the_ends_of_the_range():
    """Denormals count as zero; the largest round to infinity."""
    largest = np.finfo(np.float32).max
    a, b = np.zeros((40, 64), np.float32), np.ones((64, 40), np.float32)
    a[0], a[1, 3] = 1e-39, largest
    out = run(a, b, 0, 0)
    np.testing.assert_array_equal(out[0], 0)
    np.testing.assert_array_equal(out[1], np.inf)
    np.testing.assert_array_equal(out[2:], 0)


# The setting ------------------------------------------------------------------------


def test_setting_names_and_with_statement():
    assert ag.get_matmul_precision() == "float32"
    ag.set_matmul_precision("bfloat16")
    with ag.set_matmul_precision("bfloat16x3"):
        assert ag.get_matmul_precision() == "bfloat16x3"
        seen = []
        thread = threading.Thread(target=lambda: seen.append(ag.get_matmul_precision()))
        thread.start()
        thread.join()
        assert seen == ["bfloat16x3"]  # it is the process's
    assert ag.get_matmul_precision() == "bfloat16"
    used = "bfloat16" if half.AVAILABLE else "float32"
    assert ag.get_matmul_precision(used=True) == used
    with pytest.raises(ValueError, match="float32, bfloat16x3, bfloat16, got 'tf32'"):
        ag.set_matmul_precision("tf32")
    with pytest.raises(ValueError, match="got None"):
        ag.set_matmul_precision(None)


def test_small_products_and_float64_are_not_touched():
    a, b = operands(200, 200, 200, 0, 0)
    cases = [
        (a[:31], b),
        (a[:64, :64], b[:64, :64]),
        (a.astype(float), b.astype(float)),
    ]
    for left, right in cases:
        plain = (ag.tensor(left) @ ag.tensor(right)).numpy()
        for option in OPTIONS[1:]:
            with ag.set_matmul_precision(option):
                again = (ag.tensor(left) @ ag.tensor(right)).numpy()
            np.testing.assert_array_equal(again, plain)


@here
def test_errors_are_ordered_and_small():
    a, b = operands(256, 256, 512, 0, 0)
    want, errors = a.astype(float) @ b.astype(float), []
    for option in OPTIONS:
        with ag.set_matmul_precision(option):
            out = (ag.tensor(a) @ ag.tensor(b)).numpy()
        errors.append(np.linalg.norm(out - want) / np.linalg.norm(want))
    assert errors[0] < 5e-7 < errors[1] < 1e-5 < 1e-3 < errors[2] < 4e-3


@here
@pytest.mark.parametrize("option", OPTIONS[1:])
@pytest.mark.parametrize("threads", [1, 2])
def test_products_gradients_and_batches(option, threads):
    """Every product of a backward pass is rounded as well; bits of any threads."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 128, 160), np.float32)
    w = rng.standard_normal((160, 200), np.float32)
    g = rng.standard_normal((3, 128, 200), np.float32)
    before = ag.get_num_threads()

    def all_of_it(count):
        ag.set_num_threads(count)
        a, b = (ag.tensor(v, requires_grad=True) for v in (x, w))
        y = a @ b
        (y * ag.tensor(g)).sum().backward()
        return y.numpy(), a.grad.numpy(), b.grad.numpy()

    def turn(v):
        return v.swapaxes(-1, -2).astype(float)

    try:
        with ag.set_matmul_precision(option):
            found, alone = all_of_it(threads), all_of_it(1)
    finally:
        ag.set_num_threads(before)
    part = rounded if option == "bfloat16" else np.asarray
    x2, w2, g2 = (part(v).astype(float) for v in (x, w, g))
    wants = x2 @ w2, g2 @ turn(w2), (turn(x2) @ g2).sum(0)
    eps = 1e-6 if option == "bfloat16" else 1e-5
    for one, same, want in zip(found, alone, wants, strict=True):
        np.testing.assert_array_equal(one, same)
        assert np.linalg.norm(one - want) <= eps * np.linalg.norm(want)


def step_of(seed):
    ag.manual_seed(seed)
    model = nn.Sequential(nn.Linear(256, 192), nn.ReLU(), nn.Linear(192, 160))
    opt = ag.optim.SGD(model.parameters(), lr=0.01)

    def step(x, y):
        opt.zero_grad()
        loss = ((model(ag.tensor(x)) - ag.tensor(y)) ** 2).mean()
        loss.backward()
        opt.step()
        return loss

    return model, step


def test_compiled_and_eager_agree_under_each_option_however_they_change():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((128, 256), np.float32)
    y = rng.standard_normal((128, 160), np.float32)
    (eager, plain), (other, function) = step_of(0), step_of(0)
    compiled = ag.compile(function)
    options = ["float32"] * 4 + ["bfloat16"] * 4 + ["bfloat16x3"] * 4
    options += [*OPTIONS, "bfloat16", "float32", "bfloat16"] * 2
    for option in options:
        ag.set_matmul_precision(option)
        assert compiled(x, y).item() == plain(x, y).item()
    for a, b in zip(eager.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert len(compiled.programs) == len(OPTIONS)
    told = dict.fromkeys(OPTIONS, "")
    for key, (program,) in compiled.programs.items():
        told[OPTIONS[key.mode[-1]]] = str(program.explain())
    assert "bfloat16" not in told["float32"]
    if half.AVAILABLE:
        assert "matmul_bfloat16 " in told["bfloat16"]
        assert "matmul_relu" in told["bfloat16"]
        assert "halves" in told["bfloat16x3"]


def test_the_option_may_be_set_inside_a_compiled_function():
    a, b = operands(160, 160, 160, 0, 0)

    def both(x):
        with ag.set_matmul_precision("bfloat16"):
            rough = x @ ag.tensor(b)
        return rough, x @ ag.tensor(b)

    compiled = ag.compile(both)
    wants = [one.numpy() for one in both(ag.tensor(a))]
    for _ in range(4):
        for found, want in zip(compiled(a), wants, strict=True):
            np.testing.assert_array_equal(found.numpy(), want)
    assert ag.get_matmul_precision() == "float32"


def test_gradcheck_is_in_float64_under_every_option():
    model = nn.Linear(130, 140)
    x = np.random.default_rng(4).standard_normal((130, 130))
    with ag.set_matmul_precision("bfloat16"):
        assert ag.gradcheck(lambda v: (v @ v).sum(), x[:6, :6])
        assert model(ag.tensor(x.astype(np.float32))).dtype == np.float32
