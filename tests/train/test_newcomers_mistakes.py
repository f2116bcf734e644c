"""What a newcomer does first, and what the library says to it."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.standard_normal((32, 3)).astype(np.float32)
Y = RNG.integers(0, 3, 32)


class Cut(nn.Module):
    """Leaves the graph between its layers, where ``cut``."""

    def __init__(self, cut):
        self.body, self.head, self.cut = nn.Linear(3, 4), nn.Linear(4, 3), cut

    def forward(self, x):
        x = self.body(x)
        return self.head(self.cut(x))


def fit(model, **given):
    opt = optim.Adam(p for p in model.parameters() if p.requires_grad)
    return train.fit(model, opt, F.cross_entropy, (X, Y), progress=False, **given)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("shards", [None, 2])
def test_fit_tells_of_parameters_that_no_gradient_reaches(compiled, shards):
    model = Cut(lambda x: x.detach())
    before = model.body.weight.numpy().copy()
    text = r"^fit: no gradient reaches 2 parameters, body\.weight, body\.bias: "
    with pytest.warns(UserWarning, match=text) as told:
        fit(model, epochs=2, compiled=compiled, shards=shards)
    assert len(told) == 1
    assert told[0].filename == __file__
    np.testing.assert_array_equal(model.body.weight.numpy(), before)


def test_fit_is_silent_where_all_are_reached_or_that_is_meant():
    fit(Cut(lambda x: x), epochs=1)  # warnings are errors in tests
    model = Cut(lambda x: x.detach())
    model.body.requires_grad_(False)
    fit(model, epochs=1)


def test_files_in_a_folder_that_is_not_there(tmp_path):
    model, path = nn.Linear(3, 3), tmp_path / "no" / "file"
    text = rf"there is no folder {path.parent}; os\.makedirs makes it"
    with pytest.raises(train.CheckpointError, match=text):
        train.save_weights(model, path)
    with pytest.raises(train.CheckpointError, match=text):
        train.save(path, {"a": 1})
    with pytest.raises(train.CheckpointError, match=text):
        fit(model, epochs=1, callbacks=[train.Checkpoint(path)])
    with pytest.raises(FileNotFoundError, match=text):
        train.learning_curve(fit(model, epochs=1), path.with_suffix(".png"))
    with pytest.raises(train.CheckpointError, match="expanduser"):
        train.save_weights(model, "~/no/file")


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: train.save({"a": 1}, "path"),
            TypeError,
            r"second of \(path, state\), got str",
        ),
        (
            lambda: train.save_weights(nn.Linear(1, 1).state_dict(), "path"),
            TypeError,
            r"train\.save\(path, state\)",
        ),
        (lambda: train.split(X, Y, 0.2), TypeError, r"rest, held = split\(y, 0\.2\)"),
        (
            lambda: train.accuracy(np.array([0, 2]), np.array([0, 2])),
            ValueError,
            "several classes have a column for each",
        ),
        (
            lambda: fit(nn.Linear(3, 3), epochs=1)["los"],
            KeyError,
            "Did you mean 'loss'",
        ),
        (
            lambda: fit(nn.Linear(3, 3), valid=0.25, epochs=1).last("val_loss"),
            KeyError,
            "Did you mean 'valid_loss'",
        ),
        (lambda: nn.Linear(3, 3)(X.astype(int)), TypeError, r"np\.asarray\(x, np\.flo"),
        (
            lambda: F.cross_entropy(X, np.array(["a", "b"])),
            TypeError,
            r"^cross_entropy: .*<U1; np\.unique\(y, return_inverse",
        ),
        (lambda: ag.tensor(None), TypeError, "expected numbers, got NoneType"),
    ],
)
def test_errors_say_what_was_meant(call, error, text):
    with pytest.raises(error, match=text):
        call()
