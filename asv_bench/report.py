"""What `compare` found: raw JSON, a table in Markdown, a picture of the ratios."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import footprint
from kernel_sources import digest

LIBRARIES = (
    *("numpy", "numba", "torch", "jax", "pytensor", "autograd", "mygrad"),
    "scikit-learn",
)
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"


@dataclass
class Results:
    """Times of one size: microseconds a step, by library, a number for each round."""

    size: str
    task: str
    micros: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)  # of the checked losses
    left_out: dict[str, str] = field(default_factory=dict)  # and why
    wrong: bool = False

    def ratio(self, name: str) -> float:
        """Its time over ours in the same round: the median over rounds."""
        pairs = zip(self.micros[name], self.micros["ours"], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)


def machine(threads: int, rounds: int, day: datetime.date) -> dict[str, Any]:
    """Where and how the numbers were made."""
    return {
        "date": day.isoformat(),
        "commit": _commit(),
        "kernels": digest(),
        "command": " ".join(["python", *sys.argv]),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "threads": threads,
        "rounds": rounds,
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(tuple(map(str.strip, x.split(":", 1))) for x in lines if ":" in x)
    # A model's name can be empty of meaning: family and model tell more.
    name = facts.get("model name", platform.machine())
    return f"{name}, family {facts.get('cpu family')}, model {facts.get('model')}"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def write(
    out: Path,
    found: Sequence[Results],
    titles: dict[str, str],
    about: dict[str, Any],
    readme: Path | None,
) -> None:
    """``out``.json, .md and .png, and the README's section if one is given."""
    out.parent.mkdir(parents=True, exist_ok=True)
    raw = {"about": about, "sizes": [asdict(results) for results in found]}
    out.with_suffix(".json").write_text(json.dumps(raw, indent=1) + "\n")
    text = table(found, titles, about)
    out.with_suffix(".md").write_text(text)
    picture(out.with_suffix(".png"), found, titles)
    if readme is not None:
        before, _, rest = readme.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        readme.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
    print(f"\n{text}\nwritten: {out}.json, .md, .png")


def table(
    found: Sequence[Results], titles: dict[str, str], about: dict[str, Any]
) -> str:
    """Time of a step, and how many times ours that is."""
    head = ["", *(f"{r.size}" for r in found)]
    rows = [head, ["---", *("---:" for _ in found)]]
    for name, title in titles.items():
        rows.append([title, *(_cell(results, name) for results in found)])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    versions = ", ".join(f"{k} {v}" for k, v in about["libraries"].items() if v)
    absent: dict[tuple[str, str], list[str]] = {}
    for results in found:
        for name, why in results.left_out.items():
            absent.setdefault((titles[name], why), []).append(results.size)
    notes = [
        f"Time of a training step, and in brackets how many times ours that is "
        f"(below 1 we lose). {about['date']}, {about['processor']}, "
        f"{about['cores']} cores, {about['threads']} threads, commit "
        f"{about['commit']}, Python {about['python']}, {versions}. Medians of "
        f"{about['rounds']} interleaved rounds: `make bench`.",
    ]
    for (title, why), sizes in absent.items():
        notes.append(f"Left out at {', '.join(sizes)}: {title} ({why}).")
    if about["footprint"]:
        notes += ["", footprint.table(about["footprint"])]
    return "\n".join([*lines, "", *notes, ""])


def _cell(results: Results, name: str) -> str:
    if name not in results.micros:
        return "left out"
    micros = statistics.median(results.micros[name])
    shown = f"{micros:,.1f} µs" if micros < 1000 else f"{micros / 1000:,.2f} ms"
    return shown if name == "ours" else f"{shown} ({_times(results.ratio(name))}x)"


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}"


def picture(path: Path, found: Sequence[Results], titles: dict[str, str]) -> None:
    """Bars of the ratios, on a logarithmic axis; what beats us is in red."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib import ticker

    figure, axes = plt.subplots(
        1,
        len(found),
        figsize=(3 + 2.5 * len(found), 4),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    names = [name for name in titles if name != "ours"][::-1]
    for axis, results in zip(axes[0], found, strict=True):
        timed = [name for name in names if name in results.micros]
        ratios = [results.ratio(name) for name in timed]
        colours = ["tab:red" if r < 1 else "tab:blue" for r in ratios]
        widths = [r - 1 for r in ratios]  # from 1: on this axis there is no 0
        labels = [titles[n] for n in timed]
        bars = axis.barh(labels, widths, left=1, color=colours)
        axis.bar_label(bars, [_times(r) for r in ratios], padding=2, fontsize=8)
        axis.set_xscale("log")
        few = [1, 2, 5] if max(ratios, default=1) < 20 else [1]
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=few))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.axvline(1, color="black", linewidth=0.8)
        axis.margins(x=0.25)
        axis.set_title(results.size)
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("time of a training step, times autograd_core's", fontsize=9)
    figure.savefig(path, dpi=120)
    plt.close(figure)
