"""Where CPython keeps what guards look at: words of memory that native code compares.

A list, a dict, a closure's cell and a tensor's slots are read by their layout in C.
Each is tried out before it is relied on, and where an interpreter lays objects out
otherwise, Python looks instead.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from functools import cache
from types import CellType, FunctionType
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.guards import Names, Objects, Opaque, TypeOf
from autograd_core.tape import TensorBase
from autograd_kernels.driver import entry
from autograd_kernels.native import data_of

# Words from the start of an object, and of a dict's table of keys.
LENGTH, ITEMS, CELL = 2, 3, 2
FUNCTION = (6, 7, 8)  # code, defaults, keyword defaults
USED, KEYS, VALUES = 2, 4, 5
KEYS_KIND, KEYS_COUNT, KEYS_HEAD = 1, 3, 4  # the kind in the bytes of its word
GENERAL, UNICODE, SPLIT = 0, 1, 2
MOST_KEYS = 1 << 20
MOST_BYTES = 512  # of an array that is looked at word by word

Pair = tuple[int, int]  # an address, and the word that is there


class UnknownLayoutError(Exception):
    """Objects lie otherwise in this interpreter."""


def word(address: int) -> int:
    """The word at an address."""
    return ctypes.c_int64.from_address(address).value


def words_of(holders: Iterable[Any]) -> tuple[list[Pair], list[Opaque]]:
    """What to compare of these holders, and those that only Python can look at."""
    pairs: list[Pair] = []
    opaque: list[Opaque] = []
    for holder in holders:
        if isinstance(holder, Opaque):
            opaque.append(Opaque(holder.look))
            continue
        try:
            if not layout_known():
                raise UnknownLayoutError
            pairs += list(_words(holder))
        except UnknownLayoutError:
            opaque.append(_looked_at(holder))
    return pairs, opaque


def _words(holder: Any) -> Iterator[Pair]:
    start = id(holder)
    if isinstance(holder, Names):
        yield from _dict_words(holder.space, holder.names)
    elif isinstance(holder, CellType):
        yield start + 8 * CELL, word(start + 8 * CELL)
    elif type(holder) is dict:
        yield from _dict_words(holder, holder)
    elif isinstance(holder, list):
        # What else lies there is read only while these two are as they were.
        for at in (LENGTH, ITEMS):
            yield start + 8 * at, word(start + 8 * at)
        first = word(start + 8 * ITEMS)
        for i, item in enumerate(holder):
            yield first + 8 * i, id(item)
    elif isinstance(holder, TypeOf):
        yield id(holder.value) + 8, id(type(holder.value))
    elif isinstance(holder, FunctionType):
        for at in FUNCTION:
            yield start + 8 * at, word(start + 8 * at)
    elif isinstance(holder, np.ndarray) and holder.flags.c_contiguous:
        first, left = data_of(holder), holder.nbytes
        if left % 8 or left > MOST_BYTES:
            raise UnknownLayoutError
        for i in range(left // 8):
            yield first + 8 * i, word(first + 8 * i)
    else:
        raise UnknownLayoutError


def _dict_words(space: Any, names: Iterable[Any]) -> Iterator[Pair]:
    if type(space) is not dict:
        raise UnknownLayoutError
    start = id(space)
    for address in _keys(start):
        yield address, word(address)
    wanted = list(names)
    if wanted:
        slots = _slots(start)
        for name in wanted:
            key = next((k for k in space if k is name), None)
            if key is None:
                key = next(k for k in space if k == name)
            slot = slots.get(id(key), 0)
            if not slot or word(slot) != id(space[name]):
                raise UnknownLayoutError
            yield slot, word(slot)


def _keys(start: int) -> Iterator[int]:
    """Addresses of words that change with a dict's keys, also where as many come as go.

    A table of keys counts all that ever came. Where instances share one, a byte for
    each key in use stands before an instance's values, or since 3.13 after them.
    """
    yield from (start + 8 * KEYS, start + 8 * VALUES)
    keys, values = word(start + 8 * KEYS), word(start + 8 * VALUES)
    if not values:
        yield from (start + 8 * USED, keys + 8 * KEYS_COUNT)
    elif _values_head():  # bytes: capacity, size, ...
        yield values
        first = values + _values_head() + 8 * (word(values) & 0xFF)
        yield from range(first, first + (word(values) >> 8 & 0xFF), 8)
    else:  # bytes: ..., the second key, the first, size, capacity
        size = word(values - 8) >> 48 & 0xFF
        yield from range(values - 8, values - 8 - (size + 2), -8)


def _slots(start: int) -> dict[int, int]:
    """Where a dict keeps each value, by the id of the key."""
    keys, values = word(start + 8 * KEYS), word(start + 8 * VALUES)
    sizes = word(keys + 8 * KEYS_KIND)
    index_bytes, kind = 1 << (sizes >> 8 & 0xFF), sizes >> 16 & 0xFF
    count = word(keys + 8 * KEYS_COUNT)
    if not 0 <= count <= MOST_KEYS or kind > SPLIT:
        raise UnknownLayoutError
    first = keys + 8 * KEYS_HEAD + index_bytes
    step, key_at, value_at = (24, 8, 16) if kind == GENERAL else (16, 0, 8)
    found = {}
    for i in range(count):
        entry_at = first + step * i
        slot = values + _values_head() + 8 * i if values else entry_at + value_at
        found[word(entry_at + key_at)] = slot
    return found


@cache
def _values_head() -> int:
    """Bytes before the first value in the values of an instance's dict."""

    class Sample:
        def __init__(self) -> None:
            self.first = object()

    sample = Sample()
    values = word(id(vars(sample)) + 8 * VALUES)
    if not values:
        return 0
    for head in (0, 8):
        if word(values + head) == id(sample.first):
            return head
    raise UnknownLayoutError


