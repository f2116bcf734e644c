"""`train.find_lr`: the sweep, its suggestion, and everything put back after it."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.random import default_generator

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 6)).astype(np.float32)
Y = (X[:, :3] + 0.1 * X[:, 3:]).argmax(1)


def quadratic(curvature):
    """One weight whose loss is curvature / 2 * w**2: SGD converges below 2 / it."""
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(model.weight, 3.0)
    x = np.full((64, 1), np.sqrt(curvature / 2))
    return model, (x, np.zeros((64, 1)))


@pytest.mark.parametrize("curvature", [0.01, 1.0, 1e3])
@pytest.mark.parametrize("steps", [20, 100, 300])
def test_a_quadratic_is_suggested_less_than_its_limit(curvature, steps):
    model, data = quadratic(curvature)
    limit = 2 / curvature
    opt = optim.SGD(model.parameters(), 0.1)
    low, high = 1e-6 * limit, 100 * limit
    found = train.find_lr(model, opt, F.mse_loss, data, low=low, high=high, steps=steps)
    assert 1e-3 * limit < found.suggestion < limit
    # Exactly the losses of that SGD: w <- w (1 - lr L), up to the last.
    w = 3 * np.cumprod(np.append(1.0, 1 - np.geomspace(low, high, steps) * curvature))
    n = len(found.losses)
    np.testing.assert_allclose(found.losses, curvature / 2 * w[:n] ** 2, rtol=1e-9)
    np.testing.assert_allclose(found.lrs, np.geomspace(low, high, steps)[:n])
    if found.diverged:
        assert found.lrs[-1] > limit


def test_the_smoothed_losses_have_no_bias():
    model, data = quadratic(1.0)
    opt = optim.SGD(model.parameters(), 0.1)
    found = train.find_lr(model, opt, F.mse_loss, data, low=1e-9, high=1e-8, steps=50)
    np.testing.assert_allclose(found.smoothed, found.losses[0], rtol=1e-6)
    assert not found.diverged
    average, beta = 0.0, 0.8
    for i, value in enumerate(found.losses, 1):
        average = beta * average + (1 - beta) * value
        np.testing.assert_allclose(found.smoothed[i - 1], average / (1 - beta**i))


def net():
    ag.manual_seed(2)
    return nn.Sequential(
        nn.Linear(6, 16),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(16, 3),
    )


def flat(tree):
    if isinstance(tree, dict):
        return {k: flat(v) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return [flat(v) for v in tree]
    return tree.tobytes() if isinstance(tree, np.ndarray) else tree


def everything(model, opt):
    return {
        "state": flat(model.state_dict()),
        "optimizer": flat(opt.state_dict()),
        "modes": [m.training for m in model.modules()],
        "grads": [(id(p.grad), p.grad.numpy().tobytes()) for p in model.parameters()],
        "generator": default_generator.get_state().tolist(),
        "memory": [id(p._data) for p in model.parameters()],
    }


KINDS = {
    "SGD": lambda p: optim.SGD(p, 0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, 1e-3),
    "groups": lambda p: optim.AdamW([{"params": [q], "lr": 0.01} for q in p]),
    "RMSprop": lambda p: optim.RMSprop(p, 1e-3, centered=True),
    "Lion": lambda p: optim.Lion(p, 1e-4),
}


def fail(output, y):
    raise KeyError("in the loss")


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_put_back(kind):
    model = net()
    opt = KINDS[kind](list(model.parameters()))
    F.cross_entropy(model(X), Y).backward()
    opt.step()
    model[1].eval()
    before = everything(model, opt)
    found = train.find_lr(model, opt, F.cross_entropy, (X, Y), high=1e6)
    assert everything(model, opt) == before
    assert 1e-5 < found.suggestion < 1
    with pytest.raises(KeyError):
        train.find_lr(model, opt, fail, (X, Y))
    assert everything(model, opt) == before
    again = train.find_lr(model, opt, F.cross_entropy, (X, Y), high=1e6)
    np.testing.assert_array_equal(again.losses, found.losses)


def test_a_rate_that_is_suggested_trains_better_than_those_far_off():
    def after(factor):
        model = net()
        opt = optim.SGD(model.parameters(), 0.1)
        rate = train.find_lr(model, opt, F.cross_entropy, (X, Y)).suggestion
        opt.param_groups[0]["lr"] = rate * factor
        history = train.fit(model, opt, F.cross_entropy, (X, Y), epochs=3)
        return history.last("loss")

    middle = after(1.0)
    assert middle < after(1e-3)
    assert middle < after(1e3)


def real(name):
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = ((x - x.mean(0)) / np.maximum(x.std(0), 1e-3)).astype("f4")
    if name == "digits":
        return (x[:900], y[:900]), F.cross_entropy, 10
    if name == "diabetes":
        y = (y - y.mean()) / y.std()
    loss = F.mse_loss if name == "diabetes" else F.binary_cross_entropy_with_logits
    return (x, y[:, None].astype("f4")), loss, 1


WAYS = {
    "SGD": optim.SGD,
    "momentum": lambda p, lr: optim.SGD(p, lr, momentum=0.9),
    "Adam": optim.Adam,
}


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("width", [0, 32])
def test_a_suggestion_trains_nearly_as_well_as_the_best_of_a_grid(name, way, width):
    data, loss, outputs = real(name)
    sizes = [data[0].shape[1], *([width] if width else []), outputs]

    def parts(lr=1.0):
        ag.manual_seed(0)
        model = nn.Linear(*sizes)
        if width:
            model = nn.Sequential(
                nn.Linear(*sizes[:2]), nn.ReLU(), nn.Linear(*sizes[1:])
            )
        return model, WAYS[way](model.parameters(), lr)

    def after(lr):
        try:
            return train.fit(*parts(lr), loss, data, epochs=6).last("loss")
        except FloatingPointError:
            return np.inf

    start = train.evaluate(parts()[0], loss, *data)["loss"]
    best = min(map(after, np.geomspace(1e-3, 3, 8)))
    for low, high in [(1e-7, 10), (1e-8, 1e3)]:  # also where a sweep is wide
        rate = train.find_lr(*parts(), loss, data, low=low, high=high).suggestion
        assert (start - after(rate)) > 0.66 * (start - best), (low, high, rate)


def test_a_sweep_that_blows_up_ends_there():
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    for loss in (F.cross_entropy, lambda o, y: (o**4).mean()):
        opt = optim.SGD(model.parameters(), 0.1)
        found = train.find_lr(model, opt, loss, (X, Y), low=1e-3, high=1e30)
        assert found.diverged
        assert len(found.lrs) < 100
        assert np.isfinite(found.losses).all()
        assert np.isfinite(found.smoothed).all()


def test_no_suggestion_where_nothing_falls():
    model, data = quadratic(1.0)
    opt = optim.SGD(model.parameters(), 0.1)
    found = train.find_lr(model, opt, F.mse_loss, data, low=3.0, high=9.0)
    with pytest.raises(ValueError, match=r"falls nowhere in the \d+ steps"):
        _ = found.suggestion
    assert "no suggestion" in repr(found)
    assert "diverged" in repr(found)


def test_penalties_batches_and_negative_losses():
    model = net()
    opt = optim.SGD(model.parameters(), 0.1)
    batches = train.Batches(X, Y, 50, seed=3)
    one = train.find_lr(model, opt, F.cross_entropy, batches)
    two = train.find_lr(model, opt, F.cross_entropy, (X, Y), batch_size=50, seed=3)
    np.testing.assert_array_equal(one.losses, two.losses)
    other = train.find_lr(model, opt, F.cross_entropy, batches, l2=10.0)
    assert not np.array_equal(one.losses[: len(other.losses)], other.losses)
    falling = train.find_lr(
        model, opt, lambda o, y: F.cross_entropy(o, y) - 5.0, batches, high=1e-2
    )
    assert not falling.diverged


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"low": 0.0}, ValueError, "0 < low < high"),
        ({"low": 1.0, "high": 0.1}, ValueError, "0 < low < high"),
        ({"steps": 5}, ValueError, "steps >= 20"),
        ({"data": X}, TypeError, r"\(x, y\).*got ndarray"),
        ({"data": (X, Y[:5])}, ValueError, "200 rows and y has 5"),
        ({"data": (X, Y + 3)}, ValueError, "label"),
        ({"loss": lambda o, y: o}, ValueError, "must be a scalar"),
        ({"loss": "mse"}, TypeError, r"function loss\(output, y\), got 'mse'"),
        ({"opt": None}, TypeError, "an optimizer, got NoneType"),
        ({"model": len}, TypeError, "Module as the model, got builtin"),
    ],
)
def test_errors_before_anything_is_trained(change, error, text):
    model = net()
    opt = optim.SGD(model.parameters(), 0.1)
    given = {"model": model, "opt": opt, "loss": F.cross_entropy, "data": (X, Y)}
    with pytest.raises(error, match=text):
        train.find_lr(**given | change)


def test_an_optimizer_of_another_model_is_refused():
    opt = optim.SGD(net().parameters(), 0.1)
    with pytest.raises(ValueError, match="none of the model's parameters"):
        train.find_lr(net(), opt, F.cross_entropy, (X, Y))


def test_the_picture_marks_the_suggestion(tmp_path):
    pytest.importorskip("matplotlib")
    model = net()
    opt = optim.SGD(model.parameters(), 0.1)
    found = train.find_lr(model, opt, F.cross_entropy, (X, Y))
    ax = found.plot(tmp_path / "lr.png").axes[0]
    assert ax.get_xscale() == "log"
    assert ax.lines[-1].get_xdata()[0] == found.suggestion
