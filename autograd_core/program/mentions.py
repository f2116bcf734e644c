"""What the user's code mentions, and what is the user's of a class."""

from __future__ import annotations

import dis
import functools
import gc
import sys
from types import CodeType, FunctionType
from typing import Any

from autograd_core.user_code import is_users

DYNAMIC = frozenset({"getattr", "vars", "__dict__", "eval", "exec", "attrgetter"})


def is_users_class(kind: type) -> bool:
    """Whether a class was written by the user."""
    if kind.__module__ == "__main__":
        return True
    module = sys.modules.get(kind.__module__)
    return is_users(getattr(module, "__file__", None))


@functools.cache
def names_of(code: CodeType) -> tuple[list[str], frozenset[str]]:
    """The globals and the attributes that code mentions, functions in it included."""
    globals_, attributes = set(), set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"):
            globals_.add(instruction.argval)
        elif instruction.opname.endswith(("_ATTR", "_METHOD")):
            attributes.add(str(instruction.argval))
    attributes |= globals_ & DYNAMIC
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_of(constant)
            globals_.update(inner[0])
            attributes |= inner[1]
    return sorted(globals_), frozenset(attributes)


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
