"""Guards by words of memory, and by Python where objects lie otherwise than known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from truth_cases import CASES
from truth_run import verdict

import autograd_core as ag
from autograd_core.program import watch, words


@pytest.mark.parametrize("i", range(len(words._samples())))
def test_python_sees_what_native_code_sees(i: int) -> None:
    holder, change = words._samples()[i]
    look = words._looked_at(holder)
    assert look.unchanged()
    if change is not None:
        change()
        assert not look.unchanged()


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (words, watch):
        monkeypatch.setattr(module, "layout_known", lambda: False)


class Scale:
    factor = 2.0

    def step(self, x: Any) -> Any:
        return x * self.factor


@pytest.mark.usefixtures("unknown")
def test_an_attribute_that_hides_the_class_s_own() -> None:
    scale, x = Scale(), np.ones(3)
    step = ag.compile(scale.step)
    for _ in range(4):
        assert step(x).tolist() == [2, 2, 2]
    scale.factor = 3.0
    assert step(x).tolist() == [3, 3, 3]
    del scale.factor
    assert step(x).tolist() == [2, 2, 2]


@pytest.mark.parametrize("known", [False, True])
def test_another_attribute_goes_as_one_comes(known: bool) -> None:
    """Then there are as many as before."""

    class Fresh(Scale):
        def __init__(self) -> None:
            self.first, self.kept, self.last = 1, 2, 3

    if known:  # to all instances, which share a table of names
        Fresh().factor = 5.0
    for gone in ("first", "last"):
        scale, x = Fresh(), np.ones(3)
        step = ag.compile(scale.step)
        for _ in range(4):
            assert step(x).tolist() == [2, 2, 2]
        delattr(scale, gone)
        scale.factor = 3.0
        assert step(x).tolist() == [3, 3, 3]


def test_a_global_goes_as_one_comes_that_hides_a_built_in() -> None:
    space: dict[str, Any] = {"__name__": "users", "junk": 1}
    exec("def f(x):\n    return x * float(abs(-2.0))", space)  # noqa: S102
    step, x = ag.compile(space["f"]), np.ones(3)
    for _ in range(4):
        assert step(x).tolist() == [2, 2, 2]
    del space["junk"]
    space["abs"] = lambda _: 7.0
    assert step(x).tolist() == [7, 7, 7]


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("handled", ["cleared", "deleted head"])
def test_gradients_that_are_handled_outside(handled: str) -> None:
    found = verdict(CASES[f"B6 gradients accumulated: {handled}"], True)
    assert found.kind == "same", found.why
