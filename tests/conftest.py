"""What all tests share: a generator seeded by the test's name, hypothesis' profile."""

import gc
import signal
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# A run in the background (a CI job, `make test &`) starts with Ctrl-C ignored, and
# hands that on to every process it starts: tests of Ctrl-C need it back.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Compilation makes a first example slow; a failure must come back when rerun.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")


def pytest_collection_finish(session):
    """The collector need not look at forty thousand tests again and again.

    Hypothesis looks first: of its own generator, which it takes for garbage on Python
    3.14 where the collector does not tell who holds it.
    """
    given(st.none())(lambda _: None)()
    gc.collect()
    gc.freeze()


@pytest.fixture
def rng(request):
    _, _, name = request.node.nodeid.partition("::")  # the folder does not matter
    name = f"tests/{request.path.name}::{name}"
    return np.random.default_rng(zlib.crc32(name.encode()))
