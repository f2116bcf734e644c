"""The estimators against scikit-learn's own checks, networks and tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import neural_network
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import autograd_core as ag
from autograd_core import optim, train
from autograd_core.estimators import MLPClassifier, MLPRegressor

# Iterations run out in nearly all of the checks, with scikit-learn's networks too.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:Got `batch_size`:UserWarning",
)
X, Y = load_digits(return_X_y=True)
X = X / 16
DX, DY = load_diabetes(return_X_y=True)
DY = (DY - DY.mean()) / DY.std()
BINARY = Y % 2
SEVERAL = np.stack([Y % 2, Y > 4], axis=1)


@parametrize_with_checks(
    [MLPClassifier(max_iter=100), MLPRegressor(max_iter=100)],
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def small(**settings):
    settings = {"max_iter": 8, "learning_rate_init": 0.02, **settings}
    return MLPClassifier((16,), random_state=0, **settings)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("y", [Y, BINARY, SEVERAL, Y.astype(str)], ids=str)
def test_no_less_accurate_than_scikit_learn(y, dtype):
    settings = {"hidden_layer_sizes": (50,), "max_iter": 30, "random_state": 0}
    settings["learning_rate_init"] = 0.005
    x, rest = X[:1300].astype(dtype), X[1300:].astype(dtype)
    ours = MLPClassifier(**settings).fit(x, y[:1300])
    theirs = neural_network.MLPClassifier(**settings).fit(x, y[:1300])
    assert ours.score(rest, y[1300:]) >= theirs.score(rest, y[1300:]) - 0.02
    assert ours.loss_ < 1.2 * theirs.loss_
    assert ours.predict_proba(rest).shape == theirs.predict_proba(rest).shape
    assert ours.out_activation_ == theirs.out_activation_
    assert [w.shape for w in ours.coefs_] == [w.shape for w in theirs.coefs_]
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


def started_alike(ours, theirs):
    """Give ``ours`` the weights of scikit-learn's network after a fit of one step."""
    from autograd_core.estimators.network import linears

    for layer, w, b in zip(
        linears(ours.model_), theirs.coefs_, theirs.intercepts_, strict=True
    ):
        layer.load_state_dict({"weight": w.T.copy(), "bias": b})


SAME_PATH = [
    {"solver": "sgd", "learning_rate_init": 0.05},
    {"solver": "sgd", "nesterovs_momentum": False},
    {"solver": "sgd", "momentum": 0.0, "alpha": 0.5},
    {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0},
    {"solver": "sgd", "activation": "tanh"},
    {"solver": "sgd", "activation": "logistic", "alpha": 1.0},
    {"solver": "sgd", "activation": "identity", "hidden_layer_sizes": (5, 3)},
    {"solver": "adam"},
]


@pytest.mark.parametrize("kind", ["classifier", "regressor", "binary"])
@pytest.mark.parametrize("settings", SAME_PATH, ids=str)
def test_the_same_path_as_scikit_learn_from_the_same_weights(settings, kind):
    """All rows in one batch, unshuffled, float64: loss by loss what theirs are.

    Adam's epsilon is ours (PyTorch's), outside of the corrected root: nearly the same.
    """
    name = "MLPRegressor" if kind == "regressor" else "MLPClassifier"
    x, y = {
        "classifier": (X[:150], Y[:150]),
        "binary": (X[:150], BINARY[:150]),
        "regressor": (DX[:150], DY[:150]),
    }[kind]
    common = {"hidden_layer_sizes": (7,), "shuffle": False, "random_state": 3}
    common |= {"n_iter_no_change": 100, "warm_start": True, **settings}
    ours = {"MLPRegressor": MLPRegressor, "MLPClassifier": MLPClassifier}[name](
        **common
    )
    theirs = getattr(neural_network, name)(**common)
    for estimator in (ours, theirs):
        estimator.set_params(max_iter=1).fit(x, y)
    started_alike(ours, theirs)
    for estimator in (ours, theirs):
        estimator.set_params(max_iter=12).fit(x, y)
    np.testing.assert_allclose(
        ours.loss_curve_[1:],
        theirs.loss_curve_[1:],
        rtol=1e-5 if settings["solver"] == "adam" else 1e-10,
    )


