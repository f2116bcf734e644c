"""Other libraries' names that are not ours: an error that says what to use."""

import inspect
import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import foreign, nn, optim, train
from autograd_core.foreign import keywords

OF = {
    "autograd_core": ag,
    "autograd_core.nn": nn,
    "autograd_core.nn.functional": nn.functional,
    "autograd_core.nn.init": nn.init,
    "autograd_core.optim": optim,
    "autograd_core.train": train,
    "Tensor": ag.tensor([1.0]),
    "Module": nn.Linear(1, 1),
    "Optimizer": optim.Adam(nn.Linear(1, 1).parameters()),
    "Search": train.Search([], {}),
}
EVERY = [(place, name) for place, names in foreign.PLACES.items() for name in names]
EVERY += [
    ("Tensor", name) for name in vars(foreign.ElsewhereInTensor) if name[0] != "_"
]


@pytest.mark.parametrize("place", OF)
def test_each_name_says_what_to_use(place):
    for where, name in EVERY:
        if where == place:
            with pytest.raises(AttributeError, match=rf"'{name}': ..."):
                getattr(OF[place], name)
            assert not hasattr(OF[place], name)


@pytest.mark.parametrize(
    ("place", "name", "use"),
    [
        (ag, "cat", "np.concatenate"),
        (ag, "exp", "np.exp"),
        (ag, "float64", "np.float64"),
        (ag, "mm", "a @ b"),
        (ag, "DataLoader", "train.Batches"),
        (nn, "ConvTranspose3d", "no convolutions"),
        (nn, "AdaptiveAvgPool2d", "no convolutions"),
        (nn, "GRUCell", "no recurrent"),
        (nn, "TransformerEncoderLayer", "no recurrent"),
        (nn, "TripletMarginLoss", "any scalar Tensor is a loss"),
        (nn, "DataLoader", "train.Batches"),
        (nn, "ReplicationPad2d", "np.pad"),
        (nn.functional, "max_pool2d", "no convolutions"),
        (nn.functional, "hardswish", "ag.elementwise"),
        (optim, "lr_scheduler", "optim.StepLR"),
        (train, "DataLoader", "train.Batches"),
        (optim, "RMSProp", "did you mean RMSprop?"),
        (train, "EarlyStoping", "did you mean EarlyStopping?"),
        (nn, "Sigmod", "did you mean Sigmoid?"),
        (nn.init, "xavier_uniform", "did you mean xavier_uniform_?"),
        (ag, "value_and_gard", "did you mean value_and_grad?"),
    ],
)
def test_names_by_family(place, name, use):
    with pytest.raises(AttributeError, match=re.escape(use)):
        getattr(place, name)


@pytest.mark.parametrize("place", [ag, nn, nn.functional, nn.init, optim, train])
def test_a_name_of_nobodys_has_the_usual_message(place):
    with pytest.raises(AttributeError, match=r"has no attribute 'no_such_name'$"):
        getattr(place, "no_such_name")  # noqa: B009


NAME = re.compile(r"\b(ag|nn|optim|train|np)\.(\w+(?:\.\w+)*)")


def test_what_is_advised_exists():
    """Names of ours, and NumPy's functions that have a rule for Tensors."""
    uses = [text for names in foreign.PLACES.values() for text in names.values()]
    uses += [
        value.use
        for value in vars(foreign.ElsewhereInTensor).values()
        if isinstance(value, foreign.Elsewhere)
    ]
    uses += [text for _, text in foreign.FAMILIES]
    spaces = {"ag": ag, "nn": nn, "optim": optim, "train": train, "np": np}
    for use in uses:
        for space, path in re.findall(
            r"\b(ag|nn|optim|train|np)\.(\w+(?:\.\w+)*)", use
        ):
            value = spaces[space]
            for part in path.split("."):
                value = getattr(value, part)


def test_numpys_functions_that_are_advised_take_tensors():
    """Each that is said as ``np.name(t)`` and takes one array alone."""
    two = "arctan2 atan2 allclose broadcast_to copysign cross floor_divide fmax fmin "
    two += "fmod hypot inner isclose kron logaddexp logical_and logical_or maximum "
    two += (
        "minimum moveaxis multiply outer quantile remainder roll split subtract tile "
    )
    two += "vdot"
    names = set(foreign.NUMPYS.split()) - set(two.split())
    assert len(names) > 30
    for name in names:
        x = ag.tensor([[0.5, 0.25], [0.75, 0.5]] if "ri" in name else [0.5, 0.25])
        x = x + 1.0 if name in ("acosh",) else x
        expected = getattr(np, name)(x.numpy())
        np.testing.assert_allclose(np.asarray(getattr(np, name)(x)), expected, 3e-7)


def test_nothing_else_is_slower():
    """A ``__getattr__`` would turn each lookup of a slot into a slow one."""
    for kind in (ag.Tensor, nn.Parameter, nn.Module, nn.Linear):
        assert not any("__getattr__" in vars(base) for base in kind.__mro__)


def test_subclasses_may_use_the_names():
    class Net(nn.Module):
        def __init__(self):
            self.cuda = nn.Linear(1, 1)

        def to(self, device):
            return self

    net = Net()
    assert net.to("cpu") is net
    assert dict(net.named_parameters())["cuda.weight"].shape == (1, 1)


