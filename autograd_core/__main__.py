"""`python -m autograd_core`: what is installed; `... warm` compiles all kernels."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path


def _sizes(folder: Path, end: str = "") -> Iterator[int]:
    """Bytes of each file below a folder, as far as this user may look into it."""
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # one that has gone since
                if name.endswith(end):
                    yield os.path.getsize(os.path.join(place, name))


def facts() -> Iterator[tuple[str, str]]:
    """Versions, processor, threads and cache, for people and bug reports."""
    import llvmlite
    import numba
    import numpy as np
    from llvmlite import binding as llvm

    import autograd_core as ag
    from autograd_kernels import disk_cache
    from autograd_kernels.llvm import target

    folder = disk_cache.folder()
    files, whole = [*_sizes(folder, ".nbc")], sum(_sizes(disk_cache.ROOT))
    yield "autograd_core", f"{ag.__version__} in {Path(ag.__file__).parent}"
    yield "Python", f"{sys.version.split()[0]} on {sys.platform}"
    yield "NumPy, Numba", f"{np.__version__}, {numba.__version__}"
    yield "llvmlite", llvmlite.__version__
    yield "processor", f"{llvm.get_host_cpu_name()}, vectors {target.SIMD}"
    yield "threads", str(ag.get_num_threads())
    yield "cache", f"{folder}: {len(files)} kernels, {sum(files) / 1e6:.1f} MB"
    yield "all versions", f"{disk_cache.ROOT}: {whole / 1e6:.1f} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the facts, or compile; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd_core",
        description="Without a command: versions, processor, threads and cache folder.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser(
        "warm", help="compile all kernels for this machine now, on all its cores"
    )
    if parser.parse_args(arguments).command == "warm":
        from autograd_core import warm

        warm.main()
        return 0
    rows = [*facts()]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:{width}}  {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
