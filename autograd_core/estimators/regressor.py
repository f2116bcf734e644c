"""`MLPRegressor`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from autograd_core import nn
from autograd_core.estimators.base import MLP
from autograd_core.estimators.settings import keep
from autograd_core.estimators.training import Rows
from autograd_core.hooks import Array
from autograd_core.tensor import Tensor


class MLPRegressor(RegressorMixin, MLP):  # type: ignore[misc]
    """A network that predicts numbers: half the mean squared error, or Poisson's.

    scikit-learn's parameters and fitted attributes (see
    `sklearn.neural_network.MLPRegressor`), and:

    - ``dropout``: the probability with which a hidden unit is dropped, in [0, 1);
    - ``batch_norm``: normalise each hidden layer over the batch;
    - ``optimizer``: parameters -> `Optimizer`, a function used instead of ``solver``;
    - ``l1``: a penalty ``l1 * sum(abs(w))`` beside ``alpha / 2 * sum(w**2)``;
    - ``augment``: a function (x, rng) -> x that changes the inputs of each batch.

    >>> from autograd_core.estimators import MLPRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(solver="lbfgs", alpha=10, random_state=0)
    >>> bool(model.fit(X, y / y.std()).score(X, y / y.std()) > 0.38)
    True
    """

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        optimizer: Any = None,
        l1: float = 0.0,
        augment: Any = None,
    ) -> None:
        keep(self, locals())

    @property
    def out_activation_(self) -> str:
        """What follows the last layer: "identity", or "exp" under Poisson's loss."""
        return "exp" if self.loss == "poisson" else "identity"

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Predictions (rows,) or (rows, outputs)."""
        return self._predicted(self._outputs(X))

    def _predicted(self, output: Array) -> Array:
        if self.loss == "poisson":
            output = np.exp(output)
        return output[:, 0] if output.shape[1] == 1 else output

    def _targets(self, y: Array, dtype: Any, fresh: bool, again: bool) -> Array:
        columns: Array = y.reshape(len(y), -1).astype(dtype)
        if fresh:
            self.n_outputs_ = columns.shape[1]
        elif columns.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {columns.shape[1]} columns, the fitted network has "
                f"{self.n_outputs_} outputs"
            )
        if self.loss == "poisson" and (columns < 0).any():
            raise ValueError("y must not be negative under loss='poisson'")
        return columns

    def _loss(self, output: Tensor, y: Array, sample_weight: Any = None) -> Tensor:
        if self.loss == "poisson":
            rows = np.mean(np.exp(output) - y * output, axis=1)
            if sample_weight is None:
                return rows.mean()
            total: Tensor = np.sum(rows * sample_weight) / np.sum(sample_weight)
            return total
        squares = nn.functional.mse_loss(output, y, sample_weight=sample_weight)
        return squares * 0.5

    def _score_of(self, rows: Rows) -> float:
        predicted = self._predicted(self._raw(rows.x))
        truth = self._predicted(rows.y) if self.loss != "poisson" else rows.y
        return float(r2_score(truth, predicted, sample_weight=rows.weight))
