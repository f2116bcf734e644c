"""Data as lists, frames, sparse matrices, tensors and files: the same bits."""

import decimal
import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.train import Batches, check_data
from autograd_core.train.data import as_array, unpack

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.integers(0, 17, (200, 8)).astype("f4")
Y = RNG.integers(0, 3, 200)


def mapped(folder, values, dtype, order="C"):
    """A file of the values, mapped into memory."""
    options = {"shape": values.shape, "dtype": dtype, "order": order}
    np.memmap(folder / "x", mode="w+", **options)[:] = values
    return np.memmap(folder / "x", mode="r", **options)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def pandas(make):
    return lambda x, _: make(pytest.importorskip("pandas").DataFrame(x))


def scipy(kind, dtype="f4"):
    def form(x, _):
        return getattr(pytest.importorskip("scipy.sparse"), kind)(x.astype(dtype))

    return form


def torch(**options):
    return lambda x, _: pytest.importorskip("torch").tensor(x, **options)


FORMS = {
    "lists": lambda x, _: x.tolist(),
    "tensor": lambda x, _: ag.tensor(x),
    "tensors": lambda x, _: [ag.tensor(row) for row in x],
    "float64": lambda x, _: x.astype("f8"),
    "float16": lambda x, _: x.astype("f2"),
    "big-endian": lambda x, _: x.astype(">f8"),
    "bytes": lambda x, _: x.astype("u1"),
    "int16": lambda x, _: x.astype(">i2"),
    "int64": lambda x, _: x.astype("i8"),
    "Fortran": lambda x, _: np.asfortranarray(x),
    "strided": lambda x, _: np.repeat(x, 2, 1)[:, ::2],
    "backwards": lambda x, _: x[::-1].copy()[::-1],
    "read-only": lambda x, _: read_only(x),
    "file": lambda x, folder: mapped(folder, x, "f4"),
    "file of bytes": lambda x, folder: mapped(folder, x, "u1"),
    "file by columns": lambda x, folder: mapped(folder, x, "f8", "F"),
    "file, big-endian": lambda x, folder: mapped(folder, x, ">f4"),
    "frame": pandas(lambda f: f),
    "frame of integers": pandas(lambda f: f.astype(int)),
    "nullable": pandas(lambda f: f.astype("Int64")),
    "nullable floats": pandas(lambda f: f.astype("Float32")),
    "mixed": pandas(lambda f: f.astype({0: "Int8", 1: "f8", 2: "u1"})),
    "sparse frame": pandas(lambda f: f.astype("Sparse[float]")),
    "CSR": scipy("csr_matrix"),
    "CSC of integers": scipy("csc_array", "i8"),
    "COO": scipy("coo_array", "f8"),
    "lists of rows": scipy("lil_matrix"),
    "torch": torch(),
    "torch with gradient": torch(requires_grad=True),
}


def trained(x, y=Y, compiled=False):
    """What everything comes to, as bytes."""
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))
    opt = optim.Adam(model.parameters(), 0.01)
    metrics = {"accuracy": train.accuracy, "f1": train.f1}
    history = train.fit(
        model,
        opt,
        F.cross_entropy,
        (x, y),
        (x, y),
        epochs=2,
        metrics=metrics,
        compiled=compiled,
    )
    rows = [{**row, "seconds": 0} for row in history.rows]
    found = train.evaluate(model, F.cross_entropy, x, y, metrics, batch_size=77)
    weights = model.state_dict()["0.weight"].tobytes()
    return weights, rows, found, train.predict(model, x).tobytes()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_trains_to_the_same_bits(form, compiled, tmp_path):
    given = FORMS[form](X, tmp_path)
    assert trained(given, compiled=compiled) == trained(X, compiled=compiled)
    assert Batches(given, Y).astype("f4", int).describe() == Batches(X, Y).describe()


