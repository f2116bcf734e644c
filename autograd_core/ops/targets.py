"""What a loss takes for a target, and what to do about one that it does not take."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_kernels.checks import coded_value
from autograd_kernels.softmax import coded_label


def is_soft(x: Any, t: Any) -> bool:
    """Whether ``t`` is probabilities for logits ``x``: else it is labels, or raises.

    It looks at shapes and dtypes alone, as values may differ in a replay.
    """
    if len(x.shape) != 2 or x.shape[1] == 0:
        text = f"expected logits of shape (rows, classes), got {x.shape}"
        raise ValueError(f"cross_entropy: {text}")
    kind = t.dtype.kind
    if kind == "f" and t.shape == x.shape:
        return True
    if kind in "iu" and t.shape == x.shape[:1]:
        return False
    raise _no_target(x, t)


def _no_target(x: Any, t: Any) -> Exception:
    """The error for a target that is neither labels nor probabilities: what helps."""
    kind, rows = t.dtype.kind, x.shape[:1]
    whole = "" if kind in "iu" else ".astype(int)"
    remedy = ""
    if t.shape == (*rows, 1):
        remedy = f"; of a column of labels take y.reshape(-1){whole}"
    elif t.shape == rows and kind in "bf":
        remedy = f"; labels are {t.dtype}: take y{whole}"
    elif t.shape == x.shape:
        remedy = "; of one-hot rows take y.argmax(1), or y.astype(float)"
    if kind not in "iuf":
        text = "cross_entropy: expected integer labels or floating probabilities"
        return TypeError(f"{text}, got dtype {t.dtype}{remedy if kind == 'b' else ''}")
    need = "probabilities of their shape" if kind == "f" else f"labels of shape {rows}"
    text = f"cross_entropy: logits {x.shape} need {need}"
    return ValueError(f"{text}, got {t.shape}{remedy}")


def no_class(shape: tuple[int, ...], soft: bool) -> Callable[[int], Exception]:
    """The error behind a status of the cross-entropy kernels."""
    rows, classes = shape

    def error(index: int) -> Exception:
        code, row = divmod(index, rows)
        if not code:
            return ValueError(f"cross_entropy: the loss of row {row} is NaN")
        if soft:
            return ValueError(
                f"cross_entropy: a probability in row {row} is {coded_value(code):g}; "
                "expected none below 0"
            )
        label = coded_label(code)
        return ValueError(
            f"cross_entropy: label {label} in row {row} is not one of {classes} "
            f"classes, 0 to {classes - 1}{_remedy(label, classes)}"
        )

    return error


def _remedy(label: int, classes: int) -> str:
    if classes == 1:
        return "; one logit a row is for binary_cross_entropy_with_logits"
    if label < 0:
        return f"; ignore_index={label} would leave such rows out"
    return ""


def check_shapes(name: str, x: Any, t: Any) -> None:
    """Raise ValueError unless prediction and target have one shape: what helps."""
    if x.shape == t.shape:
        return
    remedy = ""
    if x.shape == (*t.shape, 1):
        remedy = f": reshape the target to {(-1, 1) if len(t.shape) == 1 else x.shape}"
    elif t.shape == (*x.shape, 1):
        remedy = f": reshape the target to {(-1,) if len(x.shape) == 1 else x.shape}"
    elif len(x.shape) == 2 and t.shape == x.shape[:1] and t.dtype.kind in "iub":
        remedy = (
            ": labels of classes are for cross_entropy; here each output has its "
            f"target, as in np.eye({x.shape[1]})[target]"
        )
    raise ValueError(
        f"{name}: input {x.shape} and target {t.shape} differ in shape{remedy}"
    )


def no_share(name: str, shape: tuple[int, ...]) -> Callable[[int], Exception]:
    """The error behind a status of the kernels of `losses`, or of `checks.outside`."""

    def error(index: int) -> Exception:
        code, index = divmod(index, math.prod(shape))
        place = tuple(int(i) for i in np.unravel_index(index, shape))
        if code:
            return ValueError(
                f"{name}: the target at {place} is {coded_value(code):g}; expected "
                "numbers in [0, 1], such as labels 0 and 1"
            )
        return ValueError(f"{name}: the loss at {place} is NaN")

    return error
