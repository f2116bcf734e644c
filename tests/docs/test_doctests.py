"""The examples in docstrings run, and give what they say."""

import doctest
import pkgutil
import warnings
from importlib import import_module

import numpy as np
import pytest

import autograd_core as ag

NEEDS = {"estimators": "sklearn", "special": "scipy", "tuning": "optuna"}
NAMES = [
    info.name
    for info in pkgutil.walk_packages(ag.__path__, "autograd_core.")
    if info.name.rpartition(".")[2] != "__main__"
]


@pytest.mark.parametrize("name", NAMES)
def test_examples_of(name, tmp_path, monkeypatch):
    for part, needed in NEEDS.items():
        if part in name:
            pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    module = import_module(name)
    state = np.get_printoptions()
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as whoever reads them sees them
        failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    np.set_printoptions(**state)
    assert not failed
