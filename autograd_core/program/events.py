"""Events: what a recording is a list of, and what each reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_core.program.buffers import Buffer, PointerRefs, Ref
from autograd_core.user_code import Line
from autograd_kernels.native import Traits


@dataclass(eq=False, slots=True)
class Launch:
    """A kernel over its units. An argument is an int, a place or a pointer table."""

    kernel: Any
    units: int
    args: tuple[Any, ...]
    line: Line | None = None
    _arrays: list[Ref] | None = None
    _outs: list[Ref] | None = None

    @property
    def traits(self) -> Traits:
        """What its kernel is."""
        return self.kernel.traits

    @property
    def arrays(self) -> list[Ref]:
        """All arrays that it touches."""
        if self._arrays is None:
            self._arrays = list(arrays_in(self.args))
        return self._arrays

    @property
    def outs(self) -> list[Ref]:
        """The arrays that it writes."""
        if self._outs is None:
            self._outs = self._written()
        return self._outs

    def _written(self) -> list[Ref]:
        is_ = self.traits
        found: list[Ref] = []
        for arg in self.args[len(self.args) - is_.writes :]:
            if isinstance(arg, PointerRefs):
                found += [ref for column in is_.columns for ref in arg.columns[column]]
            elif isinstance(arg, Ref):
                found.append(arg)
        return found


@dataclass(eq=False, slots=True)
class HostCall:
    """A NumPy function; its result is copied into ``out``."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    out: Ref
    line: Line | None = None

    @property
    def arrays(self) -> list[Ref]:
        """All arrays that it touches."""
        return [*arrays_in(self.args), self.out]

    @property
    def outs(self) -> list[Ref]:
        """The arrays that it writes."""
        return [self.out]


@dataclass(eq=False, slots=True)
class Check:
    """Stop, and raise, if ``status`` is not 0."""

    status: Ref
    make_error: Callable[[int], Exception]
    line: Line | None = None
    modules: tuple[Any, ...] = ()  # whose forward it is in, innermost last

    @property
    def arrays(self) -> list[Ref]:
        """All arrays that it touches."""
        return [self.status]

    @property
    def outs(self) -> list[Ref]:
        """The arrays that it writes."""
        return []


Event = Launch | HostCall | Check


def arrays_in(args: Sequence[Any]) -> Iterator[Ref]:
    """All arrays among arguments, those of pointer tables too."""
    for arg in args:
        if isinstance(arg, Ref):
            yield arg
        elif isinstance(arg, PointerRefs):
            for column in arg.columns:
                yield from column


def region(ref: Ref) -> Buffer:
    """The memory that a write to an array may change."""
    return ref.buffer.region or ref.buffer


def name_of(event: Event) -> str:
    """What an event is called where it is printed."""
    if isinstance(event, Check):
        return "check"
    if isinstance(event, HostCall):
        return f"host {getattr(event.function, '__name__', 'call')}"
    kernel = event.kernel
    package, _, inside = kernel.__module__.partition(".")
    if package != "autograd_kernels":
        inside = kernel.__module__.rpartition(".")[2]
    return f"{inside.partition('.')[0]}.{kernel.__name__}"
