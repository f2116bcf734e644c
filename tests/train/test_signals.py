"""`train.signals`: the numbers of every layer, their flags, and no trace of looking."""

import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.random import default_generator

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 6))
Y = RNG.integers(0, 3, 40)


def mlp(depth, width=32, activation=nn.ReLU, init=None):
    """Hidden layers of one width on six inputs, three classes, float64."""
    ag.manual_seed(1)
    sizes = [6] + [width] * depth
    layers = []
    for i in range(depth):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), activation()]
    model = nn.Sequential(*layers, nn.Linear(width, 3)).double()
    for p in model.parameters():
        if p.ndim > 1 and init:
            init(p)
    return model


def test_all_numbers_by_hand():
    model = mlp(1, 5)
    model[0].bias.data[...] = [-50, 0.1, 0.2, 0.3, 0.4]  # the first unit is dead
    found = train.signals(model, F.cross_entropy, X, Y)
    w, b = (p.numpy() for p in (model[0].weight, model[0].bias))
    v, c = (p.numpy() for p in (model[2].weight, model[2].bias))
    z = X @ w.T + b
    h = np.maximum(z, 0)
    o = h @ v.T + c
    p = np.exp(o) / np.exp(o).sum(1, keepdims=True)
    do = (p - np.eye(3)[Y]) / len(Y)
    dh = do @ v
    dz = dh * (z > 0)
    outputs, grads = (z, h, o), (dz, dh, do)
    own = ([dz.T @ X, dz.sum(0)], [], [do.T @ h, do.sum(0)])
    weights = ([w, b], [], [v, c])
    expected = {
        "mean": [a.mean() for a in outputs],
        "std": [a.std() for a in outputs],
        "zeros": [0, (h == 0).mean(), 0],
        "dead": [0, 0.2, 0],
        "stuck": [0.2, 0, 0],
        "output_grad": [np.linalg.norm(g) for g in grads],
        "grad": [norm(gs) for gs in own],
        "ratio": [norm(g) / norm(w) for g, w in zip(own, weights, strict=True)],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)
    assert found["layer"] == ["0", "1", "2"]
    assert found["kind"] == ["Linear(6, 5)", "ReLU()", "Linear(5, 3)"]
    assert found.flagged == []


def norm(arrays):
    return (
        np.linalg.norm(np.concatenate([a.ravel() for a in arrays]))
        if arrays
        else (math.nan)
    )


class Residual(nn.Module):
    """The output of one layer goes two ways, past another."""

    def __init__(self):
        self.body = nn.Linear(6, 6)
        self.inner = nn.Sequential(nn.Linear(6, 6), nn.Tanh())
        self.scale = nn.Parameter(np.full(6, 0.5))
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        h = self.body(x)
        return self.head((h + self.inner(h)) * self.scale)


def test_gradients_come_together_where_ways_part():
    """Against the gradient by an offset that is added to the layer's output."""
    ag.manual_seed(0)
    model = Residual().double()
    found = train.signals(model, F.cross_entropy, X, Y)
    assert found["layer"] == ["body", "inner.0", "inner.1", "head", "Residual"]

    def loss(offset):
        h = model.body(X) + offset
        out = model.head((h + model.inner(h)) * model.scale)
        return F.cross_entropy(out, Y)

    g = ag.grad(loss)(np.zeros((40, 6)))
    expected = np.linalg.norm(g.numpy())
    np.testing.assert_allclose(found["output_grad"][0], expected, rtol=1e-12)
    F.cross_entropy(model(X), Y).backward()
    own = {
        n: norm([p.grad.numpy() for p in m])
        for n, m in {
            "body": [model.body.weight, model.body.bias],
            "inner.0": list(model.inner.parameters()),
            "head": list(model.head.parameters()),
            "Residual": [model.scale],
        }.items()
    }
    for row in found.rows:
        if row["layer"] in own:
            np.testing.assert_allclose(row["grad"], own[row["layer"]], rtol=1e-12)


class Two(nn.Module):
    """A layer that is called twice, and one with two outputs."""

    def __init__(self):
        self.twice = nn.Linear(6, 6)
        self.pair = Pair()

    def forward(self, x):
        a, b = self.pair(self.twice(self.twice(x)))
        return a + b


class Pair(nn.Module):
    def __init__(self):
        self.weight = nn.Parameter(np.ones((6, 3)))

    def forward(self, x):
        return x @ self.weight, (x * 2) @ self.weight


def test_layers_called_twice_and_outputs_that_are_tuples():
    model = Two().double()
    found = train.signals(model, F.cross_entropy, X, Y)
    assert found["layer"] == ["twice", "twice", "pair[0]", "pair[1]"]
    F.cross_entropy(model(X), Y).backward()
    expected = norm([p.grad.numpy() for p in model.twice.parameters()])
    np.testing.assert_allclose(found["grad"][:2], [expected] * 2, rtol=1e-12)


INITS = {
    # name: depth, activation, initialisation, flags by layer (linear ones)
    "He": (30, nn.ReLU, nn.init.kaiming_normal_, set()),
    "Xavier, tanh": (30, nn.Tanh, nn.init.xavier_normal_, set()),
    "tiny": (
        4,
        nn.ReLU,
        lambda p: nn.init.normal_(p, std=1e-4),
        {"gradients vanish", "activations vanish"},
    ),
    "large": (
        6,
        nn.ReLU,
        lambda p: nn.init.normal_(p, std=4.0),
        {"activations explode", "gradients explode"},
    ),
    "sigmoid": (14, nn.Sigmoid, nn.init.xavier_normal_, {"gradients vanish"}),
}


