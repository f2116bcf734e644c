"""docs/own_op.md: every block of code runs, with warnings as errors."""

import pytest
from pages import blocks_of, check_block, check_names, text_of

TEXT = text_of("own_op.md")
BLOCKS = blocks_of(TEXT)
PRINTED = [
    r"check_op solve passed\n",
    r"check_op swish passed\n",
    r"check_op rms_norm passed\n[^$]*composed: \S+ ms\nrms_norm: \S+ ms\n",
    r"detect_anomaly: backward of sqrt made inf .*example.py:7\n",
]


@pytest.mark.parametrize("i", range(len(PRINTED)))
def test_its_code_runs(i, tmp_path):
    check_block(BLOCKS[i], PRINTED[i], tmp_path)


def test_every_block_is_run_and_every_name_exists():
    assert len(BLOCKS) == len(PRINTED)
    check_names(TEXT)
