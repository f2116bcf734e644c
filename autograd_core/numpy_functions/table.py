"""Which function here answers which of NumPy's: all families, see the package.

It is loaded when NumPy first asks, as it takes a tenth of what the rest takes to load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from autograd_core.numpy_functions import (
    blocks,
    calculus,
    creation,
    cumulative,
    diagonals,
    einsum,
    elements,
    fft,
    indexing,
    joining,
    linalg,
    matrices,
    nan_reductions,
    norms,
    padding,
    pieces,
    products,
    questions,
    reductions,
    shapes,
    sorting,
    statistics,
    windows,
    writing,
)
from autograd_core.ops import TABLE

Table = Mapping[Any, Callable[..., Any]]

SPACES: Mapping[Any, Sequence[ModuleType]] = MappingProxyType(
    {
        np: (
            blocks,
            calculus,
            creation,
            cumulative,
            diagonals,
            einsum,
            elements,
            indexing,
            joining,
            nan_reductions,
            padding,
            pieces,
            products,
            questions,
            reductions,
            shapes,
            sorting,
            statistics,
            writing,
        ),
        np.linalg: (linalg, matrices, norms),
        np.fft: (fft,),
        np.lib.stride_tricks: (windows,),
    }
)

_ANSWERS = {
    getattr(space, name): answer
    for space, families in SPACES.items()
    for family in families
    for name, answer in vars(family).items()
    if getattr(answer, "__module__", None) == family.__name__ and hasattr(space, name)
}

UFUNCS: Table = MappingProxyType(
    {op.ufunc: op for op in TABLE.values() if op.ufunc is not None}
    | {f: answer for f, answer in _ANSWERS.items() if isinstance(f, np.ufunc)}
)

FUNCTIONS: Table = MappingProxyType(
    {f: answer for f, answer in _ANSWERS.items() if not isinstance(f, np.ufunc)}
)

# Their results carry no gradient: they are NumPy's own, of the bare data.
_NAMES = """
    allclose argwhere array2string array_equal
    array_equiv array_repr array_str bincount can_cast common_type count_nonzero
    diag_indices_from digitize flatnonzero histogram histogram2d histogram_bin_edges
    histogramdd iscomplexobj isin isrealobj
    ix_ lexsort may_share_memory min_scalar_type nanargmax nanargmin nonzero packbits
    ravel_multi_index result_type save savetxt savez savez_compressed searchsorted
    shares_memory tril_indices_from triu_indices_from unique unpackbits unravel_index
"""
BARE = frozenset(getattr(np, name) for name in _NAMES.split())