LABELS = {
    "list": lambda y: y.tolist(),
    "bytes": lambda y: y.astype("u1"),
    "big-endian": lambda y: y.astype(">i4"),
    "read-only": read_only,
    "tensor": ag.tensor,
    "series": lambda y: pytest.importorskip("pandas").Series(y),
    "nullable": lambda y: pytest.importorskip("pandas").Series(y).astype("Int32"),
    "index": lambda y: pytest.importorskip("pandas").Index(y),
}


@pytest.mark.parametrize("form", LABELS)
def test_labels_in_every_form(form):
    assert trained(X, LABELS[form](Y)) == trained(X)


def test_images_of_bytes_stay_bytes_until_they_are_batches():
    images = Batches(X.astype("u1"), Y, 10).astype("f4", "i8")
    assert images.x.dtype == np.uint8
    assert images.at(3)[0].dtype == np.float32


def test_numbers_of_rows_of_a_table_stay_integers():
    class Table(nn.Module):
        def __init__(self):
            self.table = nn.Parameter(np.arange(34, dtype="f4").reshape(17, 2))

        def forward(self, x):
            return self.table[x].sum(1)

    numbers = X.astype("i8")
    expected = np.arange(34.0).reshape(17, 2)[numbers].sum(1)
    np.testing.assert_array_equal(train.predict(Table(), numbers), expected)
    opt = optim.SGD((model := Table()).parameters(), 0.1)
    history = train.fit(model, opt, F.cross_entropy, (numbers, Y % 2), epochs=1)
    assert np.isfinite(history.last("loss"))


def test_files_and_sparse_matrices_are_never_in_memory_whole(tmp_path):
    rows, columns = 20_000, 1_000  # 20 MB as bytes, 80 as floats
    file = np.memmap(tmp_path / "x", "u1", "w+", shape=(rows, columns))
    matrix = pytest.importorskip("scipy.sparse").random_array(
        (rows, columns), density=1e-3, format="csr", dtype="f4", rng=0
    )
    y = np.arange(rows) % 2
    model = nn.Linear(columns, 2)
    opt = optim.SGD(model.parameters(), 0.1)
    for x in (file, matrix):
        tracemalloc.start()
        batches = Batches(x, y, 1000)
        batches.describe()
        train.fit(model, opt, F.cross_entropy, batches, (x, y), epochs=1)
        train.evaluate(model, F.cross_entropy, x, y)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 18e6


# What is no data -------------------------------------------------------------------


def frame(**columns):
    return lambda: pytest.importorskip("pandas").DataFrame(columns)


def sparse(make):
    return lambda: make(pytest.importorskip("scipy.sparse"))


REFUSED = {
    "generator": (lambda: (i for i in range(3)), TypeError, "got a generator; list"),
    "map": (lambda: map(float, [1, 2]), TypeError, "got a map; list"),
    "dict": (lambda: {"a": 1}, TypeError, "must be rows of numbers, got dict"),
    "None": (lambda: None, TypeError, "got NoneType"),
    "text": (lambda: "abc", TypeError, "got str"),
    "texts": (lambda: ["a", "b"], TypeError, "np.unique"),
    "missing": (lambda: [[1, None]], TypeError, "dtype object with None"),
    "Decimal": (lambda: [decimal.Decimal(1)], TypeError, "with Decimal"),
    "objects": (lambda: np.array([1, 2.5], object), TypeError, r"astype\(np.float32\)"),
    "dates": (lambda: np.array(["2020"], "M8[Y]"), TypeError, "datetime64"),
    "records": (lambda: np.zeros(3, [("a", "f4")]), TypeError, "got dtype"),
    "ragged": (lambda: [[1, 2], [3]], ValueError, "lists of different lengths"),
    "masked": (lambda: np.ma.array([1, 2], mask=[0, 1]), TypeError, r"\.filled\(0\)"),
    "no columns": (lambda: np.zeros((3, 0)), ValueError, "x has no columns"),
    "empty frame": (frame(), ValueError, "x has no rows"),
    "categories": (frame(a=[1], city=["x"]), TypeError, "in column 'city'"),
    "many": (frame(**{c: ["x"] for c in "abcdefg"}), TypeError, "and 2 others"),
    "sparse NaN": (
        sparse(lambda s: s.csr_array(np.array([[0, 1], [0, 0], [1, np.nan]]))),
        ValueError,
        r"1 NaN or infinite values, the first is nan at x\[2, 1\]",
    ),
    "sparse row": (
        sparse(lambda s: s.coo_array(np.ones(3))),
        ValueError,
        "must be a matrix if sparse",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_data_is_named(case):
    make, error, message = REFUSED[case]
    with pytest.raises(error, match=f"these: x.*{message}|these: {message}"):
        check_data(make(), [0, 1, 2], "these")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda pd: pd.Series(["a", "b"]).astype("category"),
            "got category;",
        ),
        (lambda pd: pd.Categorical([1, 2]), "category"),
        (lambda pd: pd.date_range("2020", periods=2), "datetime64"),
    ],
)
def test_what_pandas_has_beside_numbers(make, message):
    with pytest.raises(TypeError, match=f"y must be numbers.*{message}"):
        as_array(make(pytest.importorskip("pandas")), "y")


