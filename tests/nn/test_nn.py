"""Layers: values and slopes against PyTorch, gradients of whole models, bad input.

Expected numbers without a derivation were computed with PyTorch 2.13 in float64.
"""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

F = nn.functional
X = np.array([-2.0, -0.5, 0.0, 1.5])
G = np.array([1.0, 2.0, -1.0, 0.5])

# layer, function, values at X, cotangent of X for the cotangent G
ACTIVATIONS = [
    (nn.ReLU(), F.relu, [0, 0, 0, 1.5], [0, 0, 0, 0.5]),
    (
        nn.LeakyReLU(),
        F.leaky_relu,
        [-0.02, -0.005, 0, 1.5],
        [0.01, 0.02, -0.01, 0.5],
    ),
    (
        nn.LeakyReLU(0.2),
        lambda x: F.leaky_relu(x, 0.2),
        [-0.4, -0.1, 0, 1.5],
        [0.2, 0.4, -0.2, 0.5],
    ),
    (
        nn.ELU(0.5),
        lambda x: F.elu(x, 0.5),
        [-0.432332358382, -0.196734670144, 0, 1.5],
        [0.067667641618, 0.606530659713, -0.5, 0.5],
    ),
    (
        nn.SELU(),
        F.selu,
        [-1.520166468596, -0.691758187803, 0, 1.576051481033],
        [0.237932872252, 2.132682306089, -1.758099340847, 0.525350493678],
    ),
    (
        nn.GELU(),
        F.gelu,
        [-0.045500263896, -0.154268769363, 0, 1.399789198097],
        [-0.085231801078, 0.265009750688, -0.5, 0.563734596115],
    ),
    (
        nn.GELU("tanh"),
        lambda x: F.gelu(x, "tanh"),
        [-0.045402305912, -0.154285990175, 0, 1.39957157698],
        [-0.086099256624, 0.265260192931, -0.5, 0.563855396576],
    ),
    (
        nn.SiLU(),
        F.silu,
        [-0.238405844044, -0.188770334399, 0, 1.22636171429],
        [-0.090784248785, 0.520077625395, -0.5, 0.52064707715],
    ),
    (
        nn.Softplus(),
        F.softplus,
        [0.126928011043, 0.47407698418, 0.69314718056, 1.701413277983],
        [0.119202922022, 0.755081337596, -0.5, 0.408787238097],
    ),
    (
        nn.Softplus(2.0, 1.0),
        lambda x: F.softplus(x, 2.0, 1.0),
        [0.009074963959, 0.156630843759, 0.34657359028, 1.5],
        [0.017986209962, 0.53788284274, -0.5, 0.5],
    ),
    (
        nn.Sigmoid(),
        F.sigmoid,
        [0.119202922022, 0.377540668798, 0.5, 0.817574476194],
        [0.104993585404, 0.470007424403, -0.25, 0.074573226035],
    ),
    (
        nn.Tanh(),
        F.tanh,
        [-0.964027580076, -0.46211715726, 0, 0.905148253645],
        [0.070650824853, 1.572895465932, -1, 0.090353319462],
    ),
    (
        nn.Softmax(),
        F.softmax,
        [0.021745655489, 0.097457266533, 0.160679868317, 0.720117209661],
        [0.012698616355, 0.154368516658, -0.227528948012, 0.060461815],
    ),
    (
        nn.LogSoftmax(),
        F.log_softmax,
        [-3.828341289026, -2.328341289026, -1.828341289026, -0.328341289026],
        [0.945635861277, 1.756356833668, -1.401699670793, -1.300293024152],
    ),
]


@pytest.mark.parametrize(
    ("layer", "function", "values", "slopes"),
    ACTIVATIONS,
    ids=[str(row[0]) for row in ACTIVATIONS],
)
def test_activations(layer, function, values, slopes):
    for f in (layer, function):
        x = ag.tensor(X, requires_grad=True)
        y = f(x)
        y.backward(G)
        np.testing.assert_allclose(y.data, values, atol=1e-11)
        np.testing.assert_allclose(x.grad.data, slopes, atol=1e-11)
        for given in (X, X.astype(np.float32)):
            assert type(f(given)) is ag.Tensor
            assert f(given).dtype == given.dtype


# Losses ----------------------------------------------------------------------------

