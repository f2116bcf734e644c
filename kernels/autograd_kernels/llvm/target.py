"""Which vectors the processor has that kernels are compiled for.

``AUTOGRAD_CORE_SIMD`` (avx512, avx2, neon, none) forces the width of a vector;
otherwise it follows from the features of the CPU that Numba compiles for. ``none``
means: no hand-made vectors at all, callers take their plain loops.
"""

from __future__ import annotations

import os

from llvmlite import binding as llvm
from numba.core import config

WIDTHS = {"avx512": 64, "avx2": 32, "neon": 16, "none": 0}


def _features() -> frozenset[str]:
    """What the target of the compilation has."""
    flags = config.CPU_FEATURES
    if flags is None:
        flags = llvm.get_host_cpu_features().flatten()
    return frozenset(flag[1:] for flag in flags.split(",") if flag.startswith("+"))


def _detect() -> str:
    """The widest kind of vector that the target of the compilation has."""
    if "avx512f" in FEATURES:
        return "avx512"
    if {"avx2", "fma"} <= FEATURES:
        return "avx2"
    return "neon" if "neon" in FEATURES else "none"


FEATURES = _features()
SIMD = os.environ.get("AUTOGRAD_CORE_SIMD") or _detect()
if SIMD not in WIDTHS:
    raise ImportError(f"AUTOGRAD_CORE_SIMD is {SIMD!r}, expected one of {[*WIDTHS]}")
BYTES = WIDTHS[SIMD]  # of one vector; 0 for none
HALVES = BYTES == 64  # to some CPUs two halves: where one will do, it is faster
REGISTERS = 16 if SIMD == "avx2" else 32
