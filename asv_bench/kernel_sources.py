"""What the kernels' sources say, as a number: a table of timings is stale without it.

Comments, docstrings and empty lines do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

KERNELS = Path(__file__).resolve().parents[1] / "kernels" / "autograd_kernels"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def digest(folder: Path = KERNELS) -> str:
    """Of all files below a folder."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        state.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        for line in code_of(path.read_text(encoding="utf-8")):
            state.update(f"{line}\n".encode())
    return state.hexdigest()[:16]


def code_of(text: str) -> Iterator[str]:
    """The lines that Python runs."""
    said: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            first = node.body[0]
            said |= {*range(first.lineno, (first.end_lineno or first.lineno) + 1)}
    for number, line in enumerate(text.splitlines(), 1):
        if number not in said and line.strip() and not line.lstrip().startswith("#"):
            yield line.rstrip()
