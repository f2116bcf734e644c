"""`MLPClassifier`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels

from autograd_core import nn
from autograd_core.estimators.base import MLP, _by_minibatches
from autograd_core.estimators.settings import keep
from autograd_core.estimators.training import Rows
from autograd_core.hooks import Array
from autograd_core.tensor import Tensor

F = nn.functional


class MLPClassifier(ClassifierMixin, MLP):  # type: ignore[misc]
    """A network that predicts classes, by the cross-entropy; also several labels a row.

    scikit-learn's parameters and fitted attributes (see
    `sklearn.neural_network.MLPClassifier`), and:

    - ``dropout``: the probability with which a hidden unit is dropped, in [0, 1);
    - ``batch_norm``: normalise each hidden layer over the batch;
    - ``optimizer``: parameters -> `Optimizer`, a function used instead of ``solver``;
    - ``l1``: a penalty ``l1 * sum(abs(w))`` beside ``alpha / 2 * sum(w**2)``;
    - ``augment``: a function (x, rng) -> x that changes the inputs of each batch;
    - ``class_weight``: "balanced" or a dict {label: weight}.

    >>> from autograd_core.estimators import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((16,), solver="lbfgs", max_iter=100, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.95)
    True
    """

    def __init__(
        self,
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
        class_weight: Any = None,
    ) -> None:
        keep(self, locals())

    @property
    def out_activation_(self) -> str:
        """What follows the last layer: "softmax", or "logistic" for yes or no."""
        return "softmax" if self._softmax else "logistic"

    @property
    def _softmax(self) -> bool:
        return bool(self._label_binarizer.y_type_ == "multiclass")

    @available_if(_by_minibatches)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
    ) -> Self:
        """One epoch over the rows given; ``classes``, all labels, at the first call."""
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError(
                    "classes must be passed on the first call to partial_fit"
                )
            self._binarize(unique_labels(y) if np.ndim(y) > 1 else np.asarray(classes))
            if np.ndim(y) > 1:
                self._binarize(np.asarray(y))
        elif classes is not None and not np.array_equal(
            self.classes_, np.unique(classes)
        ):
            raise ValueError(
                f"`classes={classes}` is not the same as on last call to partial_fit, "
                f"was: {self.classes_}"
            )
        return self._fit(X, y, sample_weight, again=True)

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The most probable class of each row; for several labels a row, 0 and 1."""
        return self._named(self._outputs(X))

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Probabilities (rows, classes)."""
        output = self._outputs(X)
        if self._softmax:
            shifted = np.exp(output - output.max(axis=1, keepdims=True))
            proba: Array = shifted / shifted.sum(axis=1, keepdims=True)
            return proba
        yes = _logistic(output)
        return np.hstack([1 - yes, yes]) if self._binary else yes

    def predict_log_proba(self, X: Any) -> Array:  # noqa: N803
        """Logarithms of `predict_proba`."""
        output = self._outputs(X)
        if self._softmax:
            top = output - output.max(axis=1, keepdims=True)
            log: Array = top - np.log(np.exp(top).sum(axis=1, keepdims=True))
            return log
        yes = -np.logaddexp(0, -output)
        return np.hstack([-np.logaddexp(0, output), yes]) if self._binary else yes

    @property
    def _binary(self) -> bool:
        return bool(self._label_binarizer.y_type_ == "binary")

    def _named(self, output: Array) -> Array:
        """The classes of outputs."""
        if self._softmax:
            best: Array = self.classes_[output.argmax(axis=1)]
            return best
        # At 0 both are as probable: the first, as in scikit-learn.
        named: Array = self._label_binarizer.inverse_transform(output, threshold=0.0)
        return named

    def _binarize(self, y: Array) -> None:
        self._label_binarizer = LabelBinarizer().fit(y)
        self.classes_ = self._label_binarizer.classes_

    def _targets(self, y: Array, dtype: Any, fresh: bool, again: bool) -> Array:
        if not hasattr(self, "classes_") or (fresh and not again):
            self._binarize(y)
        else:
            self._check_labels(y)
        if self._softmax:
            self.n_outputs_ = len(self.classes_)
            return np.searchsorted(self.classes_, y)
        targets: Array = self._label_binarizer.transform(y).astype(dtype)
        self.n_outputs_ = targets.shape[1]
        return targets

    def _check_labels(self, y: Array) -> None:
        classes = unique_labels(y)
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{classes}"
            )
        if len(np.setdiff1d(classes, self.classes_)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes_}. 'y' has {classes}."
            )

    def _weights(self, y: Array, sample_weight: Any, X: Any) -> Array | None:  # noqa: N803
        weight = super()._weights(y, sample_weight, X)
        if self.class_weight is None:
            return weight
        by_class: Array = compute_sample_weight(self.class_weight, y).astype(X.dtype)
        return by_class if weight is None else weight * by_class

    def _kinds(self, targets: Array) -> Array | None:
        return None if targets.ndim == 2 and targets.shape[1] > 1 else targets

    def _loss(self, output: Tensor, y: Array, sample_weight: Any = None) -> Tensor:
        if self._softmax:
            return F.cross_entropy(output, y, sample_weight=sample_weight)
        mean = F.binary_cross_entropy_with_logits(
            output, y, sample_weight=sample_weight
        )
        return mean * float(self.n_outputs_)

    def _score_of(self, rows: Rows) -> float:
        predicted = self._named(self._raw(rows.x))
        truth = (
            self.classes_[rows.y]
            if self._softmax
            else self._label_binarizer.inverse_transform(rows.y, threshold=0.5)
        )
        return float(accuracy_score(truth, predicted, sample_weight=rows.weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _logistic(x: Array) -> Array:
    """``1 / (1 + exp(-x))`` without overflow."""
    out: Array = np.exp(-np.logaddexp(0, -x))
    return out
