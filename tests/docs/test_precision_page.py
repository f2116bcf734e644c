"""docs/precision.md: its code runs, what it names exists, errors as by the script."""

import importlib.util
import re
import sys

import numpy as np
import pytest
from pages import ROOT, blocks_of, check_block, check_names, text_of

from autograd_kernels.llvm.bfloat16 import AVAILABLE

TEXT = text_of("precision.md")
PRINTED = (r"bfloat16\n(bfloat16|float32)\nfloat32\n", r"Program: 1 launch,")
PEERS = ROOT / "asv_bench" / "peers"
ROWS = re.findall(r"^\| (\d+, \d+, \d+) \| ([a-z ]+) \| (.*) \|$", TEXT, re.MULTILINE)
LARGE = 1 << 26  # multiplications, from where on the float64 product takes long


@pytest.mark.parametrize("number", range(2))
def test_a_block_runs(number, tmp_path):
    check_block(blocks_of(TEXT)[number], PRINTED[number], tmp_path)


def test_names_and_files_exist():
    check_names(TEXT)
    for name in re.findall(r"asv_bench/peers/\w+\.py", TEXT):
        assert (ROOT / name).exists(), name


@pytest.fixture(scope="module")
def script():
    """The one that printed the table."""
    sys.path.insert(0, str(PEERS))
    try:
        path = PEERS / "precision.py"
        spec = importlib.util.spec_from_file_location("precision_script", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(PEERS))
    return module


@pytest.mark.skipif(not AVAILABLE, reason="no AVX512-BF16 here")
def test_errors_are_those_of_the_table(script):
    tried = set()
    for shape, kind, numbers in ROWS:
        m, n, k = map(int, shape.split(", "))
        if m * n * k <= LARGE:
            found = [*script.errors_of(kind, m, n, k).values()]
            wanted = [float(x) for x in numbers.split(" | ")]
            ratios = np.divide(found, wanted)
            assert ((ratios > 0.5) & (ratios < 2)).all(), (shape, kind, found)
            tried.add(kind)
    assert tried == set(script.KINDS)
