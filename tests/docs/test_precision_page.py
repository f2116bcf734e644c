"""docs/precision.md: its code runs, what it names exists, errors as by the script."""

import pytest
from pages import ROOT, blocks_of, check_block, check_names, text_of

TEXT = text_of("precision.md")
PRINTED = (r"bfloat16\n(bfloat16|float32)\nfloat32\n", r"Program: 1 launches")


@pytest.mark.parametrize("number", range(2))
def test_a_block_runs(number, tmp_path):
    check_block(blocks_of(TEXT)[number], PRINTED[number], tmp_path)


def test_names_and_files_exist():
    check_names(TEXT)
    assert (ROOT / "asv_bench/peers/precision.py").exists()
