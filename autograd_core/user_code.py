"""Which code is the user's, and which line of it is running."""

from __future__ import annotations

import dis
import os
import sys
import sysconfig
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType
from typing import NamedTuple

PACKAGE = str(Path(__file__).parent) + os.sep
_LIBRARIES = tuple(
    str(path) + os.sep
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
    if (path := sysconfig.get_path(name))
)


class Line(NamedTuple):
    """A place in code, cheap to take and to keep; its text is worked out when asked."""

    code: CodeType
    instruction: int

    def __str__(self) -> str:
        number = self.code.co_firstlineno
        for start, line in _line_starts(self.code):
            if start > self.instruction:
                break
            number = line
        return f"{self.code.co_filename}:{number}"


@cache
def _line_starts(code: CodeType) -> list[tuple[int, int]]:
    return [(start, n) for start, n in dis.findlinestarts(code) if n is not None]


@lru_cache(4096)
def is_users(filename: str | None) -> bool:
    """Whether a source file is neither this package's nor an installed library's."""
    if not filename or filename.startswith("<frozen"):
        return False
    return not filename.startswith((PACKAGE, *_LIBRARIES))


def user_line() -> Line:
    """Where the innermost frame of the user's code is; if none, the outermost."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename in _others or not _known_users(frame.f_code):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return Line(frame.f_code, frame.f_lasti)


_others: set[str] = set()  # files that are not the user's: quicker than to ask


def _known_users(code: CodeType) -> bool:
    users = is_users(code.co_filename)
    if not users:
        _others.add(code.co_filename)
    return users
