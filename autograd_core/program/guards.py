"""Guards: what Python state a function can see, taken so that a change is noticed.

Nothing is asked of the user's objects: from the function's closure, globals, defaults
and ``self``, and from its arguments, we follow the names that its code mentions. What
is found is kept alive and compared by identity, plain values by type and bits.
"""

from __future__ import annotations

import functools
import sys
from array import array
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from types import FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.effects import is_iterator, is_source
from autograd_core.program.mentions import (
    DYNAMIC,
    function_of,
    is_special,
    is_users_class,
    modules_of,
    names_of,
    own_dict,
    slots,
)
from autograd_core.program.values import is_plain, mark, same
from autograd_core.tape import TensorBase
from autograd_core.user_code import is_users

DEEPEST = 100  # objects that hold each other that are followed
CONTAINERS = (deque, MappingProxyType, UserDict, UserList, ChainMap)
MEMORY = (bytearray, array, memoryview)
MEMO = type(functools.cache(len))
LONGEST = 1024  # items of a container that are looked at one by one


class Seen(NamedTuple):
    """A value that was found, and how the user's code comes to it."""

    path: str
    value: Any


class View:
    """All that a function can see at one moment.

    ``holders`` are the containers, cells and dicts that the values were found in.
    """

    def __init__(
        self, function: Any, arguments: Sequence[Any], names: Iterable[str] = ()
    ) -> None:
        """``names`` are attributes that a former view found in the code."""
        self.names = set(names)
        known = -1
        while known != len(self.names):
            known = len(self.names)
            self.seen: list[Seen] = []
            self.holders: list[Any] = []
            self.arrays: dict[int, Array] = {}
            self.sources: list[Any] = []  # of random numbers
            self.iterators: list[str] = []
            self._depth = 0
            self._visited: dict[int, Any] = {}  # kept alive: words name them by address
            self._visit(function, getattr(function, "__name__", "the function"))
            for i, argument in enumerate(arguments):
                self._visit(argument, f"argument {i}")

    def change(self, other: View) -> str | None:
        """What is different in ``other``; None if it is all the same."""
        for a, b in zip(self.seen, other.seen, strict=False):
            if a.path != b.path:
                return f"{a.path} or {b.path}"
            if not same(a.value, b.value):
                return f"{b.path} ({_short(a.value)} became {_short(b.value)})"
        if len(self.seen) != len(other.seen):
            longer = max(self.seen, other.seen, key=len)
            return longer[min(len(self.seen), len(other.seen))].path
        return None

    # Following ----------------------------------------------------------------------

    def _visit(self, value: Any, path: str) -> None:
        if is_plain(value):
            self.seen.append(Seen(path, value))
            return
        if id(value) in self._visited:
            return
        self._visited[id(value)] = value
        if self._depth == DEEPEST:
            self.seen.append(Seen(path, value))
            return
        self._depth += 1
        self._follow(value, path)
        self._depth -= 1

    def _follow(self, value: Any, path: str) -> None:
        if is_source(value):
            self.sources.append(value)
        elif is_iterator(value):
            self.iterators.append(path)
        for kind, visit in VISITS:
            if isinstance(value, kind):
                visit(self, value, path)
                if is_users_class(type(value)):  # derived from it
                    self._object(value, path)
                return
        self.seen.append(Seen(path, value))
        self._object(value, path)

    def _tensor(self, value: Any, path: str) -> None:
        self.seen.append(Seen(path, value))

    def _array(self, value: Any, path: str) -> None:
        self.seen.append(Seen(path, value))
        self.arrays[id(value)] = value

    def _items(self, value: Any, path: str) -> None:
        """A list."""
        self.seen += [Seen(path, value), Seen(f"len({path})", len(value))]
        self.holders.append(value)
        for i, item in enumerate(value if len(value) <= LONGEST else ()):
            self._visit(item, f"{path}[{i}]")

    def _tuple(self, value: Any, path: str) -> None:
        """Its identity means nothing."""
        self.seen.append(Seen(f"len({path})", len(value)))
        for i, item in enumerate(value if len(value) <= LONGEST else ()):
            self._visit(item, f"{path}[{i}]")

    def _mapping(self, value: Any, path: str) -> None:
        self.seen += [Seen(path, value), Seen(f"len({path})", len(value))]
        self.holders.append(value)
        if len(value) <= LONGEST:
            for key, item in value.items():
                name = f"{path}[{key!r:.40}]"
                self.seen.append(Seen(f"a key of {path}", key))
                self._visit(item, name)

    def _slice(self, value: Any, path: str) -> None:
        for part in (value.start, value.stop, value.step):
            self._visit(part, path)

    def _set(self, value: Any, path: str) -> None:
        self.seen.append(Seen(path, value))
        if len(value) <= LONGEST:
            look = Opaque(lambda: "".join(sorted(map(_told, value))))
            self.holders.append(look)
            self.seen.append(Seen(path, look.value))

    def _container(self, value: Any, path: str) -> None:
        """A deque, a mapping of another kind, ..."""
        self.seen.append(Seen(path, value))
        if len(value) > LONGEST:
            return
        if isinstance(value, Mapping):
            parts = [*value.keys(), *value.values()]
            self.holders.append(Opaque(lambda: Objects([*value, *value.values()])))
        else:
            parts = list(value)
            self.holders.append(Opaque(lambda: Objects(value)))
        for i, item in enumerate(parts):
            self._visit(item, f"{path}[{i}]")

    def _memory(self, value: Any, path: str) -> None:
        """Numbers that are no objects, so that they have no identity."""
        self.seen.append(Seen(path, value))
        if memoryview(value).nbytes <= 8 * LONGEST:
            look = Opaque(lambda: bytes(memoryview(value)))
            self.holders.append(look)
            self.seen.append(Seen(f"the bytes of {path}", look.value))

    def _context(self, value: Any, path: str) -> None:
        """A variable of a context."""
        self.seen.append(Seen(path, value))
        look = Opaque(lambda: value.get(None))
        self.holders.append(look)
        self._visit(look.value, path)

    def _partial(self, value: Any, path: str) -> None:
        self.seen.append(Seen(path, value))
        for part in (value.func, value.args, value.keywords):
            self._visit(part, path)

    def _method(self, value: Any, path: str) -> None:
        self._visit(value.__func__, path)
        self._visit(value.__self__, "self")

    def _function(self, value: Any, path: str) -> None:
        self.seen.append(Seen(path, value))
        if hasattr(value, "__wrapped__"):
            self._visit(value.__wrapped__, path)
        if not is_users(value.__code__.co_filename):
            return
        self.seen.append(Seen(f"the code of {path}", value.__code__))
        self.holders.append(value)
        mentioned = names_of(value.__code__)
        self.names |= mentioned.attributes
        for defaults in (value.__defaults__, value.__kwdefaults__):
            if defaults:
                self._visit(defaults, f"defaults of {path}")
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        for name, cell in cells:
            self.holders.append(cell)
            try:
                self._visit_named(cell.cell_contents, name)
            except ValueError:  # not set yet
                self.seen.append(Seen(f"`{name}`", ...))
        self._names_in(value.__globals__, sorted(mentioned.globals), "`{}`")
        for module in modules_of(value):
            self._visit(module, f"`{module.__name__}`")
        if value.__dict__:
            self._attributes(path, value.__dict__, self._names)

    def _visit_named(self, value: Any, name: str) -> None:
        """A variable: the object in it counts even where a value would not."""
        if isinstance(value, tuple):
            self.seen.append(Seen(f"`{name}`", value))
        self._visit(value, f"`{name}`")

    def _names_in(self, space: dict[str, Any], names: Iterable[str], form: str) -> None:
        """Values in a module's dict, by the names that code mentions."""
        names = [*names]
        found = [name for name in names if name in space]
        self.holders.append(Names(space, found))  # of none, too: one may come
        for name in found:
            self._visit(space[name], form.format(name))

    def _module_object(self, value: ModuleType, path: str) -> None:
        self.seen.append(Seen(path, value))
        file = getattr(value, "__file__", None)
        made = file is None and value.__name__ not in sys.builtin_module_names
        if made or is_users(file):
            names = sorted(self.names & vars(value).keys())
            self._names_in(vars(value), names, path.strip("`") + ".{}")

    def _class(self, value: type, path: str) -> None:
        self.seen.append(Seen(path, value))
        for kind in value.__mro__:
            if not is_users_class(kind):
                continue
            space = own_dict(kind)
            found = [n for n in space if self._names(n) or is_special(n, space[n])]
            self.holders.append(Names(space, found))
            for name in found:
                where = f"{path}.{name}"
                if not is_plain(space[name]):
                    self.seen.append(Seen(where, space[name]))
                self._visit(function_of(space[name]), where)

    def _object(self, value: Any, path: str) -> None:
        """An instance: its attributes, and its class if that is the user's."""
        kind = type(value)
        layer = hasattr(kind, "named_parameters")  # nn.Module, which is above us
        if kind.__module__.startswith("autograd_core") and not layer:
            wrapped = getattr(value, "__wrapped__", None)
            for part in (wrapped, *getattr(value, "follows", ())):
                if part is not None:
                    self._visit(part, path)
            return
        if isinstance(value, MEMO):
            memo = Opaque(lambda: repr(value.cache_info()[1:]))  # all but the hits
            self.holders.append(memo)
            self.seen.append(Seen(f"what {path} remembers", memo.value))
            self._visit(value.__wrapped__, path)
        self.seen.append(Seen(f"the type of {path}", kind))
        self.holders.append(TypeOf(value))
        self._visit(kind, kind.__name__)
        space = getattr(value, "__dict__", None)
        name = kind.__name__ if path == "self" or layer else path
        if space is not None:
            self._attributes(name, space, lambda n: layer or self._names(n), layer)
            if "__wrapped__" in space:  # compiled by another
                self._visit(space["__wrapped__"], path)
        if layer:
            self.seen.append(Seen(f"{name}.training", value.training))
        for attribute in slots(kind):
            if hasattr(value, attribute) and self._names(attribute):
                look = functools.partial(getattr, value, attribute, None)
                self.holders.append(Opaque(look))
                self._visit(getattr(value, attribute), f"{name}.{attribute}")

    def _attributes(
        self,
        name: str,
        space: dict[str, Any],
        wanted: Callable[[str], bool],
        layer: bool = False,
    ) -> None:
        """What stands in an object's dict."""
        found = [n for n in space if wanted(n)]
        self.holders.append(Names(space, found))
        for attribute in found:
            if not (layer and attribute == "training"):  # perhaps the class's own
                self._visit(space[attribute], f"{name}.{attribute}")

    def _names(self, attribute: str) -> bool:
        """Whether code may read an attribute of this name."""
        return attribute in self.names or not DYNAMIC.isdisjoint(self.names)


