"""scikit-learn's neural networks, trained by this library's kernels.

`MLPClassifier` and `MLPRegressor` take scikit-learn's own parameters, with the same
names, defaults and fitted attributes, and beside them ``dropout``, ``batch_norm``,
``optimizer``, ``l1``, ``augment`` and ``class_weight``. With the extra ``sklearn``.
"""

try:
    import sklearn  # noqa: F401  to say what is missing before anything else does
except ImportError as error:
    raise ImportError(
        "autograd_core.estimators needs scikit-learn: "
        "pip install 'autograd-core[sklearn]'"
    ) from error

from autograd_core.estimators.classifier import MLPClassifier
from autograd_core.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
