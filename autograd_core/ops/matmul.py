"""Matrix products and the linear layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core import calls
from autograd_core.front import plan_product, product
from autograd_core.hooks import RECORDING, Array
from autograd_core.launch import (
    FLOATS,
    contiguous,
    copy_into,
    empty,
    host,
    launch,
    launch_parts,
    launch_whole,
    scratch,
)
from autograd_core.op import fused, primitive
from autograd_core.ops.broadcasting import as_dtype, floats, unbroadcast
from autograd_core.ops.elementwise import add
from autograd_core.ops.folding import fold_into, sum_over
from autograd_core.ops.shape import astype, reshape, transpose
from autograd_core.precision import FLOAT32, SETTING, THREE
from autograd_core.samples import sample
from autograd_core.tape import spec
from autograd_kernels import matmul as k
from autograd_kernels import matmul_bfloat16 as half
from autograd_kernels import matmul_few as few
from autograd_kernels import reduce

SHARED_PRODUCTS = 1 << 23  # multiplications, about 0.15 ms, from where on threads pay
SLICE = 1024  # lines of a slice along k at least: its sums then cost a hundredth
SLICED = 1 << 22  # multiplications of a slice at least, some 80 us
PRODUCTS = {(ta, tb): product(ta, tb) for ta in (False, True) for tb in (False, True)}


@lru_cache(64)
def _no_bias(dtype: Any) -> Array:
    return np.empty(0, dtype)


def gemm(
    a: Array,
    b: Array,
    ta: bool,
    tb: bool,
    bias: Array | None = None,
    relu: bool = False,
    out: Array | None = None,
) -> Array:
    """``op(a) @ op(b) [+ bias] [relu]`` of 2-D or 3-D contiguous arrays, one launch.

    A leading batch axis of one (or none) is repeated to the other's. A small result of
    long columns takes several, see `_in_slices`.
    """
    if ta and not tb and a.shape[0] >= 2 * SLICE and out is bias is None and not relu:
        count = _slices(a.shape, b.shape, a.dtype)
        if count > 1:
            return _in_slices(a, b, count)
    small = PRODUCTS[ta, tb]
    if not relu and not RECORDING and out is None:
        found: Array | None = small.enter(bias, a, b)
        if found is not None:
            return found
    way = SETTING.item()
    kernel, shape, planned, heavy = _geometry(a.shape, b.shape, ta, tb, a.dtype, way)
    units, size, mode = planned
    plain = kernel is k.matmul
    if plain and not heavy and not RECORDING and len(shape) == 2:
        plan_product(shape, a.shape[0 if ta else 1], (ta, tb), a.dtype, planned)
        small.missed(a)
    out = empty(shape, a.dtype) if out is None else out
    work = scratch(size, a.dtype, parts=heavy)
    run = launch_parts if heavy else launch_whole
    before = mode
    mode += (0 if bias is None else k.BIAS) + (k.RELU if relu else 0)
    row = _no_bias(a.dtype) if bias is None else contiguous(bias)
    if way == THREE and kernel is half.matmul_bfloat16:
        (high_a, low_a), (high_b, low_b) = _halves(a), _halves(b)
        for left, right in ((low_a, high_b), (high_a, low_b)):
            run(kernel, units, int(ta), int(tb), before, left, right, row, work, out)
            before |= k.ADD
        mode |= k.ADD
    run(kernel, units, int(ta), int(tb), mode, a, b, row, work, out)
    return out


def _halves(x: Array) -> tuple[Array, Array]:
    """``x`` rounded to bfloat16, and the rest; zeros where it is not finite.

    Infinity, times a rest of zero, would be NaN; ``a @ b`` itself has it.
    """
    high, low = empty(x.shape, x.dtype), empty(x.shape, x.dtype)
    launch(half.halves, x.size, x.ravel(), high.reshape(-1), low.reshape(-1))
    return high, low


@lru_cache(4096)
def _geometry(
    a: tuple[int, ...], b: tuple[int, ...], ta: bool, tb: bool, dtype: Any, way: int
) -> tuple[Any, tuple[int, ...], tuple[int, int, int], bool]:
    """Kernel, shape and plan of a product, and whether threads are worth it."""
    m, k_a = a[-2:][::-1] if ta else a[-2:]
    k_b, n = b[-2:][::-1] if tb else b[-2:]
    if k_a != k_b:
        raise ValueError(f"inner dimensions differ: {k_a} and {k_b}")
    counts = [x[0] for x in (a, b) if len(x) == 3]
    batch = max(counts, default=1) if all(counts) else 0
    kernel, plan = k.matmul, k.plan
    rounds = way != FLOAT32 and half.AVAILABLE and dtype == np.float32
    if batch and rounds and half.fits(m, n, k_a):
        kernel, plan = half.matmul_bfloat16, half.plan
    elif batch and few.fits(m, n, k_a, int(tb), dtype):
        kernel, plan = few.matmul_few, few.plan
    planned = plan(m, n, k_a, int(ta), int(tb), batch, dtype)
    heavy = batch * m * n * k_a >= SHARED_PRODUCTS
    return kernel, (batch, m, n) if counts else (m, n), planned, heavy


@lru_cache(4096)
def _slices(a: tuple[int, ...], b: tuple[int, ...], dtype: Any) -> int:
    """Parts of a sum along k: by shape, where there is too little else to share."""
    if len(a) != 2 or len(b) != 2 or a[0] != b[0] or a[0] < 2 * SLICE:
        return 1
    (k_a, m), n = a, b[1]
    units, *_ = k.plan(m, n, k_a, 1, 0, 1, dtype)
    most = min(k.MANY // max(units, 1), k_a // SLICE, m * n * k_a // SLICED)
    return 1 << (max(most, 1).bit_length() - 1)


def _in_slices(a: Array, b: Array, count: int) -> Array:
    """``a.T @ b`` as a batch of products, whose sum has a fixed order."""
    (total, m), n = a.shape, b.shape[1]
    size, rest = divmod(total, count)
    parts, body = empty((count + (rest > 0), m, n), a.dtype), total - rest
    left, right = a[:body].reshape(count, size, m), b[:body].reshape(count, size, n)
    gemm(left, right, True, False, out=parts[:count])
    if rest:
        gemm(a[body:], b[body:], True, False, out=parts[count])
    out = empty((m, n), a.dtype)
    rows = parts.reshape(1, len(parts), m * n)
    fold_into(reduce.sum_rows, reduce.sum_cols, rows, out.reshape(1, m * n))
    return out


def matrix(x: Array) -> tuple[Array, bool]:
    """The last two axes as contiguous memory, and whether it holds the transpose."""
    if x.flags.carray:
        return x, False
    turned = x.swapaxes(-1, -2)
    if turned.flags.carray:
        return turned, True
    return contiguous(x), False


def _matmul_backward(
    g: Array,
    needs: Sequence[bool],
    out: None,
    residuals: tuple[()],
    a: Array,
    b: Array,
) -> Sequence[Array | None]:
    """The rules for two matrices of one dtype without their detours."""
    plain = a.dtype == b.dtype == g.dtype and g.dtype in FLOATS
    if not (plain and len(a.shape) == len(b.shape) == 2):
        return matmul.by_rule(g, needs, out, (a, b), {})
    da = db = None
    g, tg = matrix(g)
    if needs[0]:
        right, tb = matrix(b)
        da = gemm(g, right, tg, not tb)
    if needs[1]:
        left, ta = matrix(a)
        db = gemm(left, g, not ta, tg)
    return da, db


@primitive(
    lambda g, y, a, b: _grad_a(g, a, b),
    lambda g, y, a, b: _grad_b(g, a, b),
    backward=_matmul_backward,
    saves=("b", "a"),
    front=lambda op: calls.binary(op, product(False, False, None)),
    ufunc=np.matmul,
    samples=(
        sample((3, 4), (4, 5)),
        sample((2, 3, 4), (4, 5)),
        sample((2, 1, 3, 4), (3, 4, 2)),
        sample((4,), (4, 5)),
        sample((3, 4), (4,)),
        sample((4,), (4,)),
        sample((2, 1, 4), (4,)),
        sample((4,), (2, 4, 5)),
    ),
)
def matmul(a: Any, b: Any) -> Any:
    """Matrix product with NumPy's rules for vectors and for batches."""
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("operands need at least one dimension; use * for scalars")
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"shapes {a.shape} and {b.shape} do not fit: {a.shape[-1]} columns, "
            f"{b.shape[-2 if b.ndim > 1 else 0]} rows"
        )
    kinds = a.dtype.kind + b.dtype.kind
    if "c" in kinds or not set(kinds) - set("biu"):
        return host(np.matmul, a, b)
    dtype = np.result_type(a.dtype, b.dtype)  # float32 with bools stays float32
    a, b = as_dtype(floats(a), dtype), as_dtype(floats(b), dtype)
    shape = a.shape[:-1] * (a.ndim > 1) + b.shape[-1:] * (b.ndim > 1)
    a2 = a[None] if a.ndim == 1 else a
    b2 = b[:, None] if b.ndim == 1 else b
    if a2.ndim == b2.ndim == 2:
        (left, ta), (right, tb) = matrix(a2), matrix(b2)
        return gemm(left, right, ta, tb).reshape(shape)
    return _batched(a2, b2, a.ndim == 1, b.ndim == 1)