LOGITS = np.array([[1.0, -2.0, 0.5], [0.3, 0.1, -1.0]])
LABELS = np.array([2, 0])
SHARES = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
MEAN_ONLY = {
    "smoothed": (nn.CrossEntropyLoss(0.1), LABELS, 0.9295157708230652),
    "shares": (nn.CrossEntropyLoss(), SHARES, 1.1961824374897319),
    "smoothed shares": (nn.CrossEntropyLoss(0.1), SHARES, 1.2220157708230652),
    "huber": (nn.HuberLoss(delta=0.3), SHARES, 0.21083333333333332),
    "smooth": (nn.SmoothL1Loss(beta=0.3), SHARES, 0.7027777777777778),
}
REDUCED = [
    (
        nn.CrossEntropyLoss,
        F.cross_entropy,
        LABELS,
        [1.0045969023422834, 0.7377679726371803],
    ),
    (
        nn.BCEWithLogitsLoss,
        F.binary_cross_entropy_with_logits,
        SHARES,
        [
            [1.1132616875182229, 0.7269280110429728, 0.7240769841801067],
            [0.5543552444685271, 0.7443966600735709, 0.3132616875182228],
        ],
    ),
    (nn.MSELoss, F.mse_loss, SHARES, [[0.64, 5.29, 0], [0.49, 0.01, 1]]),
    (nn.L1Loss, F.l1_loss, SHARES, [[0.8, 2.3, 0], [0.7, 0.1, 1]]),
    (nn.HuberLoss, F.huber_loss, SHARES, [[0.32, 1.8, 0], [0.245, 0.005, 0.5]]),
    (nn.SmoothL1Loss, F.smooth_l1_loss, SHARES, [[0.32, 1.8, 0], [0.245, 0.005, 0.5]]),
]


@pytest.mark.parametrize(
    ("layer", "function", "target", "expected"),
    REDUCED,
    ids=[row[0].__name__ for row in REDUCED],
)
def test_losses_by_reduction(layer, function, target, expected):
    reductions = {"none": lambda v: v, "sum": np.sum, "mean": np.mean}
    for reduction, reduce in reductions.items():
        for loss in (
            layer(reduction=reduction)(LOGITS, target),
            function(LOGITS, target, reduction=reduction),
        ):
            assert type(loss) is ag.Tensor
            np.testing.assert_allclose(loss.data, reduce(expected), rtol=1e-13)
    assert layer()(LOGITS, target).item() == function(LOGITS, target).item()


@pytest.mark.parametrize("case", MEAN_ONLY)
def test_loss_settings(case):
    layer, target, expected = MEAN_ONLY[case]
    assert layer(LOGITS, target).item() == pytest.approx(expected, rel=1e-13)


def test_smooth_l1_without_a_smooth_part_is_l1():
    loss = F.smooth_l1_loss(LOGITS, SHARES, beta=0)
    assert loss.item() == F.l1_loss(LOGITS, SHARES).item()


# Layers ----------------------------------------------------------------------------


def test_linear_is_x_times_the_transposed_weight(rng):
    x = rng.standard_normal((5, 2, 3))
    layer = nn.Linear(3, 4, dtype=np.float64)
    expected = x @ layer.weight.data.T + layer.bias.data
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-13)
    same = F.linear(x, layer.weight.data, layer.bias.data)
    np.testing.assert_array_equal(same.data, layer(x).data)
    bare = nn.Linear(3, 4, bias=False)
    assert bare.bias is None
    np.testing.assert_allclose(
        bare(x[0, 0]).data, bare.weight.data @ x[0, 0], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Flatten(), (2, 3, 4), (2, 12)),
        (nn.Flatten(0), (2, 3, 4), (24,)),
        (nn.Flatten(1, 2), (2, 3, 4, 5), (2, 12, 5)),
        (nn.Flatten(0), (), (1,)),
        (nn.Flatten(), (0, 3, 4), (0, 12)),
        (nn.Identity(3, unused=True), (2, 3), (2, 3)),
    ],
)
def test_shapes(layer, shape, expected, rng):
    x = rng.standard_normal(shape)
    y = layer(x)
    assert y.shape == expected
    np.testing.assert_array_equal(y.data.ravel(), x.ravel())