class Names(NamedTuple):
    """Some keys of a dict."""

    space: dict[str, Any]
    names: list[str]


class TypeOf(NamedTuple):
    """The class of an instance, which can be assigned to."""

    value: Any


class Objects(bytes):
    """The ids of objects that somebody keeps alive."""

    def __new__(cls, objects: Iterable[Any]) -> Objects:
        return super().__new__(cls, np.array(list(map(id, objects)), np.int64))


class Opaque:
    """What only Python can look at, and what it saw."""

    def __init__(self, look: Callable[[], Any]) -> None:
        self.look = look
        self.value = look()

    def unchanged(self) -> bool:
        """Whether it is what it was."""
        return same(self.look(), self.value)


VISITS: tuple[tuple[Any, Callable[[View, Any, str], None]], ...] = (
    (TensorBase, View._tensor),
    (np.ndarray, View._array),
    (list, View._items),
    (tuple, View._tuple),
    (dict, View._mapping),
    (slice, View._slice),
    ((set, frozenset), View._set),
    (functools.partial, View._partial),
    (MethodType, View._method),
    (FunctionType, View._function),
    (ModuleType, View._module_object),
    (type, View._class),
    (CONTAINERS, View._container),
    (MEMORY, View._memory),
    (ContextVar, View._context),
)


def _told(value: Any) -> str:
    """A plain value by its bits, an object by its place in memory."""
    return repr(mark(value)) if is_plain(value) else f"#{id(value)}"


def _short(value: Any) -> str:
    return f"{value!r:.40}" if is_plain(value) else f"a {type(value).__name__}"
