"""Augmentation: random changes of a batch's rows, and of their targets."""

from autograd_core.train.augment.chain import Augmentation, Chain
from autograd_core.train.augment.images import (
    Cutout,
    Flip,
    Jitter,
    Rotate,
    Shift,
    Zoom,
)
from autograd_core.train.augment.mixup import CutMix, Mixup
from autograd_core.train.augment.noise import Noise

__all__ = [
    "Augmentation",
    "Chain",
    "CutMix",
    "Cutout",
    "Flip",
    "Jitter",
    "Mixup",
    "Noise",
    "Rotate",
    "Shift",
    "Zoom",
]
