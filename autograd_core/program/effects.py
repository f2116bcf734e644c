"""What a replay could not repeat of Python: sources of numbers, iterators, handlers."""

from __future__ import annotations

import dis
import io
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from autograd_core.user_code import is_users

OUTERMOST = str(Path(__file__).with_name("settle.py"))  # calls the user's functions
# Context managers whose exit changes nothing that a function computes.
HARMLESS = frozenset({"no_grad", "errstate", "catch_warnings", "nullcontext"})


def is_source(value: Any) -> bool:
    """Whether a value is a generator of random numbers."""
    kinds = (np.random.Generator, np.random.RandomState, np.random.BitGenerator)
    return isinstance(value, (*kinds, random.Random))


def is_iterator(value: Any) -> bool:
    """Whether each reading takes something from a value."""
    return isinstance(value, Iterator) and not isinstance(value, io.IOBase)


def handled(frame: FrameType | None) -> str | None:
    """The place of the user's ``try`` or ``with`` that an error here would reach.

    Its handler would run in the function, but not in a replay. What calls the compiled
    function may well handle errors.
    """
    while frame is not None and frame.f_code.co_filename != OUTERMOST:
        code = frame.f_code
        if is_users(code.co_filename):
            for start, end in _handlers(code):
                if start <= frame.f_lasti < end:
                    return f"{code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return None


@cache
def _handlers(code: CodeType) -> list[tuple[int, int]]:
    """Where in code an error would be handled: in ``try``, and in most of ``with``."""
    instructions = list(dis.get_instructions(code))
    place = {i.offset: n for n, i in enumerate(instructions)}
    found = []
    for entry in dis._parse_exception_table(code):  # type: ignore[attr-defined]
        n = place[entry.target]
        if instructions[n].opname != "PUSH_EXC_INFO":
            continue  # cleaning up after a handler, or inside a comprehension
        is_with = instructions[n + 1].opname == "WITH_EXCEPT_START"
        if not (is_with and _manager(instructions[: place[entry.start]]) in HARMLESS):
            found.append((entry.start, entry.end))
    return found


def _manager(before: list[dis.Instruction]) -> str:
    """The name of the context manager that a ``with`` has just entered."""
    for instruction in reversed(before):
        if instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")):
            return str(instruction.argval)
        if instruction.opname.endswith(("_ATTR", "_METHOD")):
            return str(instruction.argval)
    return ""
