"""Cases nobody had thought of: each is an error that helps, or a sound result.

Those of `fit` leave the weights as they were: refused before the first step.
"""

import functools

import numpy as np
import pytest
from train_net import Hook, bits, blobs, fit, make

from autograd_core import nn, optim, train

F = nn.functional
X, Y = blobs()
BCE = F.binary_cross_entropy_with_logits
LABELS = (Y > 0).astype("f4")[:, None]


def late(values, wrong):
    """Targets of which the last but five, after the first batches, is another."""
    values = values.copy()
    values[-5] = wrong
    return values


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 3)

    def forward(self, x):
        return self.one(x), self.one(x)


REFUSED = {
    "a label of -1 for one logit, late": (
        {"data": (X, late(LABELS, -1)), "loss": BCE},
        ValueError,
        r"training data: .* is -1; expected numbers in \[0, 1\]",
    ),
    "a label of 2 for one logit, in validation": (
        {"data": (X, LABELS), "valid": (X, late(LABELS, 2)), "loss": BCE},
        ValueError,
        r"validation data: .* is 2; expected numbers in \[0, 1\]",
    ),
    "a probability below 0, late": (
        {"data": (X, late(np.eye(3, dtype="f4")[Y], [-0.5, 0.5, 1.0]))},
        ValueError,
        r"training data: .* is -0\.5; expected none below 0",
    ),
    "the same among weighted rows": (
        {
            "data": (X, late(LABELS, -1), np.arange(96.0)),
            "loss": nn.BCEWithLogitsLoss(),
        },
        ValueError,
        r"expected numbers in \[0, 1\]",
    ),
    "a metric with a name of History.best": (
        {"metrics": {"epoch": train.accuracy}},
        ValueError,
        "'epoch' is a column that fit writes itself",
    ),
    "Keras's name of a column": (
        {"valid": (X, Y), "callbacks": [train.EarlyStopping("val_loss")]},
        KeyError,
        "Did you mean 'valid_loss'",
    ),
    "Keras's name of a metric": (
        {
            "valid": (X, Y),
            "metrics": {"accuracy": train.accuracy},
            "callbacks": [train.EarlyStopping("val_accuracy")],
        },
        KeyError,
        "Did you mean 'valid_accuracy'",
    ),
    "accuracy of labels -1 and 1": (
        {
            "data": (X, 2 * LABELS - 1),
            "loss": F.mse_loss,
            "metrics": {"accuracy": train.accuracy},
        },
        ValueError,
        r"Labels of -1 and 1: \(y > 0\)",
    ),
    "r2 of labels": (
        {"metrics": {"r2": train.r2}},
        ValueError,
        r"one shape, got \(96, 3\) and \(96,\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_the_first_step(case):
    options, error, message = REFUSED[case]
    one = options.get("data", (X, Y))[1].shape == (96, 1)
    model, opt = make(outputs=1 if one else 3)
    before = bits(model)
    with pytest.raises(error, match=message):
        fit((model, opt), batch_size=16, **options)
    assert bits(model) == before


def test_a_model_with_two_outputs_is_told_apart_from_bad_data():
    model = Two()
    with pytest.raises(
        TypeError, match=r"^fit: the model must return one Tensor, got tu"
    ):
        fit((model, optim.SGD(model.parameters(), 0.1)))


def test_no_callbacks_may_be_said_as_none():
    assert fit(callbacks=None)["loss"] == fit()["loss"]


@pytest.mark.parametrize("where", ["metric", "validation", "callback", "interrupt"])
def test_what_an_epoch_has_measured_before_it_fails_is_kept(where):
    whole = fit(valid=(X, Y))
    calls = []

    def failing(output, y):
        calls.append(len(y))
        # two calls before training, two an epoch
        if where in ("metric", "interrupt") and len(calls) == 5:
            raise KeyboardInterrupt if where == "interrupt" else RuntimeError
        if where == "validation" and len(calls) == 6:
            raise RuntimeError
        return 1.0

    def stop(run):
        if where == "callback" and run.epoch == 2:
            raise RuntimeError

    with pytest.raises((RuntimeError, KeyboardInterrupt)) as caught:
        fit(valid=(X, Y), metrics={"one": failing}, callbacks=[Hook(stop)])
    history = caught.value.history
    assert history["loss"] == whole["loss"][:2]
    assert history.best("loss")["epoch"] == 2
    assert np.isnan(history["one"][1]) == (where in ("metric", "interrupt"))
    assert ("nan" in repr(history["valid_loss"])) == (where != "callback")
    assert history._repr_html_().count("<tr>") == 3


MESSAGES = [
    (lambda: train.OneMinus(0, 0.5), "^OneMinus: expected 0 < low < 0.5"),
    (lambda: train.OneMinus(0.5, 0.1), "^OneMinus: expected 0 < low < 0.5"),
    (lambda: train.accuracy([-2.0, 3.0], [-1, 1]), "Labels of -1 and 1"),
    (lambda: train.f1(np.eye(3), [0, -1, 2]), "ignore_index=-1"),
    (lambda: train.accuracy(np.eye(2), [0.5, -0.5]), r"got 0\.5 in row 0$"),
    (lambda: train.accuracy([-2.0, 3.0], [0, 1], threshold=np.nan), "finite number"),
    (lambda: train.recall(np.eye(3), [0, 1, 2], threshold=0.5), "one logit a row"),
    (lambda: train.log_loss([[np.inf, 0.0]], [0]), "infinity in row 0"),
    (lambda: train.log_loss([1.0, -np.inf], [1, 0]), "infinity in row 1"),
    (lambda: train.auc([[0, 0, 1], [np.inf, 0, 0]], [0, 2]), "infinity in row 1"),
    (lambda: train.r2(np.zeros((5, 2)), np.zeros(5)), r"got \(5, 2\) and \(5,\)"),
]


@pytest.mark.parametrize(("call", "message"), MESSAGES)
def test_messages_say_what_was_given(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_loss_that_ignores_the_first_class_is_tried_on_others():
    loss = functools.partial(F.cross_entropy, ignore_index=0)
    order = np.argsort(Y, kind="stable")
    metrics = {"accuracy": functools.partial(train.accuracy, ignore_index=0)}
    history = fit(data=(X[order], Y[order]), loss=loss, metrics=metrics, batch_size=96)
    kept = order[Y[order] > 0]
    assert history["loss"][0] == pytest.approx(
        train.evaluate(make()[0], F.cross_entropy, X[kept], Y[kept])["loss"]
    )


def test_an_augmentation_that_makes_nan_is_told_from_a_model_that_diverges():
    batches = train.Batches(X, Y, augment=lambda x, rng: x * np.float32(np.nan))
    with pytest.raises(ValueError, match="the augmentation has made NaN"):
        fit(data=batches)


def test_batch_norm_is_recalibrated_with_the_batches_of_a_fit():
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
    assert nn.recalibrate(model, train.Batches(X, Y, 10)) == ["1"]
    found = {name: b.numpy().copy() for name, b in model.named_buffers()}
    nn.recalibrate(model, X)
    for name, buffer in model.named_buffers():
        np.testing.assert_allclose(buffer.numpy(), found[name], rtol=1e-5)


def test_infinite_scores_have_a_class_and_a_rank():
    score, y = np.array([[np.inf, 0.0], [-np.inf, 0.0]]), [0, 1]
    assert train.accuracy(score, y) == train.f1(score, y) == 1.0
    assert train.auc(np.array([-np.inf, 0.0, np.inf]), [0, 0, 1]) == 1.0


AT = {  # what goes wrong in the fourth batch of the second epoch, and the message
    "no row counts": (np.r_[np.ones(48), np.zeros(16), np.ones(32)], None, "sum to 0"),
    "an augmentation fails": (None, KeyError("mine"), "mine"),
    "it makes NaN": (None, np.nan, "augmentation has made NaN"),
}


@pytest.mark.parametrize("case", AT)
def test_an_error_of_a_step_says_in_which_batch(case):
    weight, wrong, message = AT[case]
    calls = []

    def augment(x, rng):
        calls.append(len(x))
        if len(calls) > 9 and isinstance(wrong, Exception):
            raise wrong
        return x * np.float32(wrong) if len(calls) > 9 and wrong is not None else x

    batches = train.Batches(
        X, Y, 16, shuffle=False, sample_weight=weight, augment=augment
    )
    with pytest.raises((ValueError, KeyError), match=message) as caught:
        fit(data=batches)
    epoch = 1 if wrong is None else 2
    assert caught.value.__notes__[0] == f"fit: in epoch {epoch}, batch 4 of 6"
    assert len(caught.value.history) == epoch - 1
