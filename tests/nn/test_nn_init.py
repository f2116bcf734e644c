"""Initialisation: the published scales, seeds, and what it is written into."""

import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.random import default_generator
from autograd_core.tape import version_of

SHAPE = (300, 200)  # (out, in)

# initialiser, standard deviation, largest value; by the formulas in the papers that
# autograd_core/nn/init.py cites
SCALES = {
    "normal": (lambda t: nn.init.normal_(t, 0.0, 0.3), 0.3, None),
    "uniform": (lambda t: nn.init.uniform_(t, -0.6, 0.6), 0.6 / 3**0.5, 0.6),
    "he": (nn.init.kaiming_normal_, (2 / 200) ** 0.5, None),
    "he uniform": (nn.init.kaiming_uniform_, (2 / 200) ** 0.5, (6 / 200) ** 0.5),
    "he out": (
        lambda t: nn.init.kaiming_normal_(t, mode="fan_out"),
        1 / 150**0.5,
        None,
    ),
    "he leaky": (
        lambda t: nn.init.kaiming_normal_(t, a=0.5),
        (2 / 1.25 / 200) ** 0.5,
        None,
    ),
    "he tanh": (
        lambda t: nn.init.kaiming_normal_(t, nonlinearity="tanh"),
        5 / 3 / 200**0.5,
        None,
    ),
    "glorot": (nn.init.xavier_normal_, (2 / 500) ** 0.5, None),
    "glorot uniform": (nn.init.xavier_uniform_, (2 / 500) ** 0.5, (6 / 500) ** 0.5),
    "glorot gain": (lambda t: nn.init.xavier_normal_(t, 2), 2 * (2 / 500) ** 0.5, None),
    "lecun": (nn.init.lecun_normal_, (1 / 200) ** 0.5, None),
    "lecun uniform": (nn.init.lecun_uniform_, (1 / 200) ** 0.5, (3 / 200) ** 0.5),
}


def weight(dtype=np.float64, shape=SHAPE):
    return nn.Parameter(np.full(shape, 7.0, dtype))


@pytest.mark.parametrize("name", SCALES)
def test_scales(name):
    ag.manual_seed(3)
    fill, std, largest = SCALES[name]
    t = weight()
    assert fill(t) is t
    n = t.size
    assert abs(t.data.mean()) < 5 * std / math.sqrt(n)
    # The spread of a sample deviation is std / sqrt(2 n) for a normal, less for a
    # uniform distribution.
    assert abs(t.data.std() - std) < 5 * std / math.sqrt(2 * n)
    if largest is not None:
        assert 0.99 * largest < np.abs(t.data).max() <= largest
    assert version_of(t.version) == 1


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 4)])
def test_orthogonal(shape):
    m = nn.init.orthogonal_(weight(shape=shape), gain=2.0).data.reshape(shape[0], -1)
    small = m @ m.T if shape[0] <= m.shape[1] else m.T @ m
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-14)


def test_constants():
    t = weight()
    for fill, value in (
        (nn.init.zeros_, 0),
        (nn.init.ones_, 1),
        (lambda t: nn.init.constant_(t, 2.5), 2.5),
    ):
        assert (fill(t).data == value).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*SCALES, "orthogonal"])
def test_a_seed_gives_the_same_draws_and_the_next_draw_is_another(name, dtype):
    fill = nn.init.orthogonal_ if name == "orthogonal" else SCALES[name][0]
    drawn = []
    for seed in (5, 5, 6):
        ag.manual_seed(seed)
        drawn.append([fill(weight(dtype)).data for _ in range(2)])
    (first, second), again, other = drawn
    np.testing.assert_array_equal(first, again[0])
    np.testing.assert_array_equal(second, again[1])
    assert first.dtype == dtype
    assert len({a.tobytes() for a in (first, second, *other)}) == 4


def test_draws_share_the_counter_of_dropout():
    ag.manual_seed(9)
    nn.Linear(3, 2)
    assert default_generator.get_state().tolist() == [9, 2]  # weight and bias


def test_linear_starts_as_pytorchs_does():
    ag.manual_seed(0)
    layer = nn.Linear(400, 300)
    for t in (layer.weight, layer.bias):
        assert 0.95 / 20 < np.abs(t.data).max() <= 1 / 20
        assert abs(t.data.std() - 1 / 20 / 3**0.5) < 0.1 / 20
    before = layer.state_dict()
    layer.reset_parameters()
    assert not np.array_equal(layer.weight.data, before["weight"])


def test_gains_are_pytorchs():
    assert nn.init.calculate_gain("leaky_relu", 0.2) == pytest.approx(
        1.3867504905630728
    )
    assert nn.init.fans(weight(shape=(2, 3, 4, 5))) == (60, 40)


WRONG = {
    "vector": (lambda: nn.init.kaiming_normal_(nn.Buffer([1.0])), r"fans: .* \(1,\)"),
    "orthogonal vector": (lambda: nn.init.orthogonal_(nn.Buffer([1.0])), r"fans: "),
    "mode": (lambda: nn.init.kaiming_normal_(weight(), mode="fan"), r"mode: .*'fan'"),
    "gain": (lambda: nn.init.calculate_gain("rely"), r"expected one of .*'rely'"),
    "std": (lambda: nn.init.normal_(weight(), std=-1), r"std must lie in \[0, inf\]"),
    "range": (lambda: nn.init.uniform_(weight(), 3, 1), r"high must lie in \[3, inf\]"),
    "seed": (lambda: ag.manual_seed(-1), r"need 0 <= seed < 2\*\*64, got -1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input(case):
    call, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        call()


UNFIT = {
    "integers": (lambda: nn.init.normal_(nn.Buffer([[1, 2]])), "got int64"),
    "array": (lambda: nn.init.ones_(np.zeros(2)), "a Tensor, got ndarray"),
    "seed": (lambda: ag.manual_seed(1.5), "need an integer, got 1.5"),
    "name": (lambda: ag.manual_seed("a"), "need an integer, got 'a'"),
    "axis": (lambda: nn.Flatten(1.5), "start_dim must be an integer, got 1.5"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_is_of_another_kind(case):
    call, message = UNFIT[case]
    with pytest.raises(TypeError, match=message):
        call()
