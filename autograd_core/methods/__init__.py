"""Methods of Tensor that NumPy and PyTorch users know, each a call of a function.

Where the two disagree about a name it is NumPy's: `repeat`, `sort`, `nonzero`.
"""

from __future__ import annotations

from autograd_core.methods.elements import ElementMethods
from autograd_core.methods.places import PlaceMethods
from autograd_core.methods.reductions import ReductionMethods
from autograd_core.methods.shapes import ShapeMethods


class Methods(ShapeMethods, ReductionMethods, ElementMethods, PlaceMethods):
    """Shapes, reductions and functions, as methods; names as in NumPy or PyTorch."""

    __slots__ = ()
