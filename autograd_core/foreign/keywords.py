"""Keywords that a callable does not have: a TypeError that says which it has instead.

For what is called now and then, as constructors: it costs a one or two microseconds.
Only the error that Python raises in the call itself is changed, none from inside.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeVar, cast

from autograd_core.foreign.arrays import CPU

F = TypeVar("F", bound=Callable[..., Any])
PACKAGE = __name__.partition(".")[0] + "."
UNEXPECTED = re.compile(r".*got an unexpected keyword argument '(\w+)'")
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
CLOSE = 0.75  # how much of a keyword must be another for "did you mean"

# Elsewhere's: ours, each with a value where that says more. The first that is there.
BETAS = ("betas=(beta1, beta2)",)
EPOCHS, LOSS, DATA, SEED = ("epochs",), ("loss",), ("train=(x, y)",), ("seed",)
IN, OUT, P, TRIALS = ("in_features",), ("out_features",), ("p",), ("trials",)
VALID, CLIP, WORKERS = ("valid=(x, y)",), ("clip_norm",), ("workers",)
KEYWORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "alpha": ("negative_slope",),
        "argnums": ("argnum",),
        "b1": BETAS,
        "b2": BETAS,
        "beta1": BETAS,
        "beta2": BETAS,
        "beta_1": BETAS,
        "beta_2": BETAS,
        "clipnorm": CLIP,
        "clipvalue": ("clip_value",),
        "criterion": LOSS,
        "data": DATA,
        "decay": ("weight_decay",),
        "dim": ("axis",),
        "direction": ("maximize=True",),
        "drop_prob": P,
        "epsilon": ("eps",),
        "eval_set": VALID,
        "filepath": ("path",),
        "gradient_clip_val": CLIP,
        "grad_clip": CLIP,
        "in_dim": IN,
        "input_dim": IN,
        "input_size": IN,
        "learning_rate": ("lr",),
        "loss_fn": LOSS,
        "loss_function": LOSS,
        "max_epochs": EPOCHS,
        "max_grad_norm": CLIP,
        "metric": ("monitor",),
        "model_params": ("params",),
        "n_epochs": EPOCHS,
        "n_iter": TRIALS,
        "n_jobs": WORKERS,
        "n_trials": TRIALS,
        "num_epochs": EPOCHS,
        "num_samples": TRIALS,
        "num_workers": WORKERS,
        "optimizer": ("opt",),
        "out_dim": OUT,
        "output_dim": OUT,
        "output_size": OUT,
        "parameters": ("params",),
        "prob": P,
        "random_state": SEED,
        "rate": P,
        "reduce": ("reduction",),
        "restore_best_weights": ("restore=True",),
        "save_best_only": ("best",),
        "show_progress_bar": ("progress=True",),
        "size_average": ("reduction",),
        "storage": ("path",),
        "train_data": DATA,
        "units": OUT,
        "use_bias": ("bias",),
        "validation_data": VALID,
        "validation_freq": ("valid_every",),
        "validation_split": ("valid=0.2",),
        "verbose": ("progress=True",),
        "wrt": ("argnum",),
        "x": DATA,
        "y": DATA,
    }
)
# What no keyword of ours does.
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "class_weight": "nn.CrossEntropyLoss(weight=train.class_weights(y))",
        "device": CPU,
        "foreach": "leave it out: one launch updates all parameters",
        "from_logits": "leave it out: losses take logits",
        "fused": "leave it out: one launch updates all parameters",
        "inplace": "leave it out",
        "pin_memory": CPU,
        "sample_weight": "give it with the data: (x, y, sample_weight)",
        "shuffle": "train.Batches(x, y, batch_size, shuffle=...)",
    }
)


def answers(function: F) -> F:
    """A decorator: a keyword that ``function`` does not have says what to use."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            _answer(error, function, args)
            raise

    return cast(F, call)


class Answering:
    """A base: constructors of this package's subclasses answer; others are as given."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("__init__")
        if own is not None and cls.__module__.startswith(PACKAGE):
            cls.__init__ = answers(own)  # type: ignore[method-assign]


def _answer(error: TypeError, function: Any, args: tuple[Any, ...]) -> None:
    place = error.__traceback__
    if place is None or place.tb_next is not None:  # raised inside
        return
    owner: Any = type(args[0]) if function.__name__ == "__init__" else function
    text = str(error).replace(f"{function.__qualname__}()", f"{owner.__name__}()")
    if found := UNEXPECTED.match(text):
        text = f"{found[0]}: {instead(function, found[1])}"
    error.args = (text,)


def instead(function: Callable[..., Any], name: str) -> str:
    """What to use in the place of a keyword that ``function`` does not have."""
    parameters = inspect.signature(function).parameters.items()
    own = [own for own, p in parameters if p.kind in NAMED and own != "self"]
    for ours in KEYWORDS.get(name, ()):
        if ours.partition("=")[0] in own:
            return f"here it is {ours}"
    if name in ADVICE:
        return ADVICE[name]
    if close := get_close_matches(name, own, 1, CLOSE):
        return f"did you mean {close[0]}?"
    return f"there are: {', '.join(own)}" if own else "it takes none"
