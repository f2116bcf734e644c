"""Gradcheck finds planted errors, names them, and leaves everything as it was."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.gradcheck import GradcheckError
from autograd_core.op import primitive
from autograd_core.ops.elementwise import mul
from autograd_core.random import default_generator

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])


@primitive(lambda g, y, x: mul(mul(g, x), 2.01), saves="x")
def bad_square(x):
    """Its derivative is off by half a percent."""
    return x * x


@primitive(lambda g, y, x: mul(mul(g, x), 2 + 1e-5), saves="x")
def slightly_bad_square(x):
    return x * x


BOTH = pytest.mark.parametrize("per_component", [True, False])


@BOTH
def test_right_gradients_pass(per_component):
    report = ag.gradcheck(
        lambda x, y: np.exp(x) @ y, (X, X.T.copy()), per_component=per_component
    )
    assert report
    assert [row.name for row in report.rows] == ["input 0", "input 1"]
    assert report.rows[0].checked == (X.size if per_component else 1)
    assert report.worst.relative < 1e-7


@BOTH
@pytest.mark.parametrize("f", [bad_square, slightly_bad_square], ids=str)
def test_wrong_gradients_are_named(f, per_component):
    def both(good, wrong):
        return np.sin(good) + f(wrong)

    with pytest.raises(GradcheckError, match="FAILED; worst: input 1") as caught:
        ag.gradcheck(both, (X, X), per_component=per_component)
    row = caught.value.report.worst
    assert caught.value.report.rows[0].failures == 0
    assert row.failures == row.checked
    if per_component and f is bad_square:
        np.testing.assert_allclose(row.analytic / row.numeric, 1.005, rtol=1e-6)
    report = ag.gradcheck(
        both, (X, X), per_component=per_component, raise_on_failure=False
    )
    assert not report


def test_the_worst_position_and_both_values_are_reported():
    scale = np.ones_like(X)
    scale[1, 0] = 1.5  # one entry of the gradient is wrong

    @primitive(lambda g, y, x: mul(g, scale), saves="")
    def almost(x):
        return x * 1.0

    report = ag.gradcheck(lambda x: almost(x).sum(), X, raise_on_failure=False)
    (row,) = report.rows
    assert row.position == (1, 0)
    assert row.failures == 1
    np.testing.assert_allclose([row.analytic, row.numeric], [1.5, 1.0], rtol=1e-9)
    np.testing.assert_allclose([row.absolute, row.relative], [0.5, 0.2], rtol=1e-8)
    text = str(report)
    for part in ("(1, 0)", "1.5", "5.0e-01", "2.0e-01", "1 of 6 wrong"):
        assert part in text


def test_a_dropped_path_is_found():
    with pytest.raises(GradcheckError):
        ag.gradcheck(lambda x: x * x.detach(), X)


def test_float32_needs_to_be_asked_for():
    x = X.astype(np.float32)
    with pytest.raises(TypeError, match=r"input 0 is float32.*allow_float32"):
        ag.gradcheck(np.exp, x)
    assert ag.gradcheck(np.exp, x, allow_float32=True)
    with pytest.raises(GradcheckError):
        ag.gradcheck(lambda t: np.exp(t) * t.detach(), x, allow_float32=True)


@pytest.mark.parametrize(
    ("f", "x", "error", "text"),
    [
        (
            np.exp,
            np.array([[0.0, np.nan]]),
            ValueError,
            r"input 0 holds nan at \(0, 1\)",
        ),
        (np.log, np.array([0.0]), ValueError, "output holds NaN or infinity"),
        (lambda x: x.numpy(), X, TypeError, "returned ndarray"),
        (np.exp, np.arange(3), ValueError, "nothing to check"),
        (lambda x: x * np.random.rand(), X, ValueError, "different values"),  # noqa: NPY002
    ],
)
def test_errors_say_what_was_given(f, x, error, text):
    with pytest.raises(error, match=text):
        ag.gradcheck(f, x)


def model():
    ag.manual_seed(1)
    layers = [nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(5, 2)).double()


def penalised(net):
    def loss(x):
        penalty = sum((p**2).sum() for p in net.parameters())
        return (net(x) ** 2).mean() + 0.1 * penalty

    return loss


def test_modules_by_name_with_dropout_batch_norm_and_a_penalty():
    net = model()
    before = {name: value.copy() for name, value in net.state_dict().items()}
    drawn = default_generator.get_state()
    report = ag.gradcheck(penalised(net), X, module=net)
    names = [name for name, _ in net.named_parameters()]
    assert [row.name for row in report.rows] == ["input 0", *names]
    after = net.state_dict()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)
    np.testing.assert_array_equal(default_generator.get_state(), drawn)
    assert all(p.grad is None for p in net.parameters())


def test_a_module_as_input_and_params_by_name():
    net = model()
    x = ag.tensor(X)
    report = ag.gradcheck(lambda m: (m(x) ** 2).mean(), net)
    assert report.rows[0].name == next(iter(net.named_parameters()))[0]
    w = ag.tensor(X, requires_grad=True)
    assert ag.gradcheck(lambda: (w**3).sum(), params={"w": w}).rows[0].name == "w"
    assert ag.gradcheck(lambda: (w**3).sum(), params=[w]).rows[0].name == "param 0"
    np.testing.assert_array_equal(w.data, X)


def test_a_wrong_parameter_is_named():
    net = model()

    def loss(x):
        weight = net[0].weight
        return net(x).mean() + 0.1 * (weight * weight.detach()).sum()

    with pytest.raises(GradcheckError, match=r"FAILED; worst: 0\.weight"):
        ag.gradcheck(loss, X, module=net)


def test_kinks_are_told_from_errors():
    report = ag.gradcheck(nn.functional.relu, np.array([0.0, 1.0, -2.0]))
    assert report.rows[0].kinks == 1
    assert "1 straddle a kink" in str(report)

    @primitive(lambda g, y, x: mul(g, 3.0), saves="")
    def steep(x):  # outside of what both sides allow
        return np.abs(x)

    with pytest.raises(GradcheckError):
        ag.gradcheck(steep, np.array([0.0]))


def test_tuples_of_outputs_and_labels_that_are_passed_on():
    labels = np.array([0, 2])
    report = ag.gradcheck(lambda x, i: (x[np.arange(2), i], np.exp(x)), (X, labels))
    assert [row.name for row in report.rows] == ["input 0"]


def test_scales_from_tiny_to_huge():
    for scale in (1e-6, 1.0, 1e6):
        eps = 6e-6 * min(scale, 1.0)  # steps grow with |x| by themselves
        assert ag.gradcheck(lambda x, s=scale: np.sin(x / s) * s, X * scale, eps=eps)
        assert ag.gradcheck(lambda x, s=scale: np.sin(x) * s, X)
