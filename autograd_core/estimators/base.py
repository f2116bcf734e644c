"""What both estimators share: fit, warm start, partial fit, the fitted attributes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from autograd_core.estimators import training
from autograd_core.estimators.network import biases_of, made_network, weights_of
from autograd_core.estimators.settings import check_settings, made_optimizer
from autograd_core.estimators.training import Rows, Trainer, seeded
from autograd_core.hooks import Array
from autograd_core.tensor import Tensor
from autograd_core.train import Batches, predict

FLOATS = (np.float64, np.float32)


def _by_minibatches(estimator: Any) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for the solvers sgd and adam, not lbfgs"
        )
    return True


class MLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A multi-layer perceptron; see `MLPClassifier` and `MLPRegressor`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train on ``X`` (rows, features), dense, sparse or a DataFrame, and ``y``.

        ``sample_weight`` (rows,) weighs the rows. Raises ValueError for parameters,
        data and labels that do not do, and when the weights overflow.
        """
        return self._fit(X, y, sample_weight, again=False)

    @available_if(_by_minibatches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """One epoch over the rows given, going on from where the network is."""
        return self._fit(X, y, sample_weight, again=True)

    def _fit(self, X: Any, y: Any, sample_weight: Any, again: bool) -> Self:  # noqa: N803
        check_settings(self)
        if again and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        fresh = not (hasattr(self, "model_") and (again or self.warm_start))
        X, y = validate_data(  # noqa: N806
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=FLOATS,
            y_numeric=not is_classifier(self),
            reset=fresh,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = self._targets(y, X.dtype, fresh, again)
        rows = Rows(X, targets, self._weights(y, sample_weight, X))
        rng = check_random_state(self.random_state)
        with seeded(int(rng.randint(2**31 - 1)) + (0 if fresh else self.t_)):
            if fresh:
                self._start(rows, rng)
            self._train(rows, rng, again)
        if not all(np.isfinite(w).all() for w in weights_of(self.model_)):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may "
                "contain large values and need to be preprocessed."
            )
        return self

    def _start(self, rows: Rows, rng: np.random.RandomState) -> None:
        """A new network, and the books that are kept of it."""
        self.model_ = made_network(
            self, rows.x.shape[1], self.n_outputs_, rows.x.dtype, rng
        )
        self.n_layers_ = len(weights_of(self.model_)) + 1
        self._open_books()
        self.n_iter_ = self.t_ = 0

    def _open_books(self) -> None:
        self.loss_curve_: list[float] = []
        self.best_loss_: float | None = None if self.early_stopping else np.inf
        self.validation_scores_: list[float] | None = (
            [] if self.early_stopping else None
        )
        self.best_validation_score_: float | None = (
            -np.inf if self.early_stopping else None
        )
        self._no_improvement_count = 0

    def _train(self, rows: Rows, rng: np.random.RandomState, again: bool) -> None:
        score = None
        if self.early_stopping and self.solver != "lbfgs":
            rows, held = self._split(rows, rng)
            score = lambda: self._score_of(held)  # noqa: E731
        size = training.batch_size(self, len(rows.y))
        if not (again and hasattr(self, "_trainer")):
            self._trainer = Trainer(
                self.model_,
                made_optimizer(self, list(self.model_.parameters())),
                self._loss,
                l1=self.l1,
                l2=self.alpha,
            )
        if self.solver == "lbfgs" and self.optimizer is None:
            training.train_lbfgs(self, self._trainer, rows)
            return
        batches = Batches(
            rows.x,
            rows.y,
            size,
            sample_weight=rows.weight,
            seed=int(rng.randint(2**31 - 1)) + self.t_,
            shuffle=self.shuffle,
            augment=self.augment,
        )
        self.n_iter_ = 0
        self.model_.train()
        try:
            epochs = 1 if again else self.max_iter
            training.train_epochs(self, self._trainer, batches, epochs, score)
        except FloatingPointError as error:
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may "
                f"contain large values and need to be preprocessed. ({error})"
            ) from error
        finally:
            self.model_.eval()

    def _split(self, rows: Rows, rng: np.random.RandomState) -> tuple[Rows, Rows]:
        number = np.arange(len(rows.y))
        kinds = self._kinds(rows.y)
        rest, held = train_test_split(
            number, random_state=rng, test_size=self.validation_fraction, stratify=kinds
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or "
                "the size of your dataset."
            )
        return rows.take(rest), rows.take(held)

    def _outputs(self, X: Any) -> Array:  # noqa: N803
        """What the network says of ``X``, before any activation of the output."""
        check_is_fitted(self)
        X = validate_data(  # noqa: N806
            self, X, accept_sparse="csr", dtype=FLOATS, reset=False
        )
        return self._raw(X)

    def _raw(self, X: Any) -> Array:  # noqa: N803
        dtype = next(self.model_.parameters()).dtype
        return predict(self.model_, X.astype(dtype, copy=False))

    @property
    def coefs_(self) -> list[Array]:
        """Weights (inputs, outputs) of each layer, copies."""
        return weights_of(self.model_)

    @property
    def intercepts_(self) -> list[Array]:
        """Biases (outputs,) of each layer, copies."""
        return biases_of(self.model_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # What a kind of estimator says of itself -----------------------------------------

    n_outputs_: int

    def _targets(self, y: Array, dtype: Any, fresh: bool, again: bool) -> Array:
        """``y`` as the loss takes it; sets ``n_outputs_``."""
        raise NotImplementedError

    def _weights(self, y: Array, sample_weight: Any, X: Any) -> Array | None:  # noqa: N803
        """A weight for each row, or None."""
        if sample_weight is None:
            return None
        weight: Array = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        return weight

    def _kinds(self, targets: Array) -> Array | None:
        """What the validation part is to have its share of; None for nothing."""
        return None

    def _loss(self, output: Tensor, y: Array, sample_weight: Any = None) -> Tensor:
        raise NotImplementedError

    def _score_of(self, rows: Rows) -> float:
        """The validation score."""
        raise NotImplementedError
