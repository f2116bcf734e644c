"""What the user's code mentions, and what is the user's of a class."""

from __future__ import annotations

import dis
import functools
import gc
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from autograd_core.user_code import is_users

DYNAMIC = frozenset({"getattr", "vars", "__dict__", "eval", "exec", "attrgetter"})
# What takes the text of a name.
BY_TEXT = DYNAMIC | {"globals", "hasattr", "import_module", "__import__", "modules"}


def is_users_class(kind: type) -> bool:
    """Whether a class was written by the user."""
    if kind.__module__ == "__main__":
        return True
    module = sys.modules.get(kind.__module__)
    return is_users(getattr(module, "__file__", None))


class Mentions(NamedTuple):
    """Names that code mentions, functions in it included.

    ``modules`` are what it imports, each with the level of a relative import.
    """

    globals: frozenset[str]
    attributes: frozenset[str]
    modules: frozenset[tuple[str, int]]


@functools.cache
def names_of(code: CodeType) -> Mentions:
    """What code mentions; where it asks by text, also what its texts name."""
    globals_: set[str] = set()
    attributes: set[str] = set()
    modules: set[tuple[str, int]] = set()
    steps = list(dis.get_instructions(code))
    for i, step in enumerate(steps):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"):
            globals_.add(step.argval)
        elif step.opname.endswith(("_ATTR", "_METHOD")):
            attributes.add(str(step.argval))
        elif step.opname == "IMPORT_NAME":
            modules.add((step.argval, int(steps[i - 2].argval or 0)))
        elif step.opname == "IMPORT_FROM":
            attributes.add(step.argval)
    if not BY_TEXT.isdisjoint(globals_ | attributes):
        texts = {text for text in code.co_consts if isinstance(text, str)}
        globals_ |= texts
        attributes |= texts
        modules |= {(text, 0) for text in texts}
    attributes |= globals_ & DYNAMIC
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_of(constant)
            globals_ |= inner.globals
            attributes |= inner.attributes
            modules |= inner.modules
    return Mentions(frozenset(globals_), frozenset(attributes), frozenset(modules))


def modules_of(function: FunctionType) -> list[ModuleType]:
    """The modules that a function imports when it runs, if they are there."""
    found = []
    package = function.__globals__.get("__package__") or ""
    for name, level in sorted(names_of(function.__code__).modules):
        parents = package.split(".")[: 1 - level or None] if level else []
        module = sys.modules.get(".".join([*parents, name] if name else parents))
        if module is not None:
            found.append(module)
    return found


def own_dict(kind: type) -> dict[str, Any]:
    """The dict behind ``kind.__dict__``, which is a proxy of it."""
    found = gc.get_referents(kind.__dict__)[0]
    assert isinstance(found, dict)
    return found


def function_of(value: Any) -> Any:
    """The function in a class's attribute, or the attribute itself."""
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    if isinstance(value, property):
        return value.fget
    if isinstance(value, functools.cached_property):
        return value.func
    return value


def is_special(name: str, value: Any) -> bool:
    """Methods that code uses without saying their names."""
    return name == "forward" or (
        name.startswith("__")
        and isinstance(value, FunctionType)
        and name not in ("__init__", "__repr__", "__new__")
    )


def slots(kind: type) -> list[str]:
    """Attributes that the user's classes keep outside of an instance's dict."""
    found: list[str] = []
    for base in kind.__mro__:
        if is_users_class(base):
            slots = vars(base).get("__slots__", ())
            found += [slots] if isinstance(slots, str) else slots
    return [name for name in found if not name.startswith("__")]
