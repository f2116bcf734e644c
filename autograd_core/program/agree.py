"""Whether two recordings of a function agree, and if not, where they part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.buffers import Buffer, PointerRefs, Ref, Role
from autograd_core.program.events import (
    Check,
    Event,
    HostCall,
    Launch,
    name_of,
)
from autograd_core.program.record import Recording
from autograd_core.program.values import is_plain, same, same_function

PIECE = 1 << 18  # bytes that are compared at a time


def difference(old: Recording, new: Recording) -> str | None:
    """Where two recordings part, in words; None if they agree in everything.

    Memory is the same by the part that it plays: temporaries and inputs by their
    number, memory from outside by identity, and what only the recordings hold by its
    bits.
    """
    for a, b in zip_longest(old.events, new.events):
        if type(a) is Launch and type(b) is Launch and _alike(a, b):
            continue
        found = _events_differ(a, b)
        if found:
            return found
    if _sizes(old) != _sizes(new):
        return "temporaries have other sizes"
    return _outputs_differ(old, new) or _gradients_differ(old, new)


def _alike(a: Launch, b: Launch) -> bool:
    """Whether two launches are the same at a glance."""
    return a.kernel is b.kernel and a.units == b.units and a.args == b.args


def _events_differ(a: Event | None, b: Event | None) -> str | None:
    if a is None or b is None or _kind(a) is not _kind(b):
        ran, runs = ("nothing" if e is None else f"`{name_of(e)}`" for e in (a, b))
        line = b.line if b is not None else a.line if a is not None else None
        return f"{runs} runs at {line} where {ran} ran before"
    found = _parts_differ(a, b)
    return f"`{name_of(b)}` at {b.line} {found}" if found else None


def _kind(event: Event) -> Any:
    return event.kernel if isinstance(event, Launch) else type(event)


def _parts_differ(a: Event, b: Event) -> str | None:
    if isinstance(a, Launch) and isinstance(b, Launch):
        return _args_differ(a.args, b.args) if a.units == b.units else "has other sizes"
    if isinstance(a, HostCall) and isinstance(b, HostCall):
        alike = same_function(a.function, b.function) and _same_ref(a.out, b.out)
        return _args_differ(a.args, b.args) if alike else "is another function"
    assert isinstance(a, Check)
    assert isinstance(b, Check)
    return None if _same_ref(a.status, b.status) else "is of another value"


def _args_differ(a: Sequence[Any], b: Sequence[Any]) -> str | None:
    if a == b:
        return None
    if len(a) != len(b):
        return "has other arguments"
    for x, y in zip(a, b, strict=True):
        if not _same_arg(x, y):
            return _told(x, y)
    return None


def _same_arg(a: Any, b: Any) -> bool:
    if type(a) is Ref:
        return type(b) is Ref and _same_ref(a, b)
    if isinstance(a, PointerRefs):
        return (
            isinstance(b, PointerRefs)
            and a.table.shape == b.table.shape
            and all(map(_same_refs, a.columns, b.columns))
        )
    return same(a, b) or (type(b) is not Ref and bool(a == b))


def _same_refs(a: list[Ref], b: list[Ref]) -> bool:
    return len(a) == len(b) and all(map(_same_ref, a, b))


def _same_ref(a: Ref, b: Ref) -> bool:
    return a == b or (a[1:] == b[1:] and _same_constant(a.buffer, b.buffer))


def _same_constant(a: Buffer, b: Buffer) -> bool:
    """Whether both are memory that nobody else holds, with the same bits."""
    if a.role is not Role.OUTSIDE or b.role is not Role.OUTSIDE:
        return False
    if (a.held and not a.constant) or (b.held and not b.constant):
        return False
    return same_bits(a.memory, b.memory)


def _sizes(recording: Recording) -> tuple[list[int], list[bool]]:
    buffers = recording.buffers.temporaries
    return [b.nbytes for b in buffers], [b.scratch for b in buffers]


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays are alike in dtype, shape and every bit."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.nbytes <= PIECE or not (a.flags.c_contiguous and b.flags.c_contiguous):
        return a.tobytes() == b.tobytes()
    one, other = (x.reshape(-1).view(np.uint8) for x in (a, b))
    return all(
        bytes(one[i : i + PIECE]) == bytes(other[i : i + PIECE])
        for i in range(0, one.size, PIECE)
    )


def _told(a: Any, b: Any) -> str:
    """How the argument of an event differs."""
    if isinstance(a, PointerRefs) and isinstance(b, PointerRefs):
        return "worked on other arrays when recorded than now"
    if not isinstance(a, Ref) or not isinstance(b, Ref):
        return f"got {_short(a)} when recorded and {_short(b)} now"
    if a[1:] != b[1:]:
        return f"read shape {a.shape} when recorded and {b.shape} now"
    homes = a.buffer.home, b.buffer.home
    if all(home is not None and home.size for home in homes):
        texts = [_short(home) for home in homes]
        if texts[0] != texts[1]:
            return f"read {texts[0]} when recorded and {texts[1]} now"
    roles = a.buffer.role.value, b.buffer.role.value
    if roles[0] == roles[1]:
        return f"read other memory ({roles[0]}) when recorded than now"
    return f"read {roles[0]} when recorded and {roles[1]} now"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size == 1:
            return repr(value.reshape(-1)[0].item())
        first = ", ".join(f"{v:.6g}" for v in value.reshape(-1)[:3].tolist())
        return f"[{first}{', ...' if value.size > 3 else ''}] {value.shape}"
    return f"{value!r:.60}"


def _outputs_differ(old: Recording, new: Recording) -> str | None:
    if old.result.structure != new.result.structure:
        return "the outputs are nested differently"
    for i, (a, b) in enumerate(zip(old.outputs, new.outputs, strict=True)):
        if a is not None and b is not None:
            if not _same_ref(a, b) or old.result.leaves[i] != new.result.leaves[i]:
                return f"output {i} is other memory"
        elif a is not b:
            return f"output {i} is computed in one call only"
        elif not same(old.result.leaves[i], new.result.leaves[i]):
            return (
                f"output {i} {_otherwise(old.result.leaves[i], new.result.leaves[i])}"
            )
    return None


def _otherwise(was: Any, now: Any) -> str:
    """How an output differs that no op computes."""
    if type(was) is type(now) and not is_plain(now):
        hint = ", as ag.tensor makes" if isinstance(now, np.ndarray) else ""
        kind = type(now).__name__
        return f"is another {kind} in each call; return Tensors{hint}, and plain values"
    return f"was {_short(was)} when recorded and is {_short(now)}"


def _gradients_differ(old: Recording, new: Recording) -> str | None:
    a, b = old.grad_refs, new.grad_refs
    if list(map(id, a)) != list(map(id, b)):
        return "other tensors get gradients"
    for was, now in zip(a.values(), b.values(), strict=True):
        if was is None or now is None:
            if was is not now:
                return "a gradient is there in one call only"
        elif not _same_ref(was, now):
            return "a gradient is other memory"
    return None
