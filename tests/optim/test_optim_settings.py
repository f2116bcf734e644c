"""Settings by name: their order means nothing, and the docs say what they are."""

import inspect
import re
from typing import ClassVar

import numpy as np
import pytest
from optim_cases import EVERY, FULL, SHAPES, assert_same_bits, give, label, parameters

import autograd_core as ag
from autograd_core import optim
from autograd_core.optim.settings import (
    BELOW_ONE,
    BETAS,
    FLAG,
    FRACTION,
    INSIDE,
    above,
    at_least,
    places,
    whole,
)


def shuffled(mapping, rng):
    items = list(mapping.items())
    return dict(items[i] for i in rng.permutation(len(items)))


@pytest.mark.parametrize(("name", "options"), FULL, ids=label)
def test_the_order_of_settings_means_nothing(name, options, rng):
    kind = getattr(optim, name)
    start = [p.data for p in parameters(rng)]
    grads = [[rng.normal(size=s) for s in SHAPES] for _ in range(3)]
    results = []
    for mixed in (False, True, True):
        params = [ag.tensor(d, requires_grad=True) for d in start]
        opt = kind(params, **options)
        if mixed:

            class Mixed(kind):
                settings = shuffled(kind.settings, rng)

                def __init__(self, params, **given):
                    self.training = True
                    optim.Optimizer.__init__(self, params, **given)

            opt = Mixed(params, **shuffled(opt.param_groups[0].settings(), rng))
        for g in grads:
            give(params, g)
            opt.step()
        results.append([p.data for p in params])
    for other in results[1:]:
        assert_same_bits(results[0], other)


def test_what_a_kernel_reads_must_be_there_once():
    kinds = {"betas": BETAS, "lr": at_least(0)}
    assert places("X", kinds, ("beta2", "lr", "beta1")) == {"betas": [2, 0], "lr": [1]}
    assert places("X", {**kinds, "more": FLAG}, ("lr",))["more"] == [3]
    with pytest.raises(TypeError, match=r"X: its kernel reads \['eps'\], its settings"):
        places("X", kinds, ("eps",))
    with pytest.raises(TypeError, match="each must be given, once"):
        places("X", {**kinds, "beta1": FRACTION}, ("lr",))

    class Lame(optim.Lion):
        settings: ClassVar = {"lr": at_least(0)}

    with pytest.raises(TypeError, match="Lame: its kernel reads"):
        Lame([ag.tensor([1.0], requires_grad=True)])


def test_a_setting_without_a_default():
    class Forgetful(optim.Lion):
        def __init__(self, params):
            optim.Optimizer.__init__(self, params, lr=0.1)

    with pytest.raises(TypeError, match=r"no default of \['betas', 'maximize', 'we"):
        Forgetful([ag.tensor([1.0], requires_grad=True)])


@pytest.mark.parametrize("name", EVERY)
def test_the_docstring_explains_every_setting(name):
    kind = getattr(optim, name)
    lines = re.sub(r"\s+", " ", kind.__doc__)
    for parameter in list(inspect.signature(kind).parameters.values())[1:]:
        ranges, default = kind.settings[parameter.name], parameter.default
        assert f" {parameter.name}: {ranges}, default {default!r}. " in lines


def test_every_optimizer_is_in_the_tables():
    kinds = {
        name
        for name, kind in vars(optim).items()
        if inspect.isclass(kind) and issubclass(kind, optim.Optimizer)
    }
    assert kinds - {"Optimizer"} == set(EVERY)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (at_least(0), [0, 0.0, 1e300, np.float32(2)], [-1e-300, np.nan, np.inf]),
        (above(0), [1e-300], [0, -0.0, np.inf]),
        (FRACTION, [0, 1, 0.5], [-0.1, 1.1, np.nan]),
        (BELOW_ONE, [0, 0.999], [1, 1.0]),
        (INSIDE, [0.5], [0, 1]),
        (whole(1), [1, np.int64(7), np.uint8(3), np.array(3)], [0, -1]),
        (BETAS, [(0, 0.9), [0.5, 0.5], np.array([0.1, 0.2])], [(0, 1), (-1, 0)]),
        (FLAG, [True, False, np.True_], []),
    ],
    ids=str,
)
def test_kinds(kind, good, bad):
    for value in good:
        checked = kind.check("X", "y", value)
        assert kind.unpack([float(n) for n in kind.pack(checked)]) == checked
        np.testing.assert_allclose(checked, np.asarray(value, float), rtol=1e-7)
    for value in bad:
        with pytest.raises(ValueError, match="X: y must"):
            kind.check("X", "y", value)
    for value in ("1", None, [1], (0.5,) * 3, object(), 1j, np.ones(3)):
        with pytest.raises(TypeError, match="X: y must"):
            kind.check("X", "y", value)


def test_a_program_sees_the_settings_of_every_group():
    """Both groups' lr goes by one name; a change of either is noticed."""
    p, q = (ag.tensor(np.ones(2), requires_grad=True) for _ in range(2))
    opt = optim.SGD([{"params": [p]}, {"params": [q], "lr": 2.0}], lr=1.0)
    first, second = opt.param_groups

    @ag.compile
    def scaled(x):
        return x * first["lr"] + second["lr"]

    for _ in range(4):
        assert scaled(np.ones(1)).item() == 3.0
    second["lr"] = 5.0
    assert scaled(np.ones(1)).item() == 6.0
    first["lr"] = 0.5
    assert scaled(np.ones(1)).item() == 5.5