@pytest.mark.parametrize("tol", [1e-2, 1e-3])
def test_it_ends_when_scikit_learn_does(tol):
    """From the same weights, after the same number of epochs without progress."""
    common = {"hidden_layer_sizes": (7,), "shuffle": False, "solver": "sgd"}
    common |= {"learning_rate_init": 0.05, "warm_start": True, "random_state": 3}
    ours = MLPRegressor(**common)
    theirs = neural_network.MLPRegressor(**common)
    for estimator in (ours, theirs):
        estimator.set_params(max_iter=1, tol=0).fit(DX, DY)
        estimator.best_loss_ = np.inf
    started_alike(ours, theirs)
    for estimator in (ours, theirs):
        estimator.set_params(max_iter=300, tol=tol, n_iter_no_change=3, batch_size=442)
        estimator.fit(DX, DY)
    assert ours.n_iter_ == theirs.n_iter_ < 300


def test_lbfgs_ends_where_scikit_learns_does():
    settings = {"solver": "lbfgs", "max_iter": 300, "alpha": 3.0, "random_state": 0}
    ours = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", **settings)
    ours.fit(DX, DY)
    theirs = neural_network.MLPRegressor(
        hidden_layer_sizes=(4,), activation="tanh", **settings
    ).fit(DX, DY)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-3)


def test_poisson_as_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 3))
    y = rng.poisson(np.exp(x @ [0.5, -0.3, 0.1]))
    settings = {"loss": "poisson", "solver": "lbfgs", "max_iter": 100, "alpha": 1.0}
    ours = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, **settings).fit(x, y)
    theirs = neural_network.MLPRegressor(
        hidden_layer_sizes=(5,), random_state=0, **settings
    ).fit(x, y)
    assert ours.score(x, y) == pytest.approx(theirs.score(x, y), abs=0.05)
    with pytest.raises(ValueError, match="must not be negative"):
        MLPRegressor(loss="poisson").fit(x, -y)


@pytest.mark.parametrize(
    "form", [scipy.sparse.csr_matrix, scipy.sparse.csr_array, pd.DataFrame], ids=str
)
def test_forms_of_data_give_the_same_bits(form):
    x = form(X[:200])
    found = small().fit(x, Y[:200]).predict_proba(x)
    np.testing.assert_array_equal(
        found, small().fit(X[:200], Y[:200]).predict_proba(X[:200])
    )


def test_names_of_features_are_kept_and_compared():
    frame = pd.DataFrame(X[:100], columns=[f"pixel{i}" for i in range(64)])
    model = small().fit(frame, Y[:100])
    assert list(model.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])


def test_a_pickle_goes_on_where_the_original_would():
    model = small().partial_fit(X[:300], Y[:300], classes=np.unique(Y))
    other = pickle.loads(pickle.dumps(model))  # noqa: S301  our own
    for each in (model, other):
        for _ in range(40):  # compiled steps too
            each.partial_fit(X[:300], Y[:300])
    assert model.t_ == 41 * 300
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))
    assert model.score(X[:300], Y[:300]) > 0.9


def test_partial_fit_wants_all_classes_and_keeps_them():
    with pytest.raises(ValueError, match="first call to partial_fit"):
        small().partial_fit(X, Y)
    model = small().partial_fit(X[:50], Y[:50], classes=np.unique(Y))
    with pytest.raises(ValueError, match="not the same"):
        model.partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"not in `self\.classes_`"):
        model.partial_fit(X[:2], np.array([77, 78]))
    with pytest.raises(ValueError, match="early_stopping"):
        MLPRegressor(early_stopping=True).partial_fit(DX, DY)
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")


def test_warm_start_goes_on():
    model = small(warm_start=True).fit(X, Y)
    first = len(model.loss_curve_)
    model.fit(X, Y)
    assert len(model.loss_curve_) == 2 * first
    assert model.loss_curve_[first] < model.loss_curve_[0] / 2
    with pytest.raises(ValueError, match="same classes"):
        model.fit(X, BINARY)


