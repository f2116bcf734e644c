"""docs/eager.md: what it names exists, and its sentences hold."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.operand import snapshot

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "eager.md").read_text(encoding="utf-8")


def test_files_that_it_names_exist():
    named = re.findall(r"`?((?:autograd_kernels/|asv_bench/)?[\w/]+\.py)`?", TEXT)
    assert len(named) >= 4
    for name in named:
        places = (ROOT / name, ROOT / "autograd_core" / name, ROOT / "kernels" / name)
        assert any(place.is_file() for place in places), name


LEAVING = {
    "np.asarray(t)": np.asarray,
    "np.array([t, u])": lambda t: np.array([t, t]),
    "array[0] = t": lambda t: np.zeros(2).__setitem__(0, t),
    "float(t)": float,
    "math.exp(t)": math.exp,
    "ag.tensor(t)": ag.tensor,
}


@pytest.mark.parametrize("how", LEAVING)
def test_what_leaves_the_graph_by_itself(how):
    assert f"`{how}`" in TEXT
    w = ag.tensor(np.float64(2.0), requires_grad=True)
    t = w * 3.0
    with pytest.raises((RuntimeError, ValueError)) as caught:
        LEAVING[how](t)
    cause = caught.value.__cause__ or caught.value  # NumPy wraps what float() raises
    assert "would lose its gradient" in str(cause)
    with ag.no_grad():
        LEAVING[how](t)
    LEAVING[how](t.detach())
    assert (int(t), bool(t), t.item(), np.asarray(t, np.int64)) == (6, True, 6.0, 6)
    t.backward()
    LEAVING[how](t)  # the gradient has been had


def test_operators_leave_the_rest_to_python():
    class Other:
        def __radd__(self, other):
            return "asked"

    t = ag.ones(2)
    assert (t == None) is False  # noqa: E711
    assert t + Other() == "asked"


def test_only_what_backward_reads_counts():
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    y = (w * 3).sum()
    with ag.no_grad():
        w += 1
    y.backward()
    assert w.grad.tolist() == [3, 3]
    y = (w * w).sum()
    with ag.no_grad():
        w += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_arrays_are_copied_unless_nobody_can_write_to_them():
    w, x = ag.tensor([1.0, 2.0], requires_grad=True), np.ones(2, np.float32)
    y = (w * x).sum()
    x[:] = 7
    y.backward()
    assert w.grad.tolist() == [1, 1]
    assert snapshot(x) is not x
    x.flags.writeable = False
    assert snapshot(x) is x