@pytest.mark.parametrize("name", INITS)
def test_known_initialisations_are_flagged(name):
    depth, activation, init, expected = INITS[name]
    model = mlp(depth, 64, activation, init)
    for i in range(0, 2 * depth + 1, 2):
        model[i].bias.data[...] = 0
    found = train.signals(model, F.cross_entropy, X, Y)
    flags = {flag for text in found["flag"] for flag in text.split(", ") if text}
    assert {f for f in flags if "dead" not in f} == expected
    assert bool(found.flagged) == bool(flags)
    if name == "He":  # He et al. 2015: the second moment is kept
        moments = [r["mean"] ** 2 + r["std"] ** 2 for r in found.rows[0:-1:2]]
        assert 0.2 < moments[-1] / moments[0] < 5


def test_zeros_start_nothing_and_dead_units_are_told():
    model = mlp(2, init=lambda p: nn.init.constant_(p, 0.0))
    for p in model.parameters():
        p.data[...] = 0
    found = train.signals(model, F.cross_entropy, X, Y)
    assert found["dead"] == [1.0] * 5
    assert found["grad"][0] == 0
    assert "gradients vanish" in found["flag"][0]
    model = mlp(1, 10)
    model[0].bias.data[:6] = -1e3
    found = train.signals(model, F.cross_entropy, X, Y)
    assert found["flag"] == ["", "60% dead", ""]


def test_what_is_not_finite_is_flagged_and_no_error():
    model = mlp(2)
    model[2].weight.data[0, 0] = np.inf
    found = train.signals(model, F.cross_entropy, X, Y)
    assert found["flag"][:2] == ["", ""]
    assert all("not finite" in flag for flag in found["flag"][2:])
    with pytest.raises(ValueError, match="label"):  # not an error of the values
        train.signals(mlp(2), F.cross_entropy, X, Y + 3)
    with pytest.raises(ValueError, match="must be a scalar"):
        train.signals(mlp(2), lambda o, y: o, X, Y)


def everything(model):
    return {
        "state": {n: a.tobytes() for n, a in model.state_dict().items()},
        "modes": [m.training for m in model.modules()],
        "grads": [(id(p.grad), p.grad.numpy().tobytes()) for p in model.parameters()],
        "generator": default_generator.get_state().tolist(),
        "versions": [p.version[0] for p in model.parameters()],
        "attributes": [sorted(vars(m)) for m in model.modules()],
    }


def test_nothing_is_changed():
    model = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)
    )
    model[1].eval()
    x = X.astype(np.float32)
    F.cross_entropy(model(x), Y).backward()
    waiting = F.cross_entropy(model(x), Y)
    before = everything(model)
    found = train.signals(model, F.cross_entropy, x, Y)
    assert everything(model) == before
    assert 0.2 < found["zeros"][3] < 0.95  # dropout was active
    waiting.backward()  # a graph from before is still good
    with pytest.raises(TypeError):
        train.signals(model, lambda o, y: o + "a", x, Y)
    assert everything(model)["state"] == before["state"]
    assert not ag.hooks.RECORDING


def test_compiled_models_frozen_layers_and_bare_ones():
    model = mlp(1)
    plain = train.signals(model, F.cross_entropy, X, Y)
    compiled = ag.compile(model)
    for _ in range(3):
        compiled(X)
    assert repr(train.signals(compiled, F.cross_entropy, X, Y)) == repr(plain)
    model[0].requires_grad_(False)
    frozen = train.signals(model, F.cross_entropy, X, Y)
    assert math.isnan(frozen["grad"][0])
    assert frozen["grad"][2] == plain["grad"][2]
    (row,) = train.signals(nn.Linear(6, 3), nn.CrossEntropyLoss(), X, Y).rows
    assert row["layer"] == "Linear"
    model.requires_grad_(False)
    none = train.signals(model, F.cross_entropy, X, Y)
    assert all(map(math.isnan, none["output_grad"]))
    assert none["std"] == plain["std"]


def test_text_table_and_picture(tmp_path):
    found = train.signals(mlp(1), F.cross_entropy, X, Y)
    lines = repr(found).splitlines()
    assert len(lines) == 1 + len(found.rows)
    assert lines[2].split()[:2] == ["1", "ReLU()"]
    assert found._repr_html_().count("<tr>") == 1 + len(found.rows)
    assert "nan" not in repr(found)
    with pytest.raises(KeyError, match="no column 'x'; there are: layer"):
        found["x"]
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "signals.png")
    assert (tmp_path / "signals.png").read_bytes().startswith(b"\x89PNG")


def test_observers_hear_modules_of_their_block_only():
    heard = []
    model = mlp(1)
    with ag.hooks.observe(lambda module, output: heard.append(type(module).__name__)):
        model(X)
        with ag.hooks.observe(lambda module, output: None):
            model(X)
    model(X)
    assert heard == ["Linear", "ReLU", "Linear", "Sequential"]


def test_training_learns_the_same_after_looking():
    def run(look):
        model = mlp(2)
        opt = optim.Adam(model.parameters(), 0.01)
        for _ in range(3):
            if look:
                train.signals(model, F.cross_entropy, X, Y)
            opt.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            opt.step()
        return model.state_dict()

    one, two = run(False), run(True)
    assert all((one[n] == two[n]).all() for n in one)