def _batched(a: Array, b: Array, drop_row: bool, drop_column: bool) -> Array:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    m, n = a.shape[-2], b.shape[-1]
    if math.prod(b.shape[:-2]) == 1:  # fold a's batch into its rows
        right, tb = matrix(b.reshape(b.shape[-2:]))
        out = gemm(_rows(contiguous(a)), right, False, tb)
    else:
        left, ta = matrix(_lead(a, lead))
        right, tb = matrix(_lead(b, lead))
        out = gemm(_three(left), _three(right), ta, tb)
    shape = lead + (m,) * (not drop_row) + (n,) * (not drop_column)
    return out.reshape(shape)


def _lead(x: Array, lead: tuple[int, ...]) -> Array:
    """``x`` with its batch axes either all there or of product one."""
    if math.prod(x.shape[:-2]) == 1 or x.shape[:-2] == lead:
        return x
    out = empty(lead + x.shape[-2:], x.dtype)
    copy_into(np.broadcast_to(x, out.shape), out)
    return out


def _three(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def _rows(x: Array) -> Array:
    if x.ndim == 2:
        return x
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])  # -1 fails on size 0


def _like(rows: Array, x: Array) -> Array:
    """What was computed from the `_rows` of ``x``, with the leading axes of ``x``."""
    return rows if x.ndim == 2 else rows.reshape(*x.shape[:-1], rows.shape[1])


