"""Kept: what a forward changes, so that a step that fails leaves nothing behind."""

from __future__ import annotations

import numpy as np

from autograd_core.nn import Module
from autograd_core.random import default_generator


class Kept:
    """The buffers of a model, and where the library's generator stands."""

    def __init__(self, model: Module) -> None:
        self._kept = [(b._data, b._data.copy()) for b in model.buffers()]
        self._kept.append((default_generator.state, default_generator.get_state()))

    def keep(self) -> None:
        """Remember them as they are."""
        for now, kept in self._kept:
            np.copyto(kept, now)

    def put_back(self) -> None:
        """Make them what they were."""
        for now, kept in self._kept:
            np.copyto(now, kept)