def test_layer_norm():
    layer = nn.LayerNorm(3).double()
    layer.weight.data[:] = 1, 2, 3
    layer.bias.data[:] = 0.1, 0.2, 0.3
    expected = [
        [0.9889983080422503, -2.5939946824185003, 1.8239970995010006],
        [0.9748043755192877, 1.2497652506231451, -3.899061002492582],
    ]
    np.testing.assert_allclose(layer(LOGITS).data, expected, rtol=1e-12)
    plain = nn.LayerNorm((2, 3), elementwise_affine=False)
    assert not list(plain.parameters())
    y = plain(np.stack([LOGITS, 2 * LOGITS])).data
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-15)
    np.testing.assert_allclose(y.var((1, 2)), 1, rtol=1e-4)


def test_sequential_by_place_and_by_name():
    a, b, c = nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)
    model = nn.Sequential(a, b).append(c)
    assert (len(model), list(model), model[0], model[-1]) == (3, [a, b, c], a, c)
    assert list(model[1:]) == [b, c]
    assert list(model[1:].state_dict()) == ["2.weight", "2.bias"]
    model[1] = nn.Tanh()
    assert type(model["1"]) is nn.Tanh
    named = nn.Sequential({"first": a, "second": b})
    assert named["second"] is b
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(named(x).data, np.maximum(a(x).data, 0))
    for index, error in ((3, IndexError), (-4, IndexError), ("3", KeyError)):
        with pytest.raises(error, match=r"Sequential: no layer"):
            model[index]


def test_penalties_leave_biases_and_scales_out():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1)).double()
    for i, p in enumerate(model.parameters()):
        p.data[...] = i - 2.5
    weights = [model[0].weight, model[2].weight]
    kept = [2.5] * 4 + [1.5] * 2
    assert nn.l1_penalty(model).item() == sum(kept)
    penalty = nn.l2_penalty(model)
    assert penalty.item() == sum(w * w for w in kept) / 2
    penalty.backward()
    for p in model.parameters():
        if any(p is w for w in weights):
            np.testing.assert_allclose(p.grad.data, p.data)
        else:
            assert p.grad is None
    everything = sum(np.abs(p.data).sum() for p in model.parameters())
    assert nn.l1_penalty(model, biases=True).item() == pytest.approx(everything)
    with pytest.raises(ValueError, match=r"ReLU has no weights to sum over"):
        nn.l2_penalty(nn.ReLU())


# Whole models ----------------------------------------------------------------------


def blocks(*between):
    layers = [nn.Linear(4, 6), *between, nn.Linear(6, 3)]
    return nn.Sequential(*layers).double()


MODELS = {
    "norm": lambda: blocks(nn.BatchNorm1d(6), nn.ReLU()),
    "norm, L": lambda: nn.Sequential(
        nn.BatchNorm1d(5), nn.Tanh(), nn.Flatten()
    ).double(),
    "evaluated": lambda: blocks(nn.BatchNorm1d(6), nn.ReLU()).eval(),
    "untracked": lambda: blocks(nn.BatchNorm1d(6, track_running_stats=False)).eval(),
    "dropped": lambda: blocks(nn.GELU(), nn.Dropout(0.3), nn.LayerNorm(6)),
    "gates": lambda: blocks(nn.SiLU(), nn.Linear(6, 6, bias=False), nn.Softplus()),
    "kinks": lambda: blocks(nn.LeakyReLU(), nn.ELU(), nn.SELU()),
    "shares": lambda: blocks(nn.Sigmoid(), nn.Softmax(), nn.LogSoftmax()),
}


@pytest.mark.parametrize("name", MODELS)
def test_gradients_by_central_differences(name, rng):
    ag.manual_seed(1)
    model = MODELS[name]()
    for p in model.parameters():
        p.data += 0.1 * rng.standard_normal(p.shape)
    x = ag.tensor(rng.standard_normal((3, 5, 4) if "L" in name else (5, 4)))
    x.requires_grad_()
    start = model.state_dict()
    cotangent = rng.standard_normal(model(x).shape)

    def loss():
        ag.manual_seed(2)  # the same mask
        return (model(x) * cotangent).sum()

    loss().backward()
    model.load_state_dict(start)
    h = 1e-6
    for tensor in (x, *model.parameters()):
        direction = rng.standard_normal(tensor.shape)
        ends = []
        for sign in (1, -1):
            tensor.data += sign * h * direction
            ends.append(loss().item())
            tensor.data -= sign * h * direction
        expected = (ends[0] - ends[1]) / (2 * h)
        got = float((tensor.grad.data * direction).sum())
        assert abs(got - expected) < 1e-7 * max(1, abs(expected))
