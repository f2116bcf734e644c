"""Data for training: checked, split, standardised, augmented, cut into batches.

Nothing here holds a random state: order and augmentation of a step follow from the seed
and the number of the step, so a resumed run sees what an uninterrupted one would.
"""

from autograd_core.train.data.batches import Batches
from autograd_core.train.data.checks import (
    check_data,
    check_labels,
    check_weights,
    unpack,
)
from autograd_core.train.data.forms import as_array, as_data, take
from autograd_core.train.data.splits import class_weights, split
from autograd_core.train.data.standardizer import Standardizer

__all__ = [
    "Batches",
    "Standardizer",
    "as_array",
    "as_data",
    "check_data",
    "check_labels",
    "check_weights",
    "class_weights",
    "split",
    "take",
    "unpack",
]
