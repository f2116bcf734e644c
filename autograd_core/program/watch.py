"""Watch: what a Program was recorded under, and whether it is still so."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.guards import Opaque, View
from autograd_core.program.native_call import unchanged
from autograd_core.program.record import Recording
from autograd_core.program.values import mark
from autograd_core.program.words import (
    layout_known,
    slot_of,
    table,
    words_of,
)

LARGEST = 1 << 14  # bytes of an array whose values are compared
SMALL = 1 << 9  # ... though launches read it


class Watch:
    """A view, and what a recording found beyond it, as words that native code reads.

    ``pairs`` are the words; ``opaque`` is what Python must look at in each call.
    """

    def __init__(self, view: View, recording: Recording | None = None) -> None:
        self.view = view
        self.leaves = recording.leaves if recording else []
        self.settings = recording.settings if recording else []
        self.entry_grads = recording.entry_grads if recording else []
        self._recording = recording
        self.arrays: list[tuple[Array, bytes]] = []
        self.perhaps: list[tuple[Array, bytes]] = []
        self._cleared = recording is None  # of small arrays that launches read
        self._look_at_arrays()
        self.arm()

    def _look_at_arrays(self) -> None:
        """Arrays that no launch reads: their values matter if Python reads them.

        Of small ones that launches read, Python may read the values too. That cannot
        be seen, but a first change can: then the next call is a check.
        """
        read: set[int] = set()
        if self._recording is not None:
            outside = self._recording.buffers.outside
            read = {id(buffer.home) for buffer in outside}
        self.arrays, self.perhaps = [], []
        for array in self.view.arrays.values():
            if id(owner_of(array)) not in read and array.nbytes <= LARGEST:
                self.arrays.append((array, array.tobytes()))
            elif array.nbytes <= SMALL and not self._cleared:
                self.perhaps.append((array, array.tobytes()))

    def moved(self) -> bool:
        """Whether a small array that launches read has other values for the first time.

        From then on its values are not looked at.
        """
        moved = any(array.tobytes() != value for array, value in self.perhaps)
        if moved:
            self._cleared, self.perhaps = True, []
            self.arm()
        return moved

    def arm(self) -> None:
        """Take the words that are there now."""
        looked_at = [array for array, _ in (*self.arrays, *self.perhaps)]
        holders = [*self.view.holders, *looked_at]
        for setting in self.settings:
            holders += setting.holders or [Opaque(setting.look)]
        pairs, self.opaque = words_of(holders)
        if layout_known():
            for tensor, requires_grad, array in self.leaves:
                pairs.append((id(tensor) + slot_of("_data"), id(array)))
                pairs.append(
                    (id(tensor) + slot_of("_requires_grad"), id(requires_grad))
                )
            for tensor, grad in self.entry_grads:
                pairs.append((id(tensor) + slot_of("_grad"), id(grad)))
        else:
            held = Opaque(self._tensors_hold)
            held.value = ""  # as it was recorded, whatever there is now
            self.opaque.append(held)
        self.pairs = table(pairs)

    def still(self) -> bool:
        """Whether nothing was touched; if not, `change` says whether it matters."""
        return unchanged(self.pairs) and self.opaque_still()

    def opaque_still(self) -> bool:
        """The part of `still` that native code cannot see."""
        return all(look.unchanged() for look in self.opaque)

    def change(self, view: View) -> str | None:
        """What is not as it was, in words; None if all is."""
        found = self.view.change(view)
        if found:
            return found
        for setting in self.settings:
            if mark_all(setting.look()) != mark_all(setting.value):
                return setting.what
        for array, value in self.arrays:
            if array.tobytes() != value:
                return f"the values of an array {array.shape}, which NumPy reads,"
        return self._tensors_hold() or None

    def _tensors_hold(self) -> str:
        for tensor, requires_grad, array in self.leaves:
            if tensor._requires_grad is not requires_grad:
                return "requires_grad of a tensor"
            if tensor._data is not array:
                return f"the array of a tensor of shape {array.shape}"
        for tensor, grad in self.entry_grads:
            if tensor._grad is not grad:
                return "gradients that were there, or were not, at the start"
        return ""

    def renew(self, view: View) -> None:
        """Go on with a view in which nothing that matters has changed."""
        self.view = view
        self._look_at_arrays()
        self.arm()


def owner_of(array: Array) -> Array:
    """The array whose memory this is."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def mark_all(value: Any) -> Any:
    """`values.mark`, in lists too."""
    return [mark(v) for v in value] if isinstance(value, list) else mark(value)
