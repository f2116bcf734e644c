"""Module: what it finds in its attributes, states in and out, repr, errors, modes."""

import copy

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.tape import version_of


class Net(nn.Module):
    """Members in every place that is looked at, one of them shared."""

    def __init__(self):
        self.scale = nn.Parameter([2.0])
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.seen = nn.Buffer(7)
        self.heads = [nn.Linear(4, 2), {"aux": nn.Linear(4, 1, bias=False)}]
        self.again = self.body[0]
        self.tied = self.heads[0].weight
        self.up = self  # a way back up
        self.note, self.plain = "not a member", ag.tensor([1.0], requires_grad=True)

    def forward(self, x):
        return self.heads[0](self.body(x)) * self.scale


PARAMETERS = [
    "scale",
    "tied",
    "body.0.weight",
    "body.0.bias",
    "heads.0.bias",
    "heads.1.aux.weight",
]


def test_members_are_found_in_attributes_lists_and_dicts():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == PARAMETERS
    assert [name for name, _ in net.named_buffers()] == ["seen"]
    assert [name for name, _ in net.named_children()] == [
        "body",
        "heads.0",
        "heads.1.aux",
        "again",
        "up",
    ]
    assert [name for name, _ in net.named_modules()] == [
        "",
        "body",
        "body.0",
        "body.1",
        "heads.0",
        "heads.1.aux",
    ]
    assert len(list(net.parameters())) == len(PARAMETERS)
    assert list(net.buffers()) == [net.seen]
    assert list(net.modules())[:2] == [net, net.body]


def test_a_new_member_is_found_and_a_removed_one_is_not():
    net = Net()
    net.extra = nn.Parameter(np.zeros(2))
    del net.scale
    names = [name for name, _ in net.named_parameters()]
    assert "extra" in names
    assert "scale" not in names


def test_names_are_those_of_pytorch():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert model.state_dict()["0.weight"].shape == (3, 2)
    named = nn.Sequential({"first": nn.Linear(2, 3), "last": model})
    names = ["first.weight", "first.bias", "last.0.weight"]
    assert list(named.state_dict())[:3] == names


def test_ops_on_members_give_plain_tensors():
    net = Net()
    for member in (net.scale, net.seen):
        for result in (member * 2, member.detach(), member.reshape(-1)):
            assert type(result) is ag.Tensor
    assert (net.scale * 2).requires_grad
    assert not (net.seen * 2).requires_grad


@pytest.mark.parametrize("data", [[1, 2], np.arange(3), np.array([True])])
def test_only_floats_are_trained(data):
    with pytest.raises(TypeError, match=r"Parameter: expected float32 or float64, got"):
        nn.Parameter(data)
    assert nn.Buffer(data).shape == np.shape(data)


def test_a_parameter_has_memory_of_its_own():
    data = np.ones((2, 3))[:, ::2]
    parameter = nn.Parameter(data)
    data[:] = 5
    assert (parameter.data == 1).all()
    assert parameter.data.flags.carray
    assert parameter.dtype == np.float64


# Calling ---------------------------------------------------------------------------


class Pair(nn.Module):
    def forward(self, x, *, other=None, scale=1.0):
        return x, other, scale


def test_arrays_come_in_as_tensors(rng):
    x, y = rng.standard_normal((2, 3))
    got, other, scale = Pair()(x, other=y, scale=3.0)
    assert type(got) is type(other) is ag.Tensor
    assert scale == 3.0
    before = x.copy()
    x[:] = 7.0  # backward will read what forward read
    np.testing.assert_array_equal(got.data, before)
    with ag.no_grad():  # there is no backward: nothing is copied
        got, other, _ = Pair()(x, other=y)
    assert got.data is x
    assert other.data is y
    t = ag.tensor(x)
    assert Pair()(t)[0] is t
    assert type(nn.Identity()(x)) is ag.Tensor


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Bare has no forward"):
        type("Bare", (nn.Module,), {})()(1.0)


def test_an_error_says_where_in_the_model_it_arose():
    with pytest.raises(ValueError, match=r"^Net\.body\.0 Linear\(3, 4\): .*\(2, 5\)"):
        Net()(np.ones((2, 5), np.float32))
    deeper = nn.Sequential({"net": Net()})
    with pytest.raises(TypeError, match=r"^Sequential\.net\.body\.0 Linear\(3, 4\): "):
        deeper(np.ones((2, 3), np.int64))


class Fails(nn.Module):
    def __init__(self, error):
        self.error = error

    def forward(self, x):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [KeyError("k"), UnicodeError("no"), OSError(2, "n")],
)
def test_an_error_of_another_kind_passes_as_it_is(error):
    with pytest.raises(type(error)) as caught:
        nn.Sequential(Fails(error))(1.0)
    assert caught.value is error
    assert "Sequential" not in str(error)


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


# Repr ------------------------------------------------------------------------------

TREE = """\
Sequential(
  (0): Linear(64, 128)     8,320
  (1): ReLU()
  (2): Sequential(
    (in): Linear(128, 10)  1,290
    (out): LeakyReLU(negative_slope=0.01)
  )
): 9,610 parameters"""


def test_repr_counts_parameters():
    inner = nn.Sequential({"in": nn.Linear(128, 10), "out": nn.LeakyReLU()})
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), inner)
    assert repr(model) == TREE
    model[0].requires_grad_(False)
    assert repr(model).endswith("): 9,610 parameters, 1,290 of them trained")
    assert repr(nn.Linear(3, 2, bias=False)) == "Linear(3, 2, bias=False): 6 parameters"
    assert repr(nn.ReLU()) == "ReLU()"


def test_repr_of_a_model_with_its_own_parameters_and_shared_layers():
    lines = repr(Net()).splitlines()
    assert lines[0].split() == ["Net(", "9"]  # scale, and tied
    assert lines[-1] == "): 31 parameters"
    assert sum("Linear(3, 4)" in line for line in lines) == 2  # body.0 and again
    shared = nn.ReLU()
    model = nn.Sequential(shared, shared)
    assert repr(model).count("ReLU()") == 2
