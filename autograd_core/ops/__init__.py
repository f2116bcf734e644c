"""The op table: one row per op, in a file per family."""

from autograd_core.op import Op
from autograd_core.ops import (
    activations,
    batchnorm,
    dropout,
    elementwise,
    losses,
    matmul,
    reduce,
    shape,
    softmax,
)

FAMILIES = (
    elementwise,
    activations,
    shape,
    reduce,
    matmul,
    softmax,
    losses,
    batchnorm,
    dropout,
)

TABLE: dict[str, Op[...]] = {
    op.name: op
    for family in FAMILIES
    for op in vars(family).values()
    if isinstance(op, Op) and op.__module__ == family.__name__
}
