"""The forms that data comes in, and rows of it as arrays.

Data is an array, possibly mapped from a file, or a SciPy matrix in CSR form; rows of
either become arrays when they are taken, so neither is ever in memory twice or whole.
"""

from __future__ import annotations

import mmap
import numbers
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from autograd_core.hooks import Array
from autograd_core.tape import TensorBase

Data: TypeAlias = Any  # an array or a CSR matrix, with shape, dtype and slices of rows
NUMBERS = "fiub"  # kinds of dtypes
ENCODE = (
    "encode categories as whole numbers (np.unique(y, return_inverse=True)[1]) or as "
    "columns of 0 and 1 (pandas.get_dummies)"
)


def as_data(value: Any, what: str) -> Data:
    """``value`` as an array, or in CSR form if it is a SciPy sparse matrix.

    Takes what `as_array` takes. ``what`` names it in errors.
    """
    if not is_sparse(value):
        return as_array(value, what)
    if value.ndim != 2:
        raise ValueError(
            f"{what} must be a matrix if sparse, its shape is {value.shape}"
        )
    matrix = value.tocsr()
    _require_numbers(matrix.data[:1], what)
    return matrix


def as_array(value: Any, what: str) -> Array:
    """``value`` as an array of real numbers, not copied if it can be helped.

    Takes arrays (read-only, mapped from a file), nested lists, Tensors, PyTorch's
    tensors, pandas' frames, series and indices (nullable ones too). Raises TypeError
    for all else (text, categories, generators, sparse or masked arrays), ValueError for
    rows of different lengths.
    """
    if type(value) is np.ndarray:
        array = value
    elif isinstance(value, TensorBase):
        array = value._data
    elif hasattr(value, "isna") and hasattr(value, "to_numpy"):
        array = _of_pandas(value, what)
    elif hasattr(value, "detach") and hasattr(value, "cpu"):
        array = value.detach().cpu().numpy()
    else:
        array = _of_lists(value, what)
    _require_numbers(array, what)
    return array


def is_sparse(value: Any) -> bool:
    """Whether it is a sparse matrix or array of SciPy's."""
    return hasattr(value, "tocsr")


def is_mapped(array: Array) -> bool:
    """Whether its values lie in a file (`numpy.memmap`, also seen as an array)."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, mmap.mmap)


def settled(data: Data) -> Data:
    """Arrays in memory made C-contiguous, aligned and native, so that rows are fast."""
    if not isinstance(data, np.ndarray) or is_mapped(data):
        return data
    return np.require(data, native(data.dtype), ["C", "A"])


def native(dtype: Any) -> Any:
    """A dtype in the machine's byte order: the one object that NumPy's arrays share.

    `ag.compile` knows the kind of an array by that object, and is slower without.
    """
    return np.dtype(dtype.newbyteorder("=").str)


def take(data: Data, rows: Any, dtype: Any = None) -> Array:
    """Rows, by numbers or slice, as an array of ``dtype`` (else as they are)."""
    if not isinstance(data, np.ndarray):
        part = data[rows].toarray()
    elif data.flags.c_contiguous and data.flags.aligned and type(rows) is np.ndarray:
        part = data.take(rows, 0)  # twice as fast as data[rows]
    else:
        part = data[rows]
    if dtype is not None and part.dtype != dtype:
        return part.astype(dtype)
    return part


def chunks(data: Data, size: int = 1 << 18) -> Iterator[slice]:
    """Slices of rows of about ``size`` numbers that cover ``data``."""
    width = max(1, int(np.prod(data.shape[1:])))
    step = max(1, size // width)
    return (slice(i, i + step) for i in range(0, data.shape[0], step))


def _require_numbers(array: Array, what: str) -> None:
    """Raise TypeError for text, objects, dates and complex numbers; a hint with it."""
    kind = array.dtype.kind
    if kind in NUMBERS:
        return
    got, hint = f"dtype {array.dtype}", ""
    if kind == "O":
        odd = [v for v in array.flat if not isinstance(v, numbers.Real)]
        got += f" with {odd[0]!r}"[:60] if odd else ""
        hint = "; .astype(np.float32) makes numbers of these objects" * (not odd)
    if kind in "UST" or (kind == "O" and odd and isinstance(odd[0], str)):
        hint = f"; {ENCODE}"
    raise TypeError(f"{what} must be numbers, got {got}{hint}")


def _of_lists(value: Any, what: str) -> Array:
    kind = type(value).__name__
    if is_sparse(value):
        raise TypeError(f"{what} is a sparse matrix; .toarray() makes it an array")
    if hasattr(value, "__next__"):
        raise TypeError(
            f"{what} must have rows that can be taken in any order, got a {kind}; "
            "list(...) keeps what it yields"
        )
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{what} is masked, and its mask would be dropped; .filled(0) fills it"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{what} must have rows of one shape, got lists of different lengths "
            f"({error})"
        ) from None
    if array.ndim == 0 and array.dtype.kind not in NUMBERS:
        raise TypeError(f"{what} must be rows of numbers, got {kind}")
    return array


def _of_pandas(value: Any, what: str) -> Array:
    """A frame, series, index or extension array; missing values become NaN."""
    if value.ndim == 1:
        kinds = [("", _bare(value.dtype))]
    else:
        kinds = [(f" in column {c!r}", _bare(d)) for c, d in value.dtypes.items()]
    odd = [f"{d}{c}" for c, d in kinds if getattr(d, "kind", "O") not in NUMBERS]
    if odd:
        more = f" and {len(odd) - 5} others" * (len(odd) > 5)
        cast = "; .astype(float) if they are numbers" * (odd[0].startswith("object"))
        raise TypeError(
            f"{what} must be numbers, got {', '.join(odd[:5])}{more}; {ENCODE}{cast}"
        )
    dtype = np.result_type(*(d for _, d in kinds)) if kinds else np.dtype("f8")
    if np.asarray(value.isna()).any():
        floats = np.result_type(dtype, np.float32)
        return value.to_numpy(dtype=floats, na_value=np.nan)
    return value.to_numpy(dtype=dtype)


def _bare(dtype: Any) -> Any:
    """NumPy's dtype of a nullable or sparse one of pandas."""
    return getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype))
