"""The op table: one row per op, in a file per family."""

from autograd_core.op import Op
from autograd_core.ops import (
    activations,
    assignment,
    batchnorm,
    batchnorm_shards,
    complexes,
    convolution,
    cumulative,
    decompositions,
    dropout,
    elementwise,
    exponential,
    fft,
    linalg,
    logic,
    losses,
    matmul,
    order,
    power,
    reduce,
    rounding,
    shape,
    softmax,
    sorting,
    trigonometric,
)

FAMILIES = (
    elementwise,
    power,
    complexes,
    logic,
    rounding,
    trigonometric,
    exponential,
    activations,
    shape,
    assignment,
    reduce,
    sorting,
    cumulative,
    order,
    matmul,
    convolution,
    softmax,
    losses,
    batchnorm,
    batchnorm_shards,
    dropout,
    linalg,
    decompositions,
    fft,
)

TABLE: dict[str, Op[...]] = {
    op.name: op
    for family in FAMILIES
    for op in vars(family).values()
    if isinstance(op, Op) and op.__module__ == family.__name__
}
