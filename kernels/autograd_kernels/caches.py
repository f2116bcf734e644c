"""Sizes of this machine's caches, in bytes: read once, blocks of products follow them.

So does the order of long sums (a block along k fits the first cache): their bits are
those of a kind of machine, whatever its number of threads. Of cores that differ, the
first counts.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FIRST, SECOND = 32 << 10, 1 << 20  # where nobody tells
UNITS = {"K": 1 << 10, "M": 1 << 20}


def sizes(cpu: Path) -> tuple[int, int]:
    """(L1 for data, L2) of a core by Linux's files, else by POSIX's names."""
    found: dict[str, int] = {}
    for folder in sorted(cpu.glob("cache/index*")):
        with suppress(OSError, ValueError, IndexError):
            level, kind, size = (
                (folder / name).read_text().strip()
                for name in ("level", "type", "size")
            )
            if kind in ("Data", "Unified") and level in "12":
                found[level] = int(size.rstrip("KM")) * UNITS.get(size[-1], 1)
    return (
        found.get("1") or _told("SC_LEVEL1_DCACHE_SIZE") or FIRST,
        found.get("2") or _told("SC_LEVEL2_CACHE_SIZE") or SECOND,
    )


def _told(name: str) -> int:
    """What the system says, 0 if it does not."""
    with suppress(OSError, ValueError, AttributeError):
        return max(os.sysconf(name), 0)
    return 0


L1, L2 = sizes(Path("/sys/devices/system/cpu/cpu0"))
