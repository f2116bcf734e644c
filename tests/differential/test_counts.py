"""Every function in the wheels' lists is called."""

import pytest

pytest.importorskip("autograd")
pytest.importorskip("mygrad")
pytest.importorskip("scipy")


def test_as_many_are_called_as_they_list():
    import coverage_lists

    for *title, called, listed in coverage_lists.counts():
        assert called == listed, title
    assert {space for _, space, *_ in coverage_lists.counts()} >= {
        "numpy",
        "scipy.special",
        "functions",
    }
