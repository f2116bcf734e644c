"""Standardizer: statistics, inverse, state, and what it refuses."""

import numpy as np
import pytest

from autograd_core.train import Standardizer, load, save


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i8"])
def test_standardizer_keeps_constant_columns_finite(dtype, rng):
    x = rng.integers(0, 99, (500, 3)).astype(dtype)
    x[:, 1] = 7
    fit = Standardizer(x)
    out = fit(x)
    assert out.dtype == (dtype if dtype[0] == "f" else "f4")
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(0), [1, 0, 1], atol=1e-5)
    assert fit(x[:1] + 1)[0, 1] == 1  # a new value there is centred only
    whole = Standardizer(x, per_column=False)(x)
    assert abs(whole.mean()) < 1e-5 > abs(whole.std() - 1)


def test_standardizer_is_not_fooled_by_rounding():
    x = np.full((1000, 1), 0.1) * 3e7  # its computed deviation need not be 0
    x[::3] *= 1 + 2e-16
    assert np.abs(Standardizer(x)(x)).max() < 1e-6


@pytest.mark.parametrize("per_column", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_it_is_scikit_learns(per_column, seed):
    oracle = pytest.importorskip("sklearn.preprocessing").StandardScaler
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rng.integers(1, 400), 4)) * [1, 1e-3, 1e4, 0] + 3e3
    other = rng.standard_normal((5, 4))
    ours = Standardizer(x, per_column)
    theirs = oracle().fit(x if per_column else x.reshape(-1, 1))

    def transformed(function, values):
        shape = values.shape if per_column else (-1, 1)
        return function(values.reshape(shape)).reshape(values.shape)

    expected = transformed(theirs.transform, other)
    np.testing.assert_allclose(ours(other), expected, rtol=1e-9)
    back = transformed(theirs.inverse_transform, other)
    np.testing.assert_allclose(ours.inverse(other), back, rtol=1e-9)


def test_inverse_goes_back(rng):
    x = (rng.standard_normal((50, 2, 3)) * 5 + 7).astype("f4")
    x[:, 1, 1] = 4
    for per_column in (True, False):
        fit = Standardizer(x, per_column)
        assert fit.inverse(fit(x)).dtype == np.float32
        np.testing.assert_allclose(fit.inverse(fit(x)), x, rtol=1e-5)
        assert np.array_equal(fit(x[0]), fit(x)[0])  # one row alone
        assert fit(x[:0]).shape == (0, 2, 3)
    whole = Standardizer(x, per_column=False)
    np.testing.assert_allclose(whole(0).item(), -whole.mean / whole.scale, rtol=1e-6)


def test_a_state_is_saved_and_loaded(tmp_path, rng):
    x = rng.standard_normal((20, 3))
    fit = Standardizer(x)
    save(tmp_path / "s", fit.state_dict())
    again = Standardizer()
    again.load_state_dict(load(tmp_path / "s"))
    assert np.array_equal(again(x), fit(x))
    state = fit.state_dict()
    state["mean"][:] = 0  # a copy
    assert np.array_equal(again(x), fit(x))
    assert Standardizer().fit(x).mean.tolist() == fit.mean.tolist()
    assert [repr(s) for s in (Standardizer(), fit, Standardizer(x, False))] == [
        "Standardizer(not fitted)",
        "Standardizer(means of shape (3,))",
        "Standardizer(one mean for all)",
    ]


def test_rows_in_other_forms(rng):
    pd = pytest.importorskip("pandas")
    x = rng.integers(0, 9, (20, 2))
    frame = pd.DataFrame(x, columns=["a", "b"])
    fit = Standardizer(frame)
    assert np.array_equal(fit(frame.astype("Int64")), Standardizer(x)(x.tolist()))
    with pytest.raises(ValueError, match=r"columns \['a', 'b'\], got \['b', 'a'\]"):
        fit(frame[["b", "a"]])


def test_a_mapped_file_is_read_in_parts(tmp_path, rng):
    x = rng.standard_normal((1000, 3000)).astype("f4")
    x.tofile(tmp_path / "x")
    mapped = np.memmap(tmp_path / "x", "f4", "r", shape=x.shape)
    parts = Standardizer(mapped)  # three of them
    np.testing.assert_allclose(parts.mean, x.mean(0, np.float64), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts.scale, x.astype("f8").std(0), rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s(np.ones((3, 5))), ValueError, r"rows of shape \(2,\).*\(5,\)"),
        (lambda s: s(np.ones((3, 1))), ValueError, r"\(1,\)"),
        (lambda s: s(np.ones((3, 2, 2))[..., 0][:, :1]), ValueError, r"\(1,\)"),
        (lambda s: s.inverse(np.ones((3, 5))), ValueError, r"\(5,\)"),
        (lambda s: s([[np.nan, 1]]), ValueError, r"nan at x\[0, 0\]"),
        (lambda s: Standardizer([[np.inf], [1]]), ValueError, "inf at"),
        (lambda s: Standardizer(np.ones((0, 3))), ValueError, "no values"),
        (lambda s: Standardizer(3.0), ValueError, "no values"),
        (lambda s: s([["a", "b"]]), TypeError, "must be numbers"),
        (lambda s: Standardizer()([1.0]), ValueError, r"call fit\(x\)"),
        (lambda s: Standardizer().state_dict(), ValueError, r"call fit\(x\)"),
        (lambda s: s.load_state_dict({"mean": 0}), ValueError, r"got \['mean'\]"),
        (lambda s: s.load_state_dict({"mean": [0, 0], "scale": [1, 0]}), ValueError,
         "scale > 0"),
        (lambda s: s.load_state_dict({"mean": [0], "scale": [1, 1]}), ValueError,
         "one shape"),
    ],
)  # fmt: skip
def test_what_it_refuses(call, error, message):
    fit = Standardizer(np.array([[1.0, 2.0], [3.0, 4.0]]))
    with pytest.raises(error, match=message):
        call(fit)
    assert fit.mean.tolist() == [2, 3]


def test_sparse_rows_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"sparse matrix; \.toarray\(\)"):
        Standardizer(sparse.eye(3))
