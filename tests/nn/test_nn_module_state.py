"""Module: modes and precision, copies, Programs of a changed one, states in and out."""

import copy

import numpy as np
import pytest
from nn_net import PARAMETERS, Net

import autograd_core as ag
from autograd_core import nn
from autograd_core.tape import version_of

# Modes and what is done to all -----------------------------------------------------


def test_train_and_eval_reach_everything():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.body.train()
    assert net.body[0].training
    assert not net.training
    net.train()
    assert all(module.training for module in net.modules())
    with pytest.raises(TypeError, match=r"train: mode must be True or False, got 10"):
        net.train(10)


def test_apply_ends_with_the_module_itself():
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert set(seen) == set(net.modules())
    assert len(seen) == len(set(seen))
    assert seen[-1] is net


def test_gradients_are_asked_for_and_forgotten():
    net = Net()
    net(np.ones((2, 3), np.float32)).backward(np.ones((2, 2)))
    assert all(p.grad is not None for p in net.body.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(np.ones((2, 3), np.float32)).requires_grad


def test_precision():
    net = Net()
    before = net.state_dict()
    cell = net.scale.version
    net.double()
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}
    assert net.seen.dtype == np.int64
    assert net.scale.version is cell
    assert version_of(cell) == 1
    assert net(np.ones((2, 3))).dtype == np.float64
    after = net.float().state_dict()
    assert all((after[name] == value).all() for name, value in before.items())
    with pytest.raises(TypeError, match=r"expected float32 or float64, got int64"):
        net.astype(np.int64)


def test_a_copy_shares_nothing():
    net = Net()
    twin = copy.deepcopy(net)
    assert twin.tied is twin.heads[0].weight
    twin.scale.data[:] = 9
    assert net.scale.item() == 2
    assert all(type(p) is nn.Parameter for p in twin.parameters())


class Scaled(nn.Module):
    """A setting that is not there at first."""

    def forward(self, x):
        return x * getattr(self, "anything", 2.0)


def test_a_program_follows_one_change_after_another(rng):
    net = nn.Sequential(nn.Linear(2, 2), Scaled(), nn.Dropout(0.5))
    run, x = ag.compile(lambda x: net(x)), rng.standard_normal((30, 2))
    changes = {
        "nothing": lambda: None,
        "mode": net.eval,
        "setting": lambda: setattr(net[1], "anything", 0.5),
        "layer": lambda: net.append(nn.ReLU()),
        "replaced": lambda: net.__setitem__(0, nn.Linear(2, 3).double()),
        "precision": net.float,
    }
    seen = []
    net.double()
    for what, change in changes.items():
        change()
        x = x.astype(net[0].weight.dtype)
        for call in range(4):
            ag.manual_seed(call)
            expected = net(ag.tensor(x)).data
            ag.manual_seed(call)
            out = run(x).data
            np.testing.assert_array_equal(out, expected, what)
            assert out.dtype == expected.dtype
        seen.append(run.program)
    assert None not in seen
    assert len(set(seen)) == len(changes)  # each change is one that matters
    assert run.recordings == 2 * len(changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.append(nn.Linear(2, 2)),
        lambda net: net.__setitem__(0, nn.Linear(2, 2)),
        lambda net: net[0].double(),
        lambda net: setattr(net[0], "weight", nn.Parameter(np.ones((2, 2)))),
        lambda net: setattr(net[1], "negative_slope", 3.0),
        lambda net: net[0].load_state_dict({"weight": np.eye(2), "bias": [1, -1]}),
    ],
)
def test_a_program_follows_a_changed_model(change, rng):
    net = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU())
    x = rng.standard_normal((3, 2)).astype(np.float32)
    run = ag.compile(lambda x: net(x))
    run(x), run(x), run(x)
    change(net)
    for _ in range(3):
        np.testing.assert_array_equal(run(x).data, net(x).data)


# States ----------------------------------------------------------------------------


