"""How a module is printed, and how an error says in which layer it arose."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from autograd_core.nn.parameter import Parameter
from autograd_core.plural import count
from autograd_core.tensor import Tensor

if TYPE_CHECKING:
    from autograd_core.nn.module import Module


def label(module: Module) -> str:
    """The module in one line, without what it holds: ``Linear(4, 3)``."""
    return f"{type(module).__name__}({module.extra_repr()})"


def describe(module: Module) -> str:
    """The tree of layers with the number of parameters of each, and the total."""
    rows = list(_rows(module, "", ()))
    if len(rows) == 1:
        return label(module) + _total(module)
    wide = max((len(text) for text, count in rows if count), default=0)
    room = max(len(f"{count:,}") for _, count in rows)
    lines = [f"{text:{wide}}  {n:>{room},}" if n else text for text, n in rows]
    return "\n".join(lines) + _total(module)


def _rows(
    module: Module, name: str, above: tuple[Module, ...]
) -> Iterator[tuple[str, int]]:
    """(line, how many parameters the line's module holds itself), top to bottom."""
    indent = "  " * len(above)
    head = f"{indent}({name}): {label(module)}" if above else label(module)
    members = list(module.members())
    count = sum(p.size for _, p in members if isinstance(p, Parameter))
    above = (*above, module)
    layers = [(n, m) for n, m in members if not isinstance(m, Tensor)]
    layers = [(n, m) for n, m in layers if all(m is not outer for outer in above)]
    if not layers:
        yield head, count
        return
    yield head[:-1], count
    for layer_name, layer in layers:
        yield from _rows(layer, layer_name, above)
    yield f"{indent})", 0


def _total(module: Module) -> str:
    parameters = list(module.parameters())
    total = sum(p.size for p in parameters)
    trained = sum(p.size for p in parameters if p.requires_grad)
    if not total:
        return ""
    text = f": {count(total, 'parameter')}"
    return text if trained == total else f"{text}, {trained:,} of them trained"


def locate(error: Exception, module: Module) -> None:
    """Say in the error's message where in the model it arose.

    Every module that the error passes on its way up adds itself:
    "Net.body.2 BatchNorm1d(8): <the error>".
    """
    if type(error) not in (TypeError, ValueError):
        return
    trail = vars(error).setdefault("trail", Trail(str(error)))
    trail.modules.append(module)
    error.args = (str(trail),)


class Trail:
    """An error's own text and the modules it went through, innermost first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.modules: list[Module] = []

    def __str__(self) -> str:
        names = [_name_in(outer, inner) for inner, outer in pairwise(self.modules)]
        path = [type(self.modules[-1]).__name__, *reversed(names)] if names else []
        where = [".".join(path), label(self.modules[0])]
        return f"{' '.join(filter(None, where))}: {self.text}"


def _name_in(outer: Module, inner: Module) -> str:
    return next((n for n, m in outer.named_modules() if m is inner), "?")