def test_in_a_pipeline_and_a_grid_with_two_processes():
    model = make_pipeline(StandardScaler(), small())
    grid = {"mlpclassifier__alpha": [1e-4, 1e-1], "mlpclassifier__dropout": [0, 0.1]}
    search = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X[:400], Y[:400])
    again = clone(search.best_estimator_).fit(X[:400], Y[:400])
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert search.best_score_ > 0.6


def test_class_weights_are_sample_weights():
    weights = {0: 10.0, 1: 0.5}
    by_class = small(class_weight=weights).fit(X, BINARY)
    by_row = small().fit(X, BINARY, sample_weight=np.where(BINARY, 0.5, 10.0))
    np.testing.assert_array_equal(by_class.predict(X), by_row.predict(X))
    plain = small().fit(X, BINARY)
    assert (by_class.predict(X) == 0).sum() > (plain.predict(X) == 0).sum()


def test_early_stopping_hands_back_the_best_weights():
    model = MLPClassifier(
        (20,), early_stopping=True, n_iter_no_change=3, tol=0.002, random_state=0
    ).fit(X, Y)
    assert model.n_iter_ < 200
    assert model.best_validation_score_ == max(model.validation_scores_)


EXTRA = [
    {"dropout": 0.2},
    {"batch_norm": True},
    {"l1": 1.0},
    {"optimizer": lambda p: optim.RMSprop(p, 1e-3)},
    {"augment": train.Jitter(8, 8, shift=0.5)},
]


@pytest.mark.parametrize("extra", EXTRA, ids=lambda e: next(iter(e)))
def test_what_scikit_learn_does_not_have(extra):
    settings = {"hidden_layer_sizes": (32,), "max_iter": 20, "random_state": 0}
    settings["learning_rate_init"] = 0.005
    before = ag.random.default_generator.get_state()
    model = MLPClassifier(**settings, **extra).fit(X[:1300], Y[:1300])
    again = MLPClassifier(**settings, **extra).fit(X[:1300], Y[:1300])
    np.testing.assert_array_equal(model.coefs_[0], again.coefs_[0])
    np.testing.assert_array_equal(before, ag.random.default_generator.get_state())
    plain = MLPClassifier(**settings).fit(X[:1300], Y[:1300])
    assert not np.array_equal(plain.coefs_[0], model.coefs_[0])
    assert model.score(X[1300:], Y[1300:]) > 0.85


WRONG = [
    ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be"),
    ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be"),
    ({"activation": "gelu"}, "activation must be one of"),
    ({"alpha": -1}, "alpha must be a number in \\[0"),
    ({"alpha": "1"}, "alpha must be"),
    ({"dropout": 1}, "dropout must be a number in \\[0, 1\\)"),
    ({"batch_size": 0}, "batch_size must be one of \\('auto',\\) or a whole"),
    ({"max_iter": True}, "max_iter must be a whole number"),
    ({"max_iter": 1.5}, "max_iter must be a whole number"),
    ({"learning_rate_init": 0}, "learning_rate_init must be"),
    ({"learning_rate_init": np.nan}, "learning_rate_init must be"),
    ({"optimizer": "adam"}, "optimizer must be None or a function"),
    ({"class_weight": "even"}, "class_weight must be None or"),
    ({"shuffle": 1}, "shuffle must be True or False"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_settings_that_do_not_do_are_refused_before_the_first_step(settings, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**settings).fit(X, Y)


def test_an_optimizer_that_is_none_is_refused():
    with pytest.raises(TypeError, match="must return an Optimizer, got NoneType"):
        MLPClassifier(optimizer=lambda p: None).fit(X, Y)


def test_weights_that_overflow_are_an_error():
    model = MLPRegressor(solver="sgd", learning_rate_init=1e3, random_state=0)
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        model.fit(DX * 100, DY * 1e4)


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_iterations_that_run_out_are_a_warning():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(8\)"):
        small().fit(X, Y)


def test_verbose_prints_and_nothing_else_does(capsys):
    small().fit(X[:100], Y[:100])
    assert capsys.readouterr() == ("", "")
    small(verbose=True).fit(X[:100], Y[:100])
    assert capsys.readouterr().out.startswith("Iteration 1, loss = ")