def test_state_goes_out_and_comes_back():
    net, other = Net(), Net()
    state = net.state_dict()
    assert set(state) == {
        *PARAMETERS,
        *("seen", "again.weight", "again.bias", "heads.0.weight"),
    }
    state["seen"] = np.array(11)
    arrays = {name: tensor.data for name, tensor in other.tensors()}
    versions = [version_of(tensor.version) for _, tensor in other.tensors()]
    assert other.load_state_dict(state) == ([], [])
    for name, tensor in other.tensors():
        assert tensor.data is arrays[name]
        np.testing.assert_array_equal(tensor.data, state[name])
    for (_, tensor), before in zip(other.tensors(), versions, strict=True):
        assert version_of(tensor.version) > before
    assert net.seen.item() == 7


def test_a_state_is_a_copy():
    net = Net()
    net.state_dict()["scale"][:] = 9
    assert net.scale.item() == 2


def test_values_take_the_dtype_of_what_they_fill():
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": [[1, 2]], "bias": ag.tensor(np.array([0.5]))})
    assert model.weight.dtype == model.bias.dtype == np.float32
    assert model(np.ones((1, 2), np.float32)).item() == 3.5


def test_a_state_may_share_memory_with_the_module():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    first, second = (layer.weight.data.copy() for layer in model)
    model.load_state_dict({"0.weight": model[1].weight, "1.weight": model[0].weight})
    np.testing.assert_array_equal(model[0].weight.data, second)
    np.testing.assert_array_equal(model[1].weight.data, first)


def test_one_name_of_a_shared_parameter_is_enough():
    net = Net()
    state = net.state_dict()
    for name in ("again.weight", "again.bias", "tied"):
        del state[name]
    assert net.load_state_dict(state) == ([], [])


WRONG = {
    "missing": (lambda s: s.pop("0.bias"), ["missing (1):", "0.bias"]),
    "unexpected": (lambda s: s.update(x=0), ["unexpected (1):", "    x"]),
    "misshapen": (
        lambda s: s.update({"2.weight": np.zeros((3, 2))}),
        ["misshapen (1):", "2.weight: expected (2, 3), got (3, 2)"],
    ),
    "wider": (
        lambda s: s.update({"2.bias": np.zeros((1, 2))}),
        ["2.bias: expected (2,), got (1, 2)"],
    ),
    "complex": (
        lambda s: s.update({"2.bias": np.zeros(2, complex)}),
        ["of a wrong dtype (1):", "2.bias: expected float32, got complex128"],
    ),
    "text": (
        lambda s: s.update({"2.bias": np.array(["a", "b"])}),
        ["2.bias: expected float32, got <U1"],
    ),
}


@pytest.mark.parametrize("case", [*WRONG, "all"])
def test_a_wrong_state_is_described_and_nothing_is_loaded(case):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    before = model.state_dict()
    state = {name: value + 1 for name, value in before.items()}
    texts = ["does not fit Sequential; nothing was loaded"]
    together = ("missing", "unexpected", "misshapen", "complex")
    for spoil, expected in (WRONG[c] for c in (together if case == "all" else [case])):
        spoil(state)
        texts += expected
    with pytest.raises(ValueError, match=r"load_state_dict") as caught:
        model.load_state_dict(state)
    for text in texts:
        assert text in str(caught.value)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_loose_load_returns_what_did_not_match_but_checks_shapes():
    model = nn.Linear(2, 1)
    state = {"weight": np.ones((1, 2)), "extra": 1}
    unmatched = model.load_state_dict(state, strict=False)
    assert unmatched.missing_keys == ["bias"]
    assert unmatched.unexpected_keys == ["extra"]
    assert (model.weight.data == 1).all()
    with pytest.raises(ValueError, match=r"weight: expected \(1, 2\), got \(3,\)"):
        model.load_state_dict({"weight": np.ones(3)}, strict=False)
    with pytest.raises(TypeError, match=r"expected a mapping .* got list"):
        model.load_state_dict([1])