def test_missing_values_of_pandas_are_named():
    pd = pytest.importorskip("pandas")
    column = pd.array([1, None, 3], "Int64")
    with pytest.raises(ValueError, match=r"1 NaN .* nan at x\[1, 0\]"):
        check_data(pd.DataFrame({"a": column, "b": [1.0, 2, 3]}), [0, 1, 2])
    with pytest.raises(ValueError, match=r"1 NaN .* nan at y\[1\]"):
        check_data(np.ones(3), pd.Series(column))


def test_targets_cannot_be_sparse():
    eye = pytest.importorskip("scipy.sparse").eye(3)
    with pytest.raises(TypeError, match=r"y is a sparse matrix; \.toarray\(\)"):
        check_data(np.eye(3), eye)


@pytest.mark.parametrize("place", [(0, 0), (1234, 3), (199_999, 4)])
def test_the_first_bad_value_of_many_chunks(place):
    x = np.zeros((200_000, 5), "f4")
    x[place] = x[-1, -1] = np.inf
    count = len({place, (199_999, 4)})
    where = ", ".join(map(str, place))
    with pytest.raises(ValueError, match=rf"x has {count} .* inf at x\[{where}\]"):
        check_data(x, np.zeros(200_000))


# (x, y) and (x, y, sample_weight) --------------------------------------------------


def test_unpack():
    x, y, none = unpack((X, Y))
    assert (x is X, y is Y, none) == (True, True, None)
    assert unpack([X, Y, None])[2] is None
    assert unpack((X, Y, np.ones((200, 1))))[2].shape == (200,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X, r"got ndarray of shape \(200, 8\)"),
        (None, "got NoneType"),
        ((X,), "got a tuple of 1"),
        ((X, Y, Y, Y), "got a tuple of 4"),
        ({"x": X, "y": Y}, "got dict"),
        (0.5, "got float"),
    ],
)
def test_unpack_refuses(data, message):
    with pytest.raises(TypeError, match=r"fit: valid must be \(x, y\) or .*" + message):
        unpack(data, "fit: valid")


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.ones(3), ValueError, r"shape \(200,\), a number for each row, got \(3,\)"),
        (np.ones((200, 2)), ValueError, r"got \(200, 2\)"),
        (1.0, ValueError, r"got \(\)"),
        (np.r_[-1, np.ones(199)], ValueError, "negative, got -1.0 in row 0"),
        (np.r_[1, [np.nan] * 199], ValueError, r"199 NaN .* sample_weight\[1\]"),
        (np.zeros(200), ValueError, "0 in all rows"),
        (["a"] * 200, TypeError, "sample_weight must be numbers"),
    ],
)
def test_sample_weights_are_checked(weights, error, message):
    with pytest.raises(error, match=f"training data: .*{message}"):
        Batches(X, Y, sample_weight=weights)


@pytest.mark.parametrize("x", [3.0, None, "abc", [["a"]]])
def test_predict_names_what_is_no_data(x):
    with pytest.raises((TypeError, ValueError), match="predict: x"):
        train.predict(nn.Linear(8, 3), x)
