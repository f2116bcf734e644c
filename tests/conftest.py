"""What all tests share: a generator seeded by the test's name, hypothesis' profile."""

import zlib

import numpy as np
import pytest
from hypothesis import settings

# Compilation makes a first example slow; a failure must come back when rerun.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")


@pytest.fixture
def rng(request):
    return np.random.default_rng(zlib.crc32(request.node.nodeid.encode()))
