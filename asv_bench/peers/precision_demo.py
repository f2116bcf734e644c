"""The demo trained under each option of ag.set_matmul_precision: hold-out accuracy.

    python asv_bench/peers/precision_demo.py [--seeds 10] [--epochs 100] [--json FILE]

A seed draws the split, the weights and the masks, the same ones under every option.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core.precision import OPTIONS

SCRIPT = Path(__file__).parents[2] / "examples" / "digits.py"


def demo() -> Any:
    """The demo as a module."""
    spec = importlib.util.spec_from_file_location("digits", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def accuracy(digits: Any, seed: int, epochs: int) -> float:
    """Of the demo's network on the digits held out."""
    with TemporaryDirectory() as folder:
        given = ["--seed", seed, "--epochs", epochs, "--output-dir", folder]
        options = digits.parse([*map(str, given)])
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            data = digits.load_digits(seed)
            ag.manual_seed(seed)
            model = digits.build(options.width, options.dropout)
            digits.train_model(model, data, options)
            return float(digits.judge(model, data))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--options", nargs="*", default=[*OPTIONS], choices=OPTIONS)
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    digits, found = demo(), {}
    print(
        f"hold-out accuracy in percent after {options.epochs} epochs, "
        f"{options.seeds} seeds and their mean"
    )
    for option in options.options:
        with ag.set_matmul_precision(option):
            used = ag.get_matmul_precision(used=True)
            rows = [
                accuracy(digits, seed, options.epochs) for seed in range(options.seeds)
            ]
        found[option] = {"used": used, "accuracy": rows}
        each = " ".join(f"{100 * row:6.2f}" for row in rows)
        print(f"{option:11} {each}   {100 * np.mean(rows):6.2f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
