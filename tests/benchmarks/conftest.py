"""One core for everyone, and the networks that `make bench` trains."""

import os
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

import autograd_core as ag

sys.path.append(str(Path(__file__).resolve().parents[2] / "asv_bench"))


@pytest.fixture(scope="module", autouse=True)
def one_core():
    """One thread for what is loaded already; what comes later sees a single core."""
    threads = ag.get_num_threads()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    ag.set_num_threads(1)
    if cores:
        os.sched_setaffinity(0, {max(cores)})
    with threadpool_limits(1):
        yield
    ag.set_num_threads(threads)
    if cores:
        os.sched_setaffinity(0, cores)
