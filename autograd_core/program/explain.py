"""A Program seen from outside: its launches, its memory, its time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.plural import count
from autograd_core.program.buffers import PointerRefs, Ref
from autograd_core.program.events import Check, Event, HostCall, Launch, name_of
from autograd_core.program.pipeline import Plan
from autograd_kernels.driver.replay import PARTS


def shapes_of(event: Event) -> str:
    """Shapes of what an event works on, the output last."""
    args: Sequence[Any] = () if isinstance(event, Check) else event.args
    parts = []
    for arg in args:
        if isinstance(arg, PointerRefs):
            total = sum(a.size for a in arg.columns[0])
            parts.append(f"{len(arg.columns[0])} arrays ({total:,})")
        elif isinstance(arg, Ref | np.ndarray):
            parts.append("x".join(map(str, arg.shape)) or "1")
    if isinstance(event, HostCall):
        parts.append("x".join(map(str, event.out.shape)) or "1")
    return " ".join(parts)


@dataclass(frozen=True)
class Report:
    """What `Program.explain` found; print it."""

    rows: list[tuple[str, str, int]]  # name, shapes, parts
    launches: int
    checks: int
    host_calls: list[str]
    fused: list[str]
    inputs: list[str]
    peak_bytes: int
    eager_bytes: int

    def __str__(self) -> str:
        hosts = ", ".join(self.host_calls) or "none"
        fused = "\n".join(f"  {line}" for line in self.fused) or "  nothing"
        width = max((len(name) for name, _, _ in self.rows), default=0)
        rows = "\n".join(
            f"  {i:3} {name:{width}}  {shapes}" + (f"  in {parts}" if parts > 1 else "")
            for i, (name, shapes, parts) in enumerate(self.rows)
        )
        return (
            f"Program: {count(self.launches, 'launch', 'launches')}, "
            f"{count(self.checks, 'check')}, host calls: {hosts}\n"
            f"inputs: {', '.join(self.inputs) or 'none'}\n"
            f"temporaries: {self.peak_bytes:,} bytes in one arena; eager allocates "
            f"{self.eager_bytes:,}\nfused:\n{fused}\nlaunches:\n{rows}"
        )


def explain(plan: Plan) -> Report:
    """Launches, shapes, memory, fusions and host calls of a plan."""
    events = plan.events
    parts = iter(plan.bound.table[:, PARTS].tolist())
    rows = []
    for event in events:
        count = 1 if isinstance(event, HostCall) else max(int(next(parts)), 1)
        rows.append((name_of(event), shapes_of(event), count))
    return Report(
        rows=rows,
        launches=sum(isinstance(e, Launch) for e in events),
        checks=sum(isinstance(e, Check) for e in events),
        host_calls=[name_of(e)[5:] for e in events if isinstance(e, HostCall)],
        fused=list(plan.fused),
        inputs=[
            f"{x.shape} {x.dtype}"
            for x in (b.memory for b in plan.recording.buffers.inputs)
        ],
        peak_bytes=plan.peak_bytes,
        eager_bytes=plan.eager_bytes,
    )


@dataclass(frozen=True)
class Profile:
    """Median time of every launch, in microseconds; print it."""

    names: list[str]
    shapes: list[str]
    micros: list[float]

    def __str__(self) -> str:
        total = sum(self.micros) or 1.0
        width = max((len(name) for name in self.names), default=0)
        order = np.argsort(self.micros)[::-1]
        lines = [f"{total:.2f} us in {count(len(self.names), 'launch', 'launches')}"]
        lines += [
            f"{self.micros[i]:10.3f} us {100 * self.micros[i] / total:5.1f} %  "
            f"{i:3} {self.names[i]:{width}}  {self.shapes[i]}"
            for i in order
        ]
        return "\n".join(lines)

    def save_trace(self, path: str | Path) -> Path:
        """Write the launches, one after another, as a Chrome trace (about:tracing)."""
        start, events = 0.0, []
        for name, shapes, micros in zip(
            self.names, self.shapes, self.micros, strict=True
        ):
            events.append(
                {
                    "name": name,
                    "ph": "X",
                    "ts": start,
                    "dur": micros,
                    "pid": 0,
                    "tid": 0,
                    "args": {"shapes": shapes},
                }
            )
            start += micros
        path = Path(path)
        path.write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ns"}))
        return path
