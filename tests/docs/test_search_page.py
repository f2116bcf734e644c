"""docs/tuning.md: every block of code runs, with warnings as errors."""

import re

import pytest
from pages import blocks_of, check_block, text_of

from autograd_core import train

pytest.importorskip("optuna")
pytest.importorskip("sklearn")

TEXT = text_of("tuning.md")
BLOCKS = blocks_of(TEXT)
PRINTED = [
    r"Search: 40 trials.*; best score 0\.[0-4].* with lr=.*\n"
    r"trial +score +lr +beta +width +p.*\n(.*\n){11}\{'\w+': (0\.\d+|nan).*\}\n",
    r"Search: 2\d trials, \d+ without a score; best score 0\.[0-4].*\n"
    r"trial +score +lr +width",
    r"\[\]\n",
]


def test_every_block_runs(tmp_path):
    assert len(BLOCKS) == len(PRINTED)
    for block, printed in zip(BLOCKS, PRINTED, strict=True):
        check_block(block, printed, tmp_path)
    assert {"digits.png", "study.png"} <= {path.name for path in tmp_path.iterdir()}


def test_every_name_exists():
    for name in re.findall(r"\btrain\.([A-Za-z_]+)", TEXT):
        assert hasattr(train, name), name