def _looked_at(holder: Any) -> Opaque:
    """The same by Python: the objects in a holder, by identity."""
    if isinstance(holder, Names):
        space, names = holder.space, tuple(holder.names)
        # All keys: a new one may hide what a class or a module has by its name.
        return Opaque(lambda: Objects([*space, *map(space.get, names)]))
    if isinstance(holder, CellType):
        return Opaque(lambda: Objects([holder.cell_contents]))
    if isinstance(holder, dict):
        return Opaque(lambda: Objects([*holder, *holder.values()]))
    if isinstance(holder, np.ndarray):
        return Opaque(holder.tobytes)
    if isinstance(holder, FunctionType):
        told = ("__code__", "__defaults__", "__kwdefaults__")
        return Opaque(lambda: Objects(getattr(holder, name) for name in told))
    if isinstance(holder, TypeOf):
        return Opaque(lambda: Objects([type(holder.value)]))
    return Opaque(lambda: Objects(holder))


@cache
def layout_known() -> bool:
    """Whether lists, dicts and cells lie as told above, in all the ways they come."""
    if not entry.layout_known():
        return False
    try:
        return all(map(_is_followed, _samples()))
    except UnknownLayoutError:
        return False


def _samples() -> list[tuple[Any, Any]]:
    """A holder each, and a way to change it."""

    class Plain:
        def __init__(self) -> None:
            self.a, self.b = object(), object()

    def change_keys(space: dict[Any, Any], new: str) -> None:
        del space["a"]
        space[new] = object()

    plain, more, known, other = Plain(), Plain(), Plain(), Plain()
    swapped: dict[Any, Any] = {"a": object(), "b": object()}
    cell = CellType(object())
    table: dict[Any, Any] = {"a": object(), "b": object()}
    mixed: dict[Any, Any] = {1: object(), "b": object(), (2, 3): object()}
    items = [object(), object()]
    for sample in (plain, more, known, other):
        vars(sample)

    def one(a: Any = (), *, b: Any = ()) -> None: ...
    def two(a: Any = (), *, b: Any = ()) -> None: ...

    return [
        (TypeOf(Plain()), None),
        (one, lambda: setattr(one, "__defaults__", (object(),))),
        (two, lambda: setattr(two, "__code__", one.__code__)),
        (Names(vars(plain), ["a"]), lambda: setattr(plain, "a", object())),
        (Names(vars(more), ["b"]), lambda: setattr(more, "c", object())),
        (Names(vars(known), ["b"]), lambda: change_keys(vars(known), "c")),
        (Names(vars(other), ["b"]), lambda: change_keys(vars(other), "new")),
        (Names(swapped, ["b"]), lambda: change_keys(swapped, "c")),
        (Names(table, ["b"]), lambda: table.__setitem__("b", object())),
        (mixed, lambda: mixed.__setitem__((2, 3), object())),
        (dict(table), None),
        (items, lambda: items.__setitem__(1, object())),
        (cell, lambda: setattr(cell, "cell_contents", object())),
    ]


def _is_followed(sample: tuple[Any, Any]) -> bool:
    holder, change = sample
    pairs = list(_words(holder))
    if any(word(at) != there for at, there in pairs):
        return False
    if change is None:
        return True
    change()
    return any(word(at) != there for at, there in pairs)


@cache
def slot_of(name: str) -> int:
    """Bytes from the start of a tensor to where CPython keeps one of its slots."""
    tensor = TensorBase(np.empty(0))
    mark = object() if name != "_data" else np.empty(0)
    setattr(tensor, name, mark)
    words = (ctypes.c_int64 * (TensorBase.__basicsize__ // 8)).from_address(id(tensor))
    return 8 * list(words).index(id(mark))


def table(pairs: list[Pair]) -> Array:
    """Pairs as native code takes them."""
    return np.array(pairs, np.int64).reshape(-1, 2)
