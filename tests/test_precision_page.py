"""docs/precision.md: its code runs, what it names exists, errors as by the script."""

import pytest
from pages import ROOT, blocks_of, check_block, check_names, text_of

TEXT = text_of("precision.md")
PRINTED = (r"bfloat16\n(bfloat16|float32)\nfloat32\n", r"Program: 1 launches")


@pytest.mark.parametrize(
    ("block", "printed"), zip(blocks_of(TEXT), PRINTED, strict=True)
)
def test_a_block_runs(block, printed, tmp_path):
    check_block(block, printed, tmp_path)


def test_names_and_files_exist():
    check_names(TEXT)
    assert (ROOT / "asv_bench/peers/precision.py").exists()
