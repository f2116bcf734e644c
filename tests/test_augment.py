"""Augmentations as users call them: what stays, what changes, and by how much."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train

RNG = np.random.default_rng(0)
ROWS = {
    "Jitter": train.Jitter(6, 5, shift=1, rotate=20, noise=0.1, cutout=2),
    "Shift": train.Shift(6, 5, 2),
    "Rotate": train.Rotate(6, 5, 30),
    "Zoom": train.Zoom(6, 5, 0.3),
    "Flip": train.Flip(6, 5, 0.5, 0.5),
    "Cutout": train.Cutout(6, 5, 3),
    "Noise": train.Noise(0.5),
}
MIXED = {
    "Mixup": train.Mixup(1.0, classes=3),
    "CutMix": train.CutMix(6, 5, classes=3),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1", "i2"])
@pytest.mark.parametrize("shape", [(30,), (6, 5), (2, 6, 5)])
def test_rows_keep_their_form_and_follow_from_their_number(name, dtype, shape):
    augment = ROWS[name]
    x = (RNG.random((7, *shape)) * 100).astype(dtype)
    kept, rows = x.copy(), np.array([4, 9, 0, 7, 3, 2, 11])
    new = augment.at(x, 5, 2, rows)
    assert (new.dtype, new.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(x, kept)
    assert not np.array_equal(new, x)
    for pick in (slice(2, 5), [6, 0]):  # in whatever batch
        np.testing.assert_array_equal(augment.at(x[pick], 5, 2, rows[pick]), new[pick])
    for other in [(6, 2), (5, 3)]:
        assert not np.array_equal(augment.at(x, *other, rows), new)
    one, two = (augment(x, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1"])
def test_mixed_rows_keep_their_form_and_have_targets_of_sum_one(name, dtype):
    x = (RNG.random((9, 30)) * 100).astype(dtype)
    y, kept = np.arange(9) % 3, x.copy()
    for seed in range(5):
        new, targets = MIXED[name](x, y, seed)
        assert (new.dtype, new.shape) == (x.dtype, x.shape)
        assert targets.shape == (9, 3)
        assert targets.dtype == ("f8" if dtype == "f8" else "f4")
        np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-6)
        np.testing.assert_array_equal(x, kept)
        again = MIXED[name](x, y, np.random.default_rng(seed))
        np.testing.assert_array_equal(new, again[0])


FORMS = {  # shape of a row, settings of CutMix, the axes of its pixels
    "flat": ((30,), {}, (6, 5)),
    "plane": ((6, 5), {}, (6, 5)),
    "channels first": ((2, 6, 5), {"channels": 2}, (2, 6, 5)),
    "channels last": ((6, 5, 2), {"channels": 2, "channels_last": True}, (6, 5, 2)),
    "flat, last": ((60,), {"channels": 2, "channels_last": True}, (6, 5, 2)),
    "flat, first": ((60,), {"channels": 2}, (2, 6, 5)),
}


@pytest.mark.parametrize("form", FORMS)
def test_cutmix_puts_in_one_box_and_counts_its_pixels(form):
    shape, settings, axes = FORMS[form]
    own = np.arange(4.0).reshape(4, *[1] * len(shape)) + np.zeros((4, *shape))
    shares = set()
    for seed in range(60):
        new, targets = train.CutMix(6, 5, classes=4, **settings)(
            own, np.arange(4), seed
        )
        images = new.reshape(4, *axes)
        if len(axes) == 3:
            channel = 3 if settings.get("channels_last") else 1
            first = images.take([0], channel)
            assert (images == first).all()
            images = first.squeeze(channel)
        for i, (image, target) in enumerate(zip(images, targets, strict=True)):
            counts = np.bincount(image.astype(int).ravel(), minlength=4) / 30
            np.testing.assert_allclose(target, counts, atol=1e-12)
            rows, columns = np.nonzero(image != i)
            box = np.zeros((6, 5), bool)
            if len(rows):
                box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = 1
            np.testing.assert_array_equal(box, image != i)
        shares.add(float(targets.max()))
    assert len(shares) > 5


@pytest.mark.parametrize(("share", "side"), [(0.0, 40), (0.75, 20), (0.984, 5), (1, 0)])
def test_a_box_has_its_share_of_the_pixels_but_for_what_is_outside(share, side):
    cut, rng = train.CutMix(40, 40), np.random.default_rng(0)
    areas = [cut._box(share, rng).sum() for _ in range(200)]
    if side < 40:
        assert max(areas) == side**2
    assert max(areas) <= side**2
    assert side == 0 or min(areas) < side**2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: train.CutMix(0, 5), "height must be a whole number >= 1, got 0"),
        (lambda: train.CutMix(6, 5, 0), "alpha must be > 0"),
        (lambda: train.CutMix(6, 5, -1), "CutMix: alpha must be a number in"),
        (lambda: train.CutMix(6, 5, classes=1), "classes must be a whole number >= 2"),
        (lambda: MIXED["CutMix"](np.zeros((3, 31)), [0, 1, 2], 0), "are not 6 x 5"),
        (lambda: MIXED["CutMix"](np.zeros((3, 30)), [0, 1, 3], 0), "lie in 0 ... 2"),
        (lambda: MIXED["CutMix"](np.zeros((3, 30)), [0, 1], 0), "a row for each"),
        (lambda: train.CutMix(6, 5)(np.zeros((3, 30)), [0, 1, 2], 0), "pass classes="),
    ],
)
def test_what_cutmix_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("compiled", [False, True])
def test_fit_mixes_training_rows_only_and_the_same_again(name, compiled):
    y = np.arange(96) % 3
    x = (RNG.standard_normal((96, 30)) + 3 * np.eye(3, 30)[y]).astype("f4")
    losses = []
    for _ in range(2):
        ag.manual_seed(0)
        model = nn.Linear(30, 3)
        opt = optim.Adam(model.parameters(), 0.05)
        batches = train.Batches(x, y, 32, augment=[ROWS["Flip"], MIXED[name]])
        metrics = {"accuracy": train.accuracy}
        history = train.fit(
            model,
            opt,
            nn.CrossEntropyLoss(),
            batches,
            (x, y),
            epochs=15,
            metrics=metrics,
            compiled=compiled,
        )
        losses.append(history["loss"])
        assert history.last("valid_loss") < history.last("loss")
    assert losses[0] == losses[1]
