"""Module: what it finds in its attributes, calls and their errors, repr."""

import numpy as np
import pytest
from nn_net import PARAMETERS, Net

import autograd_core as ag
from autograd_core import nn


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
