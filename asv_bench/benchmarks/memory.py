"""What the tape costs in memory: bytes a node, and the peak of a long graph."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np

from .common import if_known, on_one_thread

NODES = 10_000


def chain(x: Any, nodes: int) -> Any:
    """A graph in a line, of small arrays."""
    y = x
    for _ in range(nodes):
        y = y * 1.0001
    return y


class Tape:
    params = ([1, 64],)
    param_names = ("elements",)

    def setup(self, elements: int) -> None:
        on_one_thread()
        with if_known():
            import autograd_core as ag

            x = np.ones(elements, np.float32)
            self.x = ag.tensor(x, requires_grad=True)
            self.g = x
            chain(self.x, 10).backward(self.g)

    def track_node(self, elements: int) -> float:
        """Python's and NumPy's bytes for each node of a graph that is kept."""
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        y = chain(self.x, NODES)
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        del y
        return (after - before) / NODES

    track_node.unit = "bytes"  # type: ignore[attr-defined]

    def peakmem_1m_nodes(self, elements: int) -> None:
        chain(self.x, 100 * NODES).backward(self.g)

    def time_10k_nodes(self, elements: int) -> None:
        """Forward, backward, and letting go of the graph."""
        chain(self.x, NODES).backward(self.g)
