"""How float32 matrix products are computed: a setting of the process.

Operands may be rounded to bfloat16, the upper half of a float32, which processors
multiply twice as fast or more; arrays and sums stay float32.
"""

from __future__ import annotations

from types import TracebackType
from typing import Literal, get_args

import numpy as np

from autograd_core.hooks import Array
from autograd_kernels.llvm.bfloat16 import AVAILABLE

Precision = Literal["float32", "bfloat16x3", "bfloat16"]
OPTIONS: tuple[Precision, ...] = get_args(Precision)
FLOAT32, THREE, BFLOAT16 = range(len(OPTIONS))
# The option's place in OPTIONS. A Program's guards compare it in native code.
SETTING: Array = np.zeros(1, np.int64)


class Setting:
    """What was set; as a context manager it puts back what was there before."""

    def __init__(self, before: int) -> None:
        self.before = before

    def __repr__(self) -> str:
        return f"<matmul precision {OPTIONS[SETTING[0]]!r}>"

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        SETTING[0] = self.before


def set_matmul_precision(precision: Precision) -> Setting:
    """Choose how large float32 matrix products are computed, in all threads.

    ``precision`` "float32" is the default. "bfloat16" rounds operands to 8 significant
    bits, and sums their products in float32; "bfloat16x3" adds the products with what
    rounding left over, for about 16 bits. This goes for ``@``, `linear`, einsum,
    convolutions and their gradients, from 32 rows and columns and 64 summands on, where
    one matrix is larger than 64 KB; what is smaller stays float32, and so does all of
    it on processors without AVX512-BF16. float64 is never touched, and ``ag.gradcheck``
    is float64. A compiled function is recorded once for each option.

    In a ``with`` statement it holds until its end. Raises ValueError for other options.

    >>> import autograd_core as ag
    >>> with ag.set_matmul_precision("bfloat16"):
    ...     ag.get_matmul_precision()
    'bfloat16'
    >>> ag.get_matmul_precision()
    'float32'
    """
    if precision not in OPTIONS:
        raise ValueError(
            f"set_matmul_precision: expected one of {', '.join(OPTIONS)}, got "
            f"{precision!r}"
        )
    before = int(SETTING[0])
    SETTING[0] = OPTIONS.index(precision)
    return Setting(before)


def get_matmul_precision(*, used: bool = False) -> Precision:
    """The option that `set_matmul_precision` has set: "float32" unless it was called.

    With ``used=True`` returns what large products have here and now: without
    AVX512-BF16 that is "float32", whatever is set.
    """
    return OPTIONS[SETTING[0]] if AVAILABLE or not used else "float32"
