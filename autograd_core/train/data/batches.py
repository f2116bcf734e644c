"""Minibatches by the number of the step."""

from __future__ import annotations

import copy
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.hooks import Array
from autograd_core.nn import check
from autograd_core.train.augment import Augmentation, Chain
from autograd_core.train.data.checks import check_data, check_weights
from autograd_core.train.data.forms import chunks, is_mapped, native, settled, take

WHOLE = 1 << 26  # bytes of data up to which all of it makes the fingerprint
SAMPLE = 1024  # rows that make it otherwise


class Batches:
    """Minibatches of (x, y) by the number of the step, shuffled anew each epoch.

    ``x`` (rows, ...) and ``y`` (rows, ...) are arrays, lists, frames, tensors; ``x``
    may be a SciPy sparse matrix, whose rows become arrays batch by batch, as those of a
    file mapped into memory do. With ``sample_weight`` (rows,) batches are (x, y, w).
    The order follows from ``seed`` and the epoch; ``shuffle=False`` keeps that of the
    rows.

    The last batch of an epoch, of less than ``batch_size`` rows, is what is left, or
    dropped with ``drop_last``. A last batch of ONE row, which BatchNorm cannot train
    on, is merged into the one before. A batch larger than the data is all of it.

    ``augment`` changes a batch: a function ``(x, rng) -> x``, one of `train.Jitter` and
    its like, which change a row in an epoch alike in any batch, or a list of these, see
    `train.Chain`. Inputs have the dtype of the model before they are augmented.

    Raises what `check_data` and `check_weights` do, TypeError for a batch size that is
    no whole number, ValueError for one below 1 or no whole batch to keep.

    >>> import numpy as np
    >>> from autograd_core.train import Batches
    >>> batches = Batches(np.zeros((10, 3), "f4"), np.arange(10), 4, seed=1)
    >>> [len(y) for x, y in batches.epoch(0)]
    [4, 4, 2]
    """

    @answers
    def __init__(
        self,
        x: Any,
        y: Any,
        batch_size: int = 64,
        *,
        sample_weight: Any = None,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        augment: Augmentation | Sequence[Augmentation] | None = None,
    ) -> None:
        self.batch_size = _whole("batch_size", batch_size, 1)
        self.seed = _whole("seed", seed, 0)
        x, y = check_data(x, y, "training data")
        self.x, self.y = settled(x), settled(y)
        self.sample_weight: Array | None = None
        if sample_weight is not None:
            self.sample_weight = check_weights(sample_weight, len(y), "training data")
        whole, rest = divmod(len(y), self.batch_size)
        merged = rest == 1 and whole > 0
        self.steps = whole + (rest > 0 and not (drop_last or merged))
        self.rows = whole * self.batch_size if drop_last else len(y)  # of an epoch
        if not self.steps:
            raise ValueError(
                f"Batches: {len(y)} rows fill no batch of {self.batch_size}; "
                "drop_last leaves nothing"
            )
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self.augment = None if augment is None else Chain(augment)
        self._x_dtype, self._y_dtype = (native(v.dtype) for v in (x, y))
        self._order: tuple[int, Array] = (-1, np.arange(len(y)))
        self._fingerprint: int | None = None
        self.reuse = False
        self._memory: dict[int, Array] = {}  # for that, by the number of rows

    def at(self, step: int) -> tuple[Array, ...]:
        """The batch of a step, counted from 0 through all epochs: new arrays.

        With the attribute ``reuse`` set, x lies where that of the last batch of as many
        rows did, if it can: large new arrays cost ten times the copy.
        """
        return self._made(step, 0, self.rows_at(step))

    def rows_at(self, step: int) -> Array:
        """The numbers of the rows of a step's batch."""
        if step < 0:
            raise IndexError(f"Batches: step must be >= 0, got {step}")
        epoch, number = divmod(step, self.steps)
        first = number * self.batch_size
        last = number == self.steps - 1
        return self._rows(epoch)[first : self.rows if last else first + self.batch_size]

    def run_of(self, step: int) -> tuple[list[Array], Array] | None:
        """Batches from a step on, to the end of its epoch, as rows of arrays.

        Returns the arrays, and the numbers of the rows (steps, rows of a batch), of all
        batches that have as many; None if batches are made in another way.
        """
        own = type(self) is Batches and "at" not in vars(self)
        if not own or not self._is_plain or self.y.dtype != self._y_dtype:
            return None
        columns = [self.x, self.y]
        if self.sample_weight is not None:
            columns.append(self.sample_weight)
        epoch, number = divmod(step, self.steps)
        first, size = number * self.batch_size, self.batch_size
        last = self.rows - (self.steps - 1) * size
        steps = self.steps - 1 - number + (last == size)
        if number == self.steps - 1:
            size, steps = last, 1
        rows = self._rows(epoch)[first : first + steps * size]
        return columns, rows.reshape(steps, size)

    def part(self, step: int, shard: int, places: slice) -> tuple[Array, ...]:
        """Some rows of a step's batch: its shard of that number, as `at` gives all.

        A row is augmented as it is in the batch by what goes by its number; what draws
        from a generator gets another one for each shard.
        """
        return self._made(step, shard, self.rows_at(step)[places])

    def _made(self, step: int, shard: int, rows: Array) -> tuple[Array, ...]:
        x = self._reused(rows) if self.reuse and self._is_plain else None
        if x is None:
            x = take(self.x, rows, self._x_dtype)
        y = take(self.y, rows, self._y_dtype)
        if self.augment is not None:
            epoch, number = divmod(step, self.steps)
            x, y = self.augment.batch(x, y, self.seed, epoch, (number, shard), rows)
            y = _floats(y, self._y_dtype)
        if self.sample_weight is None:
            return x, y
        return x, y, self.sample_weight[rows]

    def epoch(self, number: int) -> Iterator[tuple[Array, ...]]:
        """All batches of an epoch."""
        return (self.at(number * self.steps + i) for i in range(self.steps))

    def astype(self, x: Any, y: Any, weights: Any = None) -> Self:
        """These batches in other dtypes, cast before and after augmentation.

        Floats in memory are cast at once, all else batch by batch, so that images of
        bytes and files stay as small as they are.
        """
        new = copy.copy(self)
        new._x_dtype, new._y_dtype = np.dtype(x), np.dtype(y)
        new.x, new.y = _cast(self.x, new._x_dtype), _cast(self.y, new._y_dtype)
        if self.sample_weight is not None and weights is not None:
            new.sample_weight = self.sample_weight.astype(weights, copy=False)
        new._fingerprint = None
        new._memory = {}
        return new

    @property
    def _is_plain(self) -> bool:
        """Whether rows of x are copied as they are."""
        x = self.x
        if not isinstance(x, np.ndarray) or self.augment is not None:
            return False
        plain = x.flags.c_contiguous and x.flags.aligned
        return plain and x.dtype == self._x_dtype

    def _reused(self, rows: Array) -> Array:
        out = self._memory.get(len(rows))
        if out is None:
            shape = len(rows), *self.x.shape[1:]
            out = self._memory[len(rows)] = np.empty(shape, self._x_dtype)
        # Rows are in range; with mode="raise" NumPy would make a copy first.
        return self.x.take(rows, 0, out, "clip")

    def _rows(self, epoch: int) -> Array:
        """The order of an epoch."""
        if self.shuffle and epoch != self._order[0]:
            rng = np.random.default_rng((self.seed, epoch))
            self._order = epoch, rng.permutation(len(self.y))
        return self._order[1]

    def describe(self) -> dict[str, Any]:
        """What a checkpoint must find again for a resumed run to be the same.

        "data" is a CRC-32 of the rows as batches give them, whatever form they came in;
        of a sample of the rows beyond 64 MiB.
        """
        if self._fingerprint is None:
            self._fingerprint = self._crc()
        return {
            "rows": len(self.y),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            "steps": self.steps,
            "augment": self._augmented(),
            "data": self._fingerprint,
        }

    def _crc(self) -> int:
        columns = [(self.x, self._x_dtype), (self.y, self._y_dtype)]
        if self.sample_weight is not None:
            columns.append((self.sample_weight, self.sample_weight.dtype))
        crc = 0
        for data, dtype in columns:
            dtype = dtype if dtype.kind == "f" else np.dtype(np.int64)
            crc = zlib.crc32(str(data.shape).encode(), crc)
            if int(np.prod(data.shape)) * dtype.itemsize <= WHOLE:
                parts: Any = chunks(data)
            else:
                parts = [np.linspace(0, len(self.y) - 1, SAMPLE).astype(np.int64)]
            for rows in parts:
                crc = zlib.crc32(take(data, rows, dtype).tobytes(), crc)
        return crc

    def __repr__(self) -> str:
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        order = "shuffled" if self.shuffle else "in order"
        return (
            f"Batches({len(self.y)} rows, x {self.x.shape[1:]} {self._x_dtype}, y "
            f"{self.y.shape[1:]} {self._y_dtype}; batch_size={self.batch_size}, "
            f"{steps} an epoch, {order}, seed={self.seed}"
            f"{', with weights' * (self.sample_weight is not None)}"
            f"{', augmented by ' * bool(self.augment)}{self._augmented()})"
        )

    def _augmented(self) -> str:
        """The augmentation in words that are the same in every process."""
        words = "" if self.augment is None else repr(self.augment)
        return re.sub(r" at 0x[0-9a-fA-F]+", "", words)


def _whole(name: str, value: Any, least: int) -> int:
    number = check.integer(f"Batches: {name}", value)
    if number < least:
        raise ValueError(f"Batches: {name} must be >= {least}, got {value}")
    return number


def _cast(data: Any, dtype: Any) -> Any:
    """Floats in memory in another dtype; integers and files as they are."""
    if data.dtype.kind != "f" or (isinstance(data, np.ndarray) and is_mapped(data)):
        return data
    return data.astype(dtype, copy=False)


def _floats(values: Array, dtype: Any) -> Array:
    """Mixed targets, if floats, in the dtype that they had."""
    if values.dtype.kind == "f" and dtype.kind == "f":
        return values.astype(dtype, copy=False)
    return values
