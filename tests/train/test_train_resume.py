"""Which run may go on from a checkpoint, and which is told what differs."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.gradcheck import GradcheckError

F = nn.functional


def blobs(rows=90, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    x = np.eye(3, 4)[y] * 2 + 0.5 * rng.standard_normal((rows, 4))
    return x.astype("f4"), y


def make(seed=0):
    ag.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    return model, optim.Adam(model.parameters(), lr=0.01)


def bits(model):
    return {name: value.tobytes() for name, value in model.state_dict().items()}


def accuracy_of(output, y):
    return train.accuracy(output, y)


class StopAt(train.Callback):
    def __init__(self, number):
        self.number = number

    def step(self, run):
        if run.step == self.number:
            run.stop(train.INTERRUPTED)


def run(path, parts=None, stop=None, loss=F.cross_entropy, schedule=None, **options):
    model, opt = make() if parts is None else parts
    callbacks = [train.Checkpoint(path), train.EarlyStopping("valid_loss", 9)]
    callbacks += options.pop("more", [])
    if stop:
        callbacks.append(StopAt(stop))
    if schedule:
        callbacks.append(train.Schedule(schedule(opt)))
    given = {
        "train": blobs(), "valid": blobs(30, 1), "epochs": 3, "batch_size": 16,
        "metrics": {"accuracy": train.accuracy}, "l2": 1e-3, **options,
    }  # fmt: skip
    return model, train.fit(model, opt, loss, callbacks=callbacks, **given)


def other_rows():
    x, y = blobs()
    x[37, 2] += 1e-3
    return x, y


def other_labels():
    x, y = blobs()
    y[80] = (y[80] + 1) % 3
    return x, y


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": {}}, r"metrics=\{'accuracy': 'accuracy'\}, this one has \{\}"),
        ({"metrics": {"accuracy": train.accuracy, "more": accuracy_of}}, "metrics="),
        ({"metrics": {"other": train.accuracy}}, "metrics="),
        ({"loss": nn.CrossEntropyLoss()}, "loss='cross_entropy', this one has 'Cross"),
        ({"l2": 9.0}, "l2=0.001, this one has 9.0"),
        ({"l1": 9.0}, "l1=0.0, this one has 9.0"),
        ({"l1": 1e-3, "sparse": True}, "l1="),
        ({"clip_norm": 1.0}, "clip_norm=None, this one has 1.0"),
        ({"clip_value": 1.0}, "clip_value=None"),
        ({"max_norm": 1.0}, "max_norm=None"),
        ({"average": 0.9}, "average=None"),
        ({"valid_every": 2}, "valid_every=1"),
        ({"train": other_rows()}, "another data: "),
        ({"train": other_labels()}, "another data: "),
        ({"train": blobs(90, 7)}, "another data: "),
        ({"train": blobs(91)}, "rows=90, this one has 91"),
        ({"valid": blobs(30, 3)}, "another valid: "),
        ({"valid": blobs(31, 1)}, "another valid: "),
        ({"batch_size": 15}, "batch_size=16, this one has 15"),
        ({"seed": 3}, "seed=0, this one has 3"),
        ({"train": train.Batches(*blobs(), 16, shuffle=False)}, "shuffle=True"),
        ({"train": train.Batches(*blobs(), 16, augment=train.Jitter(2, 2, noise=0.1)),
          "batch_size": None}, "augment="),
        ({"schedule": lambda o: optim.StepLR(o, 5)}, "callbacks="),
        ({"more": [train.EarlyStopping("loss")]}, "callbacks="),
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [4, 6])
def test_another_run_is_told_what_differs(options, message, number, tmp_path):
    path = tmp_path / "a"
    run(path, stop=number)
    parts = make(5)
    before = bits(parts[0])
    with pytest.raises(train.ResumeError, match=message):
        run(path, parts, resume=path, **options)
    assert bits(parts[0]) == before


def test_another_kind_of_schedule_is_refused(tmp_path):
    path = tmp_path / "a"
    run(path, stop=8, schedule=lambda o: optim.StepLR(o, 5))
    with pytest.raises(train.ResumeError, match=r"StepLR.*CosineAnnealingLR"):
        run(path, resume=path, schedule=lambda o: optim.CosineAnnealingLR(o, 5))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"progress": True}, {}),
        ({}, {"progress": True}),
        ({}, {"more": [StopAt(None)]}),
        ({"more": [StopAt(None)]}, {}),
        ({"compiled": True}, {"compiled": False}),
        ({}, {"train": tuple(v.tolist() for v in blobs())}),
    ],
)
@pytest.mark.parametrize("number", [4, 12])
def test_what_has_no_state_may_come_and_go(first, second, number, tmp_path, capfd):
    path = tmp_path / "a"
    expected, history = run(tmp_path / "whole")
    run(path, stop=number, **first)
    model, found = run(path, make(7), resume=path, **second)
    assert bits(model) == bits(expected)
    assert found["accuracy"] == history["accuracy"]
    assert found["loss"] == history["loss"]


def test_resumed_without_its_checkpoint(tmp_path):
    path = tmp_path / "a"
    expected, _ = run(tmp_path / "whole")
    run(path, stop=7)
    model, opt = make(3)
    train.fit(
        model, opt, F.cross_entropy, blobs(), blobs(30, 1), epochs=3, batch_size=16,
        metrics={"accuracy": train.accuracy}, l2=1e-3, resume=path,
        callbacks=[train.EarlyStopping("valid_loss", 9)],
    )  # fmt: skip
    assert bits(model) == bits(expected)


def test_a_metric_has_its_mean_after_a_resume_in_the_middle(tmp_path):
    path = tmp_path / "a"
    metrics = {"seven": lambda o, y: 7.0, "count": lambda o, y: float(len(y))}
    run(path, stop=4, metrics=metrics)
    _, history = run(path, resume=path, metrics=metrics)
    assert history["seven"] == [7.0] * 3
    assert history["count"] == [90.0] * 3


def test_the_best_file_is_no_run_to_resume(tmp_path):
    path = tmp_path / "a.safetensors"
    best = train.Checkpoint(path, best="valid_loss")
    run(tmp_path / "b", more=[best])
    with pytest.raises(train.ResumeError, match="best weights only"):
        run(tmp_path / "b", resume=best.best_path)


def test_a_run_that_blows_up_leaves_its_best_beside_its_last(tmp_path):
    model, opt = make()

    class Spoil(train.Callback):
        def step(self, run):
            if run.epoch > 6 and run.step % run.batches.steps == 1:
                nn.init.normal_(run.model[0].weight, std=9.0)

    saved = train.Checkpoint(
        tmp_path / "a", extra={"names": ["a", "b"]}, best="valid_accuracy"
    )
    history = train.fit(
        model, opt, F.cross_entropy, blobs(), blobs(60, 1), epochs=12,
        metrics={"accuracy": train.accuracy},
        callbacks=[Spoil(), saved],
    )  # fmt: skip
    best = train.load(saved.best_path)
    top = history.best("valid_accuracy")
    assert best["epoch"] == top["epoch"] < 12
    assert best["extra"] == {"names": ["a", "b"]}
    assert history.last("valid_accuracy") < top["valid_accuracy"]
    model.load_state_dict(best["model"])
    found = train.evaluate(
        model, F.cross_entropy, *blobs(60, 1), {"accuracy": train.accuracy}
    )
    assert found["accuracy"] == top["valid_accuracy"]


def test_gradient_checks_come_back_and_are_not_lost(tmp_path):
    def parts():
        ag.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.3), nn.Linear(6, 3))
        return model, optim.SGD(model.parameters(), lr=0.1)

    def go(epochs, name, **options):
        return train.fit(
            *parts(),
            F.cross_entropy,
            blobs(),
            epochs=epochs,
            gradcheck=[e for e in (0, 2, 3) if e <= epochs],
            callbacks=[train.Checkpoint(tmp_path / name)],
            **options,
        )

    whole = go(4, "whole").gradchecks
    go(2, "part")
    resumed = go(4, "part", resume=tmp_path / "part").gradchecks
    assert list(resumed) == list(whole) == [0, 2, 3]
    assert resumed == whole
    assert repr(resumed) == repr(whole)
    tree = train.load(tmp_path / "part")
    for damage in ({0: {}}, {0: {"rows": [{"name": 1}], "coarse": False}}, [1], {0: 1}):
        train.save(tmp_path / "bad", tree | {"gradchecks": damage})
        with pytest.raises(
            train.ResumeError, match=r"gradient checks|report's|gradchecks"
        ):
            go(4, "bad", resume=tmp_path / "bad")


def test_a_failed_gradient_check_is_in_the_history():
    wrong = ag.custom_vjp(lambda x: x**2, lambda g, out, x: g * x)  # half of it
    model = nn.Linear(4, 1)
    opt = optim.SGD(model.parameters(), lr=0.01)
    x, _ = blobs()
    with pytest.raises(GradcheckError) as caught:
        train.fit(
            model, opt, lambda o, y: wrong(o - y).mean(), (x, x[:, :1]), epochs=3,
            gradcheck=[2],
        )  # fmt: skip
    history = caught.value.history
    assert len(history) == 2
    assert not history.gradchecks[2]
