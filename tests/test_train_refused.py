"""What `fit` refuses, when and how; and what it never loses."""

import math

import numpy as np
import pytest
from train_net import Hook, bits, blobs, fit, make

from autograd_core import nn, optim, train

F = nn.functional


# Said before the first step -------------------------------------------------------


class Untouched:
    """Nothing has been trained when an error comes."""

    def __init__(self):
        self.parts = make()
        self.before = bits(self.parts[0])

    def refuses(self, kind, message, **options):
        with pytest.raises(kind, match=message):
            fit(self.parts, **options)
        assert bits(self.parts[0]) == self.before


@pytest.mark.parametrize(
    ("kind", "message", "options"),
    [
        (KeyError, "no column 'valid_loss'; there are: loss, lr, seconds. fit was",
         lambda p: {"callbacks": [train.EarlyStopping()]}),
        (KeyError, "no column 'valid_accuracy'",
         lambda p: {"callbacks": [train.EarlyStopping("valid_accuracy")],
                    "valid": blobs(20)}),
        (KeyError, "Checkpoint: no column 'valid_loss'",
         lambda p: {"callbacks": [train.Checkpoint(p / "a", best="valid_loss")]}),
        (train.CheckpointError, "could not be written",
         lambda p: {"callbacks": [train.Checkpoint(p / "no" / "a", every=10)]}),
        (TypeError, "extra.f is of type builtin_function",
         lambda p: {"callbacks": [train.Checkpoint(p / "a", 10, {"f": len})]}),
        (TypeError, "'m' must be one number",
         lambda p: {"metrics": {"m": lambda o, y: o}}),
        (TypeError, "must be one number",
         lambda p: {"metrics": {"m": lambda o, y: None}}),
        (ValueError, "is a column", lambda p: {"metrics": {"loss": train.accuracy}}),
        (ValueError, "is a column", lambda p: {"metrics": {"rows": train.accuracy}}),
        (ValueError, "is a column", lambda p: {"metrics": {"lr": train.accuracy}}),
        (ValueError, "is a column", lambda p: {"metrics": {"seconds": train.accuracy}}),
        (ValueError, "is a column", lambda p: {"metrics": {"cost": train.accuracy}}),
        (ValueError, "is a column", lambda p: {"metrics": {"valid_a": train.accuracy}}),
        (TypeError, "dict", lambda p: {"metrics": ["accuracy"]}),
        (TypeError, r"EarlyStopping\(\.\.\.\), not the class",
         lambda p: {"callbacks": [train.EarlyStopping]}),
        (TypeError, "Callback or a scheduler", lambda p: {"callbacks": [len]}),
        (TypeError, "callbacks must be a list", lambda p: {"callbacks": 3}),
        (TypeError, "epochs must be an integer", lambda p: {"epochs": None}),
        (TypeError, "epochs must be an integer", lambda p: {"epochs": 3.0}),
        (ValueError, "epochs cannot be negative", lambda p: {"epochs": -1}),
        (TypeError, "batch_size must be", lambda p: {"batch_size": 32.0}),
        (TypeError, "batch_size must be", lambda p: {"batch_size": "32"}),
        (ValueError, "valid_every must be at least 1", lambda p: {"valid_every": 0}),
        (ValueError, "sparse=True", lambda p: {"sparse": True}),
        (ValueError, "clip_norm must be positive", lambda p: {"clip_norm": 0}),
        (ValueError, "average must lie", lambda p: {"average": 1.0}),
        (TypeError, "training data must be", lambda p: {"data": blobs()[0]}),
        (TypeError, "training data must be", lambda p: {"data": iter([blobs()])}),
        (TypeError, "validation data must be", lambda p: {"valid": blobs()[0]}),
        (ValueError, "valid=0.0001: .*one side empty", lambda p: {"valid": 1e-4}),
        (ValueError, "valid=1.5", lambda p: {"valid": 1.5}),
        (TypeError, "data or a fraction, got True", lambda p: {"valid": True}),
        (ValueError, "batch_size=16 is not used with Batches, which have batch_size=64",
         lambda p: {"data": train.Batches(*blobs()), "batch_size": 16}),
        (ValueError, "seed=5 is not used with Batches",
         lambda p: {"data": train.Batches(*blobs()), "seed": 5}),
        (TypeError, "loss must be a function.*CrossEntropyLoss",
         lambda p: {"loss": nn.CrossEntropyLoss}),
        (ValueError, "scalar, got shape", lambda p: {"loss": lambda o, y: o}),
        (TypeError, "loss must be a Tensor, got float",
         lambda p: {"loss": lambda o, y: 1.0}),
        (TypeError, "sample_weight",
         lambda p: {"loss": lambda o, y: F.cross_entropy(o, y),
                    "data": (*blobs(), np.ones(96))}),
    ],
)  # fmt: skip
def test_what_is_known_before_the_first_step_is_said_then(
    kind, message, options, tmp_path
):
    Untouched().refuses(kind, message, **options(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_parts_that_are_not_of_each_other():
    model, opt = make()
    other = make(1)[1]
    with pytest.raises(ValueError, match=r"none of the model's parameters.*Adam\("):
        fit((model, other))
    with pytest.raises(TypeError, match="optimizer and loss are swapped"):
        train.fit(model, F.cross_entropy, opt, blobs(), epochs=1)
    with pytest.raises(TypeError, match=r"got <class.*make one: Adam\(...\)|as optim"):
        fit((model, optim.Adam))
    with pytest.raises(TypeError, match=r"model must be an nn\.Module"):
        fit((lambda x: x, opt))


@pytest.mark.parametrize(
    ("y", "outputs", "loss", "hint"),
    [
        (np.zeros(96, int), 1, F.binary_cross_entropy_with_logits, r"y\[:, None\]"),
        (np.zeros(96), 1, F.mse_loss, r"y\[:, None\]"),
        (blobs()[1].astype(float), 3, F.cross_entropy, r"y.astype\(int\)"),
    ],
)
def test_targets_of_another_shape_get_a_hint(y, outputs, loss, hint):
    with pytest.raises((TypeError, ValueError), match=rf"training data.*{hint}"):
        fit(make(outputs=outputs), (blobs()[0], y), loss=loss)


def test_a_loss_may_take_labels_that_are_no_classes():
    x, y = blobs()
    y = np.where(np.arange(96) % 3 == 0, -1, y)

    def ignoring(output, y):
        y = np.asarray(y)
        kept = (y >= 0).astype("f4")
        each = F.cross_entropy(output, np.maximum(y, 0), reduction="none")
        return (each * kept).sum() / kept.sum()

    fit(data=(x, y), loss=ignoring, compiled=False)
    with pytest.raises(ValueError, match=r"labels must lie in 0 \.\.\. 2"):
        fit(data=(x, y))


class Doubled(train.Batches):
    """A user's own kind of batches."""

    def at(self, step):
        x, y = super().at(step)
        return 2 * x, y


def test_batches_of_a_users_own_kind_are_taken_as_they_are():
    x, y = blobs()
    found = []
    for data in (Doubled(x, y, 16), train.Batches(2 * x, y, 16)):
        model, opt = make()
        fit((model, opt), data)
        found.append(bits(model))
    assert found[0] == found[1]
    batches = train.Batches(x, y, 16)
    first = batches.at(0)[0]
    assert not np.shares_memory(first, batches.at(1)[0])


# What was measured is never lost --------------------------------------------------


def raising(error, epoch=2):
    def act(run):
        if run.epoch == epoch:
            raise error

    return Hook(act)


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_every_exception_carries_the_history(kind):
    with pytest.raises(kind) as caught:
        fit(valid=blobs(20, 1), callbacks=[raising(kind("x"))], epochs=5)
    assert len(caught.value.history.rows) == 2
    assert math.isfinite(caught.value.history.last("valid_loss"))


@pytest.mark.parametrize("valid", [None, blobs(20, 1)])
def test_a_diverging_run_says_so_with_its_history(valid):
    model, _ = make()
    opt = optim.SGD(model.parameters(), 1.0)

    def explode(run):
        if run.epoch == 2:
            opt.param_groups[0]["lr"] = 1e38

    options = {"valid": valid, "callbacks": [Hook(explode)], "epochs": 5}
    with pytest.raises(FloatingPointError, match="largest parameter is") as caught:
        fit((model, opt), batch_size=96, **options)
    assert len(caught.value.history.rows) >= 2


def test_a_validation_that_overflows_names_epoch_and_parameter():
    model, _ = make()
    opt = optim.SGD(model.parameters(), 1e38)
    message = r"validation after epoch 1: .*largest parameter is .*, in '\d\.\w+'"
    with pytest.raises(FloatingPointError, match=message) as caught:
        fit((model, opt), valid=blobs(20, 1), batch_size=96)
    assert caught.value.history.columns == ["loss"]  # of epoch 1, which it keeps