def _turn(x: Any) -> Any:
    axes = (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
    return transpose(x, axes=axes)


def _row(a: Any) -> Any:
    """A left operand with at least two axes: for NumPy a vector is a row."""
    return reshape(a, shape=(1, *a.shape)) if len(a.shape) == 1 else a


def _column(b: Any) -> Any:
    """A right operand with at least two axes: for NumPy a vector is a column."""
    return reshape(b, shape=(*b.shape, 1)) if len(b.shape) == 1 else b


def _product(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of ``a @ b`` with the axes that NumPy drops for vectors."""
    if len(a.shape) == 1:
        columns = b.shape[-1:] if len(b.shape) > 1 else ()
        lead = g.shape[: len(g.shape) - len(columns)]
        g = reshape(g, shape=(*lead, 1, *columns))
    return reshape(g, shape=(*g.shape, 1)) if len(b.shape) == 1 else g


def _grad_a(g: Any, a: Any, b: Any) -> Any:
    shape = (1, *a.shape) if len(a.shape) == 1 else a.shape
    da = matmul(_product(g, a, b), _turn(_column(b)))
    return reshape(unbroadcast(da, spec(shape, a.dtype)), shape=a.shape)


def _grad_b(g: Any, a: Any, b: Any) -> Any:
    shape = (*b.shape, 1) if len(b.shape) == 1 else b.shape
    g, a = _product(g, a, b), _row(a)
    if len(shape) == 2 and len(a.shape) > 2:  # one matrix for the whole batch
        count = math.prod(a.shape[:-1])
        a = reshape(a, shape=(count, a.shape[-1]))
        g = reshape(g, shape=(count, g.shape[-1]))
    return reshape(
        unbroadcast(matmul(_turn(a), g), spec(shape, b.dtype)), shape=b.shape
    )


# Linear ----------------------------------------------------------------------------


def _linear_forward(x: Array, weight: Array, bias: Any) -> tuple[Array, tuple[()]]:
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"input of shape {x.shape} does not fit weight {weight.shape}: expected "
            f"{weight.shape[-1]} features in the last axis"
        )
    _check_bias(bias, weight)
    x = as_dtype(floats(x), weight.dtype)
    rows = _rows(contiguous(x))
    w, turned = matrix(weight)
    row = None if bias is None else as_dtype(bias, weight.dtype)
    out = gemm(rows, w, False, not turned, row)
    return _like(out, x), ()


def _check_bias(bias: Any, weight: Any) -> None:
    shape = None if bias is None else getattr(bias, "shape", ())  # a number has none
    if shape is not None and shape != weight.shape[:1]:
        raise ValueError(
            f"bias of shape {shape} does not fit weight {weight.shape}: expected "
            f"{weight.shape[:1]}"
        )


def _linear_backward(
    g: Array,
    needs: Sequence[bool],
    out: None,
    residuals: tuple[()],
    x: Array,
    weight: Array,
    bias: Any,
) -> tuple[Array | None, Array | None, Array | None]:
    g2 = _rows(contiguous(g))
    dx = dw = db = None
    if needs[0]:
        w, turned = matrix(weight)
        dx = as_dtype(_like(gemm(g2, w, False, turned), x), x.dtype)
    if needs[1]:
        rows = _rows(contiguous(as_dtype(x, weight.dtype)))
        dw = gemm(g2, rows, True, False)
    if needs[2]:
        db = as_dtype(sum_over(g2, (0,), bias.shape), bias.dtype)
    return dx, dw, db


@fused(
    _linear_forward,
    _linear_backward,
    saves=("weight", "x", ""),
    front=lambda op: calls.linear(op, product(False, True)),
    samples=(sample((5, 4), (3, 4), (3,)), sample((2, 5, 4), (3, 4), None)),
)
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """``x @ weight.T + bias`` in the dtype of weight, (out, in) as in PyTorch.

    ``bias``, (out,), may be None. Data of another dtype are converted, so that float64
    arrays can be fed to a float32 model; their gradient comes back in float64.
    """
    _check_bias(bias, weight)
    y = matmul(_as(x, weight.dtype), transpose(weight))
    return y if bias is None else add(y, _as(bias, weight.dtype))


def _as(x: Any, dtype: Any) -> Any:
    return x if x.dtype == dtype else astype(x, dtype=dtype)
