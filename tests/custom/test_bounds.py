"""Kernels of one's own that leave their arrays, or make integers of floats."""

import re
import warnings

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.custom import bounds


@ag.kernel
def copied(lo, hi, x, out):
    for i in range(lo, hi):
        for t in range(x.shape[1]):
            out[i, t] = x[i, t]


@ag.kernel(step=2)
def shifted(lo, hi, x, k, out):
    for i in range(lo, hi):
        out[i] = x[i + k]


@ag.kernel
def gathered(lo, hi, x, places, out):
    for i in range(lo, hi):
        out[i] = x[places[i]]


@ag.kernel
def all_rows(lo, hi, x, out):
    for i in range(len(x)):
        out[i] = 2.0 * x[i]


@ag.kernel
def with_memory(lo, hi, x, out):
    memory = np.zeros(3)
    for i in range(lo, hi):
        out[i] = 2.0 * x[i] + memory[i % 3]


@ag.kernel
def raises(lo, hi, x, out):
    for i in range(lo, hi):
        if x[i] > 0:
            raise ValueError("positive")
        out[i] = x[i]


WIDE, LINE = np.ones((6, 9)), np.arange(1000.0)
OUTSIDE = {
    "one too many": (copied, 7, (WIDE,), WIDE),
    "many too many": (copied, 206, (WIDE,), WIDE),
    "a result too narrow": (copied, 6, (WIDE,), WIDE[:, :8]),
    "a result too short": (copied, 6, (WIDE,), WIDE[:5]),
    "an integer too large": (shifted, 999, (LINE, 2), LINE),
    "an integer too small": (shifted, 999, (LINE, -1001), LINE),
    "an odd last part": (shifted, 1001, (LINE, 0), LINE),
}


@pytest.mark.parametrize("case", OUTSIDE)
@pytest.mark.parametrize("how", ["eager", "compiled"])
def test_an_index_outside_of_an_array_is_an_error(case, how):
    kernel, units, inputs, out = OUTSIDE[case]

    def call(x):
        return kernel(units, x, *inputs[1:], out=(out.shape, "f8"))

    if how == "compiled":
        call = ag.compile(call)
    for _ in range(2):  # what failed is not taken for tried
        with pytest.raises(IndexError) as caught:
            call(inputs[0])
    told = str(caught.value)
    assert told.startswith(f"kernel {kernel.name}: an index is outside of its array")
    assert f"called for {units} units with x of shape {inputs[0].shape}, " in told
    assert told.endswith(f"out of shape {out.shape}")


def test_good_calls_before_do_not_hide_a_bad_one():
    for rows in (6, 5):
        for _ in range(20):
            assert copied(rows, WIDE, out=WIDE)[:rows].tolist() == [[1.0] * 9] * rows
    with pytest.raises(IndexError):
        copied(6, WIDE[:5], out=WIDE)
    with pytest.raises(ValueError, match=r"copied: expected units >= 0, got -1"):
        copied(-1, WIDE, out=WIDE)


def test_arrays_of_other_classes_are_tried_too():
    matrix = np.ones((6, 9)).view(np.recarray)
    assert copied(6, matrix, out=WIDE).tolist() == WIDE.tolist()
    with pytest.raises(IndexError):
        copied(7, matrix, out=WIDE)


def test_each_sort_of_call_is_tried_once(monkeypatch):
    tried = []
    run = bounds.Bounds.run

    def counted(self, lo, hi, units, args):
        tried.append((lo, hi))
        run(self, lo, hi, units, args)

    monkeypatch.setattr(bounds.Bounds, "run", counted)
    for _ in range(30):
        assert shifted(901, LINE, 1, out=LINE)[0] == 1.0
    assert tried == [(0, 8), (894, 901)]
    for k in range(99):
        shifted(2, LINE, k, out=LINE)
    assert len(tried) == 2 + bounds.MOST_INTS


def test_what_a_kernel_raises_is_told():
    with pytest.raises(RuntimeError, match=r"raises: it raised ValueError: positive"):
        raises(2, np.ones(2), out=np.ones(2))


def op_of(kernel, *more):
    return ag.primitive(lambda g, out, x: 2.0 * g)(
        lambda x: kernel(x.size, x, *more, out=x)
    )


PLACES = np.arange(40)
PLACES[20] = 40


def test_check_op_finds_parts_that_overlap():
    report = ag.check_op(
        op_of(all_rows), np.arange(1.0, 41.0), order=1, raise_on_failure=False
    )
    found = {what: wrong for what, wrong in report.rows if wrong}
    assert list(found) == ["kernels cut in parts"]
    assert re.match(
        r"kernel all_rows writes the same element in several parts of its work \(units "
        r"0 to 13, 13 to 14, 14 to 40\)",
        found["kernels cut in parts"],
    )


def test_check_op_tries_all_units():
    x = np.arange(1.0, 41.0)
    with pytest.raises(IndexError, match=r"gathered: .* in units 0 to 40\. It was"):
        ag.check_op(op_of(gathered, PLACES), x)


def test_check_op_remarks_that_a_kernel_makes_arrays():
    report = ag.check_op(op_of(with_memory), np.arange(1.0, 8.0))
    assert report
    assert report.remarks == [
        "kernel with_memory makes arrays in each part of its work: hand in memory for "
        "them, as an output, or use numbers"
    ]
    assert f"remark: {report.remarks[0]}" in str(report)


def by_constant(lo, hi, x, out):
    half = x.dtype.type(0.5)
    for i in range(lo, hi):
        out[i] = x[i] * half


def by_root(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = x[i] * x.dtype.type(1.0 / np.sqrt(x[i] + 3.0))


def stored(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = x[i] * 0.5


def whole(lo, hi, x, out):
    two = x.dtype.type(2.0)
    for i in range(lo, hi):
        out[i] = x[i] * two


def meant(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = int(x[i] * 0.5)


INTEGERS, FLOATS = np.arange(3), np.arange(3.0)
CASTS = [
    (by_constant, INTEGERS, r"x\.dtype\.type\(...\) makes int64 of a float"),
    (by_root, INTEGERS, r"x\.dtype\.type\(...\) makes int64 of a float"),
    (stored, INTEGERS, r"kernel stored: out of int64 takes floats: 0\.5 becomes 0"),
    (by_constant, FLOATS, None),
    (by_root, FLOATS, None),
    (stored, FLOATS, None),
    (whole, INTEGERS, None),
    (meant, INTEGERS, None),
]


@pytest.mark.parametrize(("function", "x", "message"), CASTS)
def test_floats_that_become_integers_are_told(function, x, message):
    kernel = ag.kernel(function)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            kernel(3, x, out=x)
    assert len(told) == (message is not None)
    for warning in told:
        assert re.search(message, str(warning.message))
        assert warning.filename == __file__
