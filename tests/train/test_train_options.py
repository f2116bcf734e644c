"""The options of `fit`: what each does, against an oracle, eager and compiled alike."""

import numpy as np
import pytest
from train_net import bits, blobs

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.gradcheck import GradcheckError

F = nn.functional


def make(seed=0, lr=1e-2):
    ag.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3)
    )
    return model, optim.Adam(model.parameters(), lr=lr)


def rows_of(history):
    return [{**row, "seconds": 0} for row in history.rows]


class Watch(train.Callback):
    """Calls a function of the run after every step."""

    def __init__(self, function):
        self.function = function

    def step(self, run):
        self.function(run)


OPTIONS = [
    {"l1": 1e-2, "sparse": True},
    {"l1": 1e-2, "l2": 1e-2, "sparse": True, "max_norm": 0.5},
    {"max_norm": 0.3},
    {"clip_norm": 0.1, "l2": 1e-2},
    {"clip_value": 1e-3},
    {"average": 0.9},
    {"average": 0.9, "clip_norm": 1.0, "max_norm": 1.0, "l1": 1e-3},
    {"valid_every": 2},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_compiled_and_eager_are_one_in_every_bit(options):
    found = []
    for compiled in (False, True):
        model, opt = make()
        history = train.fit(
            model, opt, F.cross_entropy, blobs(90), blobs(30, 1), epochs=5,
            batch_size=16, metrics={"accuracy": train.accuracy}, compiled=compiled,
            callbacks=[optim.ExponentialLR(opt, 0.9)], **options,
        )  # fmt: skip
        found.append((bits(model), str(rows_of(history))))
    assert found[0] == found[1]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("number", [7, 12])
def test_resumed_with_any_option_is_the_uninterrupted_run(options, number, tmp_path):
    def run(seed, path, act=lambda run: None, **more):
        model, opt = make(seed)
        callbacks = [
            train.Checkpoint(path, best="valid_accuracy"),
            train.EarlyStopping("valid_loss", 3),
            optim.ExponentialLR(opt, 0.9),
            Watch(act),
        ]
        history = train.fit(
            model, opt, F.cross_entropy, blobs(90), blobs(30, 1), epochs=4,
            batch_size=16, metrics={"accuracy": train.accuracy}, callbacks=callbacks,
            compiled=number == 12, **options, **more,
        )  # fmt: skip
        best = train.load(callbacks[0].best_path)
        best["row"]["seconds"] = 0
        return bits(model), str(rows_of(history)), str(best)

    def stop(run):
        if run.step == number:
            run.stop(train.INTERRUPTED)

    whole = run(0, tmp_path / "whole.ck")
    path = tmp_path / "cut.ck"
    try:
        run(0, path, stop)
    except FileNotFoundError:  # no epoch was validated yet, so none was the best
        assert number == 7
    assert run(5, path, resume=path) == whole


# L1 that gives zeros -------------------------------------------------------------


def test_sparse_l1_is_scikit_learns_lasso_with_its_zeros():
    datasets = pytest.importorskip("sklearn.datasets")
    Lasso = pytest.importorskip("sklearn.linear_model").Lasso
    x, y = datasets.load_diabetes(return_X_y=True)
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    expected = Lasso(alpha=0.1).fit(x, y)
    model = nn.Linear(10, 1, dtype=np.float64)
    opt = optim.SGD(model.parameters(), lr=0.05)
    train.fit(
        model, opt, lambda o, t: F.mse_loss(o, t) / 2, (x, y[:, None]), epochs=800,
        batch_size=442, l1=0.1, sparse=True,
    )  # fmt: skip
    found = model.weight.numpy()[0]
    np.testing.assert_allclose(found, expected.coef_, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(found == 0, expected.coef_ == 0)
    assert (found == 0).sum() >= 4


def test_elastic_net_is_scikit_learns():
    datasets = pytest.importorskip("sklearn.datasets")
    Net = pytest.importorskip("sklearn.linear_model").ElasticNet
    x, y = datasets.load_diabetes(return_X_y=True)
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    expected = Net(alpha=0.2, l1_ratio=0.5).fit(x, y)
    model = nn.Linear(10, 1, dtype=np.float64)
    opt = optim.SGD(model.parameters(), lr=0.05)
    train.fit(
        model, opt, lambda o, t: F.mse_loss(o, t) / 2, (x, y[:, None]), epochs=800,
        batch_size=442, l1=0.1, l2=0.1, sparse=True,
    )  # fmt: skip
    found = model.weight.numpy()[0]
    np.testing.assert_allclose(found, expected.coef_, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(found == 0, expected.coef_ == 0)


def test_sparse_l1_follows_the_learning_rate():
    zeros = []
    for lr in (1e-2, 1e-4):
        model, _ = make()
        opt = optim.SGD(model.parameters(), lr=lr)
        train.fit(model, opt, F.cross_entropy, blobs(), epochs=8, l1=0.5, sparse=True)
        zeros.append(int((model.state_dict()["0.weight"] == 0).sum()))
    assert zeros[0] > zeros[1]


# Limits ---------------------------------------------------------------------------


def test_max_norm_holds_after_every_step():
    largest = []

    def look(run):
        norms = [
            np.linalg.norm(p.numpy(), axis=1).max()
            for p in run.model.parameters()
            if p.ndim > 1
        ]
        largest.append(max(norms))

    model, opt = make(lr=0.1)
    train.fit(
        model, opt, F.cross_entropy, blobs(), epochs=5, max_norm=0.7,
        callbacks=[Watch(look)],
    )  # fmt: skip
    assert max(largest) <= 0.7 * (1 + 1e-6)
    assert largest[-1] > 0.69


@pytest.mark.parametrize(
    ("options", "of", "limit"),
    [
        ({"clip_norm": 0.05}, lambda g: np.sqrt(sum((v**2).sum() for v in g)), 0.05),
        ({"clip_value": 0.01}, lambda g: max(np.abs(v).max() for v in g), 0.01),
    ],
)
def test_gradients_are_clipped(options, of, limit):
    found = []

    def look(run):
        found.append(of([p.grad.numpy() for p in run.model.parameters()]))

    model, opt = make()
    options = {**options, "callbacks": [Watch(look)]}
    train.fit(model, opt, F.cross_entropy, blobs(), epochs=3, **options)
    assert max(found) == pytest.approx(limit, rel=1e-3)


def test_gradients_that_are_not_finite_are_no_step():
    model = nn.Linear(4, 3)
    opt = optim.SGD(model.parameters(), lr=0.1)
    before = bits(model)

    def loss(output, y):  # finite, but its slope is not
        return F.cross_entropy(output, y) + np.sqrt((output * 0).sum())

    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="norm"):
        train.fit(model, opt, loss, blobs(), epochs=1, clip_norm=1.0)
    assert bits(model) == before


# Averages -------------------------------------------------------------------------


def test_the_average_is_what_is_validated_and_left():
    decay, weights, kept, model_of_run = 0.9, [], [], []

    def look(run):
        state = run.model.state_dict()
        weights.append({k: v.astype(float) for k, v in state.items()})
        model_of_run.append(run.model)

    model, opt = make()
    x, y = blobs(40, 1)
    history = train.fit(
        model, opt, F.cross_entropy, blobs(), (x, y), epochs=3, batch_size=32,
        average=decay, callbacks=[Watch(look)],
    )  # fmt: skip
    powers = decay ** np.arange(len(weights))[::-1]
    for name, value in model.state_dict().items():
        if name.endswith("tracked"):
            continue
        expected = sum(p * w[name] for p, w in zip(powers, weights, strict=True)) / sum(
            powers
        )
        np.testing.assert_allclose(value, expected, rtol=2e-5, atol=2e-6)
    found = train.evaluate(model, F.cross_entropy, x, y)["loss"]
    assert found == pytest.approx(history.last("valid_loss"), rel=1e-6)
    assert not kept


def test_early_stopping_and_the_best_file_keep_averages(tmp_path):
    model, opt = make(lr=0.05)
    saved = train.Checkpoint(tmp_path / "a.st", best="valid_loss")
    x, y = blobs(40, 1)
    history = train.fit(
        model, opt, F.cross_entropy, blobs(), (x, y), epochs=8, average=0.8,
        callbacks=[saved, train.EarlyStopping(patience=20)],
    )  # fmt: skip
    best = train.load(saved.best_path)
    assert saved.best_path.name == "a.best.st"
    assert best["epoch"] == history.best("valid_loss")["epoch"]
    assert best["row"] == history.rows[best["epoch"] - 1]
    assert {k: v.tobytes() for k, v in best["model"].items()} == bits(model)
    found = train.evaluate(model, F.cross_entropy, x, y)["loss"]
    assert found == pytest.approx(min(history["valid_loss"]), rel=1e-6)


# What is measured -----------------------------------------------------------------


def test_the_cost_is_the_loss_with_its_penalties():
    for sparse in (False, True):
        model = nn.Linear(4, 3)
        opt = optim.SGD(model.parameters(), lr=0.0)
        options = {"l1": 0.2, "l2": 0.3, "sparse": sparse}
        history = train.fit(model, opt, F.cross_entropy, blobs(), epochs=1, **options)
        w = model.weight.numpy().astype(float)
        expected = history["loss"][0] + 0.2 * np.abs(w).sum() + 0.15 * (w**2).sum()
        assert history["cost"][0] == pytest.approx(expected, rel=1e-5)
    model, opt = make()
    history = train.fit(model, opt, F.cross_entropy, blobs(), epochs=1)
    assert history.columns == ["loss", "lr", "seconds"]


def test_metrics_in_training_are_of_all_rows_of_the_epoch():
    x, y = blobs(100)
    order = np.argsort(y)  # batches of a single class
    model = nn.Linear(4, 3)
    opt = optim.SGD(model.parameters(), lr=0.0)
    batches = train.Batches(x[order], y[order], 16, shuffle=False)
    metrics = {"f1": train.f1, "r2": lambda o, t: float(np.unique(t).size)}
    history = train.fit(model, opt, F.cross_entropy, batches, epochs=2, metrics=metrics)
    output = train.predict(model, x)
    assert history["f1"] == pytest.approx([train.f1(output, y)] * 2, rel=1e-6)
    assert history["r2"] == [3.0, 3.0]


def test_validation_of_some_epochs_and_the_last():
    model, opt = make()
    judged = []
    stopping = train.EarlyStopping(patience=3, restore=False)
    history = train.fit(
        model, opt, F.cross_entropy, blobs(), blobs(30, 1), epochs=8, valid_every=3,
        callbacks=[stopping, optim.ReduceLROnPlateau(opt, patience=5)],
    )  # fmt: skip
    judged = [i + 1 for i, v in enumerate(history["valid_loss"]) if not np.isnan(v)]
    assert judged == [3, 6, 8]
    assert history.best("valid_loss")["epoch"] == stopping.best_epoch


@pytest.mark.parametrize("fraction", [0.25, np.float32(0.25)])
def test_a_fraction_is_held_out_with_a_share_of_each_class(fraction):
    x, y = blobs(96)
    y = np.sort(y)
    seen = []

    class Look(train.Callback):
        def start(self, run):
            seen.append((run.batches, run.valid))

    model, opt = make()
    data = (x, y), fraction
    train.fit(model, opt, F.cross_entropy, *data, epochs=1, callbacks=[Look()])
    batches, valid = seen[0]
    assert len(valid[1]) == 24
    assert len(batches.y) == 72
    held = np.bincount(valid[1], minlength=3)
    assert np.abs(held - np.bincount(y) / 4).max() <= 1
    together = np.concatenate([batches.x, valid[0]])
    np.testing.assert_array_equal(np.sort(together, 0), np.sort(x, 0))


def test_training_and_validation_data_come_in_the_same_forms(tmp_path):
    pandas = pytest.importorskip("pandas")
    sparse = pytest.importorskip("scipy.sparse")
    x, y = blobs(96)
    x[np.abs(x) < 0.3] = 0
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    forms = [
        (x, y), (x.tolist(), y.tolist()), (pandas.DataFrame(x), pandas.Series(y)),
        (sparse.csr_matrix(x), y), (mapped, y), (ag.tensor(x), y),
        train.Batches(x, y, 64), (np.asfortranarray(x), y), (x.astype("f8"), y),
    ]  # fmt: skip
    found = []
    for data in forms:
        model, opt = make()
        history = train.fit(model, opt, F.cross_entropy, data, data, epochs=2)
        found.append((bits(model), rows_of(history)))
    assert all(f == found[0] for f in found)


@pytest.mark.parametrize("compiled", [False, True])
def test_sample_weights_reach_the_loss(compiled):
    x, y = blobs(96)
    w = np.where(y == 0, 5.0, 1.0)

    def loss(output, y, sample_weight):
        each = F.cross_entropy(output, y, reduction="none")
        return (each * sample_weight).sum() / sample_weight.sum()

    model = nn.Linear(4, 3)
    opt = optim.SGD(model.parameters(), lr=0.0)
    data = (x, y, w), (x, y, w)
    options = {"epochs": 4, "batch_size": 96, "compiled": compiled}
    history = train.fit(model, opt, loss, *data, **options)
    output = train.predict(model, x).astype(float)
    each = np.log(np.exp(output).sum(1)) - output[np.arange(96), y]
    expected = (w * each).sum() / w.sum()
    assert history["valid_loss"] == pytest.approx([expected] * 4, rel=1e-5)
    assert history["loss"] == pytest.approx([expected] * 4, rel=1e-5)


# Gradient checks ------------------------------------------------------------------


def test_gradients_are_checked_when_asked_and_training_is_as_without():
    found = []
    for epochs in ((), (0, 2)):
        model, opt = make()
        history = train.fit(
            model, opt, F.cross_entropy, blobs(), epochs=3, l2=0.1, gradcheck=epochs
        )
        found.append((bits(model), rows_of(history)))
        assert list(history.gradchecks) == list(epochs)
    assert found[0] == found[1]
    report = history.gradchecks[2]
    assert report
    assert next(row.name for row in report.rows) == "0.weight"


def test_a_wrong_gradient_is_found_before_the_first_step():
    model, opt = make()

    def planted(output, y):  # a constant to backward, not to differences
        return F.cross_entropy(output, y) + ag.tensor((output.data**2).mean())

    with pytest.raises(GradcheckError, match="FAILED") as caught:
        train.fit(model, opt, planted, blobs(), epochs=2, gradcheck=[0], compiled=False)
    assert caught.value.history.rows == []
