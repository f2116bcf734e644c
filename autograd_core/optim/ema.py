"""Averages of parameters over the steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.hooks import Array, recorder
from autograd_core.launch import FLOATS, Pointers, duplicate, empty, launch_many
from autograd_core.ops.broadcasting import as_dtype
from autograd_core.ops.elementwise import div, greater, where
from autograd_core.optim.checks import as_list, check_layout, check_names, describe
from autograd_core.optim.group import Group
from autograd_core.optim.settings import BELOW_ONE
from autograd_core.tape import TensorBase
from autograd_core.writes import overwrite, write
from autograd_kernels.optim import ema as k
from autograd_kernels.optim.rules import CLOCK, SCALARS
from autograd_kernels.pointers import CHUNK


class EMA:
    """Exponentially weighted average of ``params``, unbiased as `Average` is.

    Call ``update()`` after each step; it takes two launches and may be recorded. The
    parameters are read, never held fixed: inside ``with ema.averaged():`` they have the
    averages' values, and afterwards their own again. So have the ``buffers``, such as
    BatchNorm's running statistics; those that are no floats, counters, stay as they
    are. ``decay``, in [0, 1), default 0.999, is how much of the average an update
    keeps; ``settings["decay"]`` may change. Polyak, Juditsky 1992, with the weights of
    Kingma & Ba 2015. Raises TypeError for what is no Tensor, ValueError for another
    decay.

    >>> from autograd_core import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> ema = optim.EMA(model.parameters(), decay=0.99)
    >>> ema.update()
    >>> with ema.averaged():
    ...     output = model(nn.Buffer([1.0, 2.0]))
    """

    def __init__(
        self,
        params: Iterable[Any],
        decay: float = 0.999,
        buffers: Iterable[Any] = (),
    ) -> None:
        self.params: list[TensorBase] = tensors("parameter", params)
        if not self.params:
            raise ValueError("EMA: got no parameters at all")
        for i, p in enumerate(self.params):
            check_layout(f"EMA: parameter {i}", p._data)
        for i, b in enumerate(tensors("buffer", buffers)):
            if b._data.dtype in FLOATS:
                check_layout(f"EMA: buffer {i}", b._data)
                self.params.append(b)
        kinds, reads = {"decay": BELOW_ONE}, k.Settings._fields
        self.settings = Group("EMA", self.params, kinds, reads, {"decay": decay})
        self.clock: Array = np.zeros(CLOCK)  # updates, sum of the weights
        self.sums: list[Array] = [np.zeros_like(p._data) for p in self.params]

    def update(self) -> None:
        """Take the parameters' present values into the averages.

        Raises ValueError for a parameter that has got other memory that does not fit.
        """
        for i, (p, total) in enumerate(zip(self.params, self.sums, strict=True)):
            check_layout(f"EMA.update: parameter {i}", p._data)
            if (p._data.shape, p._data.dtype) != (total.shape, total.dtype):
                raise ValueError(
                    f"EMA.update: parameter {i} was {total.shape} {total.dtype} and "
                    f"became {p._data.shape} {p._data.dtype}; make a new EMA"
                )
        clock = Pointers([[self.clock], [self.settings.hyper]], CLOCK)
        scalars = empty((1, SCALARS), np.float64)
        launch_many(k.ema_advance, clock, scalars)
        pairs = list(zip(self.sums, (p._data for p in self._read()), strict=True))
        for dtype in FLOATS:
            same = [pair for pair in pairs if pair[0].dtype == dtype]
            if same:
                sums, data = zip(*same, strict=True)
                launch_many(k.ema, Pointers([sums, data], CHUNK), scalars, sums[0])

    def _read(self) -> list[TensorBase]:
        if (listener := recorder()) is not None:
            for p in self.params:
                listener.on_leaf(p)
        return self.params

    def averages(self) -> list[Array]:
        """The averages of parameters and float buffers; before any update these."""
        return [
            self._average(p, total)
            for p, total in zip(self.params, self.sums, strict=True)
        ]

    def _average(self, p: TensorBase, total: Array) -> Array:
        updates, weights = (
            as_dtype(self.clock[i : i + 1].reshape(()), total.dtype) for i in (0, 1)
        )
        started = greater.forward(updates, 0.0)
        return where.forward(started, div.forward(total, weights), p._data)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Give the parameters the averages' values inside the block."""
        own = [duplicate(p._data) for p in self._read()]
        self._assign(self.averages())
        if (listener := recorder()) is not None:
            listener.on_block(True)
        try:
            yield
        finally:
            if (listener := recorder()) is not None:
                listener.on_block(False)
            self._assign(own)

    def _assign(self, values: list[Array]) -> None:
        for p, value in zip(self.params, values, strict=True):
            write(p, value)

    def state_dict(self) -> dict[str, Any]:
        """Copies of all that is needed to go on, bit for bit."""
        return {
            "decay": self.settings["decay"],
            "clock": self.clock[:2].copy(),
            "sums": [total.copy() for total in self.sums],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; ValueError if names, shapes or dtypes differ."""
        label = "EMA.load_state_dict"
        check_names(label, state_dict, ("decay", "clock", "sums"))
        given = [(np.shape(a), np.asarray(a).dtype) for a in state_dict["sums"]]
        mine = [(a.shape, a.dtype) for a in self.sums]
        if given != mine:
            raise ValueError(f"{label}: sums are {given}, expected {mine}")
        clock = np.asarray(state_dict["clock"], np.float64)
        if clock.shape != (2,):
            raise ValueError(f"{label}: clock has shape {clock.shape}, expected (2,)")
        self.settings["decay"] = state_dict["decay"]
        overwrite(self.clock[:2], clock)
        for total, value in zip(self.sums, state_dict["sums"], strict=True):
            overwrite(total, value)

    def __repr__(self) -> str:
        return f"EMA(decay={self.settings['decay']}, updates={self.clock[0]:.0f})"


def tensors(what: str, given: Any) -> list[TensorBase]:
    """What is averaged as a list; TypeError for what is no Tensor."""
    found = as_list("EMA", given)
    for i, t in enumerate(found):
        if not isinstance(t, TensorBase):
            raise TypeError(f"EMA: {what} {i} must be a Tensor: {describe(t)}")
    return found