@pytest.mark.parametrize("name", ["lr", "learning_rate"])
def test_a_learning_rate_is_not_set_to_no_effect(name):
    opt = optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    with pytest.raises(AttributeError, match=r"opt\.param_groups\[0\]\[.lr.\]"):
        setattr(opt, name, 0.2)
    assert name not in dir(opt)
    assert opt.param_groups[0]["lr"] == 0.1


def test_zero_grad_takes_set_to_none():
    model = nn.Linear(1, 1)
    for owner in (model, optim.SGD(model.parameters(), lr=0.1)):
        owner.zero_grad(set_to_none=True)
        with pytest.raises(ValueError, match="become None"):
            owner.zero_grad(set_to_none=False)


def test_version_and_dir():
    assert re.fullmatch(r"\d+\.\d+\.\d+", ag.__version__)
    assert set(dir(ag)) == {*ag.__all__, "estimators", "special", "train"}
    for module in (nn, nn.functional, nn.init, optim, train):
        assert dir(module) == sorted(module.__all__)
    assert "cuda" not in dir(ag.tensor([1.0]))
    assert "cuda" not in dir(nn.Linear(1, 1))


# Keywords -------------------------------------------------------------------------

P = list(nn.Linear(2, 1).parameters())
FIT = (nn.Linear(2, 1), optim.SGD(P, lr=0.1), nn.MSELoss(), ())


@pytest.mark.parametrize(
    ("call", "args", "given", "use"),
    [
        (optim.Adam, (P,), "learning_rate", "here it is lr"),
        (optim.AdamW, (P,), "beta_1", "here it is betas=(beta1, beta2)"),
        (optim.SGD, (P,), "momentun", "did you mean momentum?"),
        (optim.SGD, (P,), "fused", "leave it out: one launch"),
        (optim.StepLR, (), "verbose", "there are: optimizer, step_size, gamma"),
        (train.fit, FIT, "validation_data", "here it is valid=(x, y)"),
        (train.fit, FIT, "verbose", "here it is progress=True"),
        (train.fit, FIT, "batchsize", "did you mean batch_size?"),
        (train.fit, FIT, "shuffle", "train.Batches(x, y, batch_size, shuffle=...)"),
        (train.search, (len, {}), "n_trials", "here it is trials"),
        (train.search, (len, {}), "n_jobs", "here it is workers"),
        (train.EarlyStopping, (), "restore_best_weights", "here it is restore=True"),
        (train.Batches, (), "random_state", "here it is seed"),
        (train.find_lr, (), "optimizer", "here it is opt"),
        (ag.grad, (np.sin,), "argnums", "here it is argnum"),
        (ag.jacobian, (np.sin,), "argnums", "here it is argnum"),
        (nn.Linear, (), "use_bias", "here it is bias"),
        (nn.Linear, (2, 1), "device", "everything is on the CPU"),
        (nn.Dropout, (), "rate", "here it is p"),
        (nn.ReLU, (), "inplace", "leave it out"),
        (nn.ReLU, (), "no_such", "it takes none"),
        (nn.Sequential, (), "no_such", "it takes none"),
        (nn.MSELoss, (), "size_average", "here it is reduction"),
    ],
)
def test_a_keyword_that_is_not_ours_says_which_is(call, args, given, use):
    text = f"{call.__name__}() got an unexpected keyword argument '{given}': {use}"
    with pytest.raises(TypeError, match=f"^{re.escape(text)}"):
        call(*args, **{given: 1})


def answering():
    """Every public callable that answers, by its name."""
    spaces = (ag, nn, optim, train)
    public = [getattr(space, name) for space in spaces for name in space.__all__]
    found = [getattr(c, "__init__", c) if inspect.isclass(c) else c for c in public]
    return [c for c in found if "__wrapped__" in getattr(c, "__dict__", {})]


def test_every_keyword_is_somebodys():
    """Each entry of the table leads to a keyword that some callable has."""
    names = {n for call in answering() for n in inspect.signature(call).parameters}
    for known, uses in keywords.KEYWORDS.items():
        assert {use.partition("=")[0] for use in uses} <= names, known
    assert not {*keywords.ADVICE} & {*inspect.signature(train.fit).parameters}


def test_every_constructor_of_a_layer_optimizer_schedule_and_callback_answers():
    bases = (nn.Module, optim.Optimizer, optim.Scheduler, train.Callback)
    answer = set(answering())
    for space in (nn, optim, train):
        for name in space.__all__:
            kind = getattr(space, name)
            if inspect.isclass(kind) and issubclass(kind, bases) and kind not in bases:
                assert kind.__init__ in answer, name


def test_other_errors_of_a_call_stay_pythons():
    with pytest.raises(TypeError, match=r"^Linear\(\) missing 1 required .*'out_fea"):
        nn.Linear(2)
    with pytest.raises(TypeError, match=r"^ReLU\(\) takes 1 positional argument"):
        nn.ReLU(1)

    def score(lr):
        return score(rate=lr)

    space = {"lr": train.Uniform(0, 1)}
    with pytest.raises(TypeError, match=r"score\(\) got .* argument 'rate'"):
        train.search(score, space, trials=1)


def test_a_users_class_answers_as_python_does():
    class Net(nn.Module):
        def __init__(self, width):
            self.body = nn.Linear(width, 1)

    with pytest.raises(TypeError, match=r"Net\.__init__\(\) got .* 'units'$"):
        Net(units=3)
    assert not hasattr(Net.__init__, "__wrapped__")
