"""What help() says of every public name: what it is, takes, returns, raises, and whose
formula it is. `test_doctests` runs the examples."""

import inspect
import re
from importlib import import_module
from types import ModuleType

import pytest
from pages import REFERENCE

from autograd_core import nn, optim

OPTIONAL = {"autograd_core.estimators": "sklearn", "autograd_core.special": "scipy"}
# Classes that hold what they are given: nothing is returned or raised.
HOLD = {"Confusion", "History", "LearningRates", "Search", "Signals", "Trial"}
NO_FORMULA = {"Linear", "Flatten", "Identity", "Sequential", "Parameter", "Buffer"}
NO_FORMULA |= {"linear", "flatten", "constant_", "zeros_", "ones_", "normal_"}
NO_FORMULA |= {"uniform_", "fans", "Module", "Optimizer", "Scheduler"}
NO_FORMULA |= {"ReduceLROnPlateau", "clip_grad_value_", "recalibrate", "named_weights"}


@pytest.fixture(params=REFERENCE)
def module(request):
    """A module of the reference."""
    if request.param in OPTIONAL:
        pytest.importorskip(OPTIONAL[request.param])
    return import_module(request.param)


def public(module):
    """{name: value} of its functions and classes."""
    values = {name: getattr(module, name) for name in module.__all__}
    return {name: value for name, value in values.items() if callable(value)}


def text_of(value):
    return inspect.getdoc(value) or ""


def parameters_of(value):
    """The names that a caller has to know."""
    if isinstance(value, type) and issubclass(value, Exception):
        return set()
    given = inspect.signature(value).parameters.values()
    named = {p.name for p in given if p.kind is not p.VAR_KEYWORD}
    return named - {"args"}  # of what ignores them


def test_it_opens_with_one_sentence(module):
    for name, value in public(module).items():
        first, _, rest = text_of(value).partition("\n")
        assert re.search(r"[.:]$", first), name
        assert rest[:1] in ("", "\n"), name


def test_it_names_its_parameters(module):
    missing = {}
    for name, value in public(module).items():
        text, names = text_of(value), parameters_of(value)
        if "scikit-learn's parameters" in text:
            theirs = getattr(import_module("sklearn.neural_network"), name)
            names -= parameters_of(theirs)
        missing[name] = {p for p in names if not re.search(rf"(?<![\w.]){p}\b", text)}
    assert not {name: names for name, names in missing.items() if names}


def test_it_says_what_is_returned_or_raised(module):
    said = r"[Rr]eturn|[Rr]aise|Error\b|[Gg]ives|The function|See `functional\."
    silent = [
        name
        for name, value in public(module).items()
        if parameters_of(value) and not re.search(said, text_of(value))
    ]
    assert set(silent) <= HOLD | {"Identity", "SELU"}


def has_source(text):
    """A year, an equation, a formula, or the function that it is made of."""
    written = r"``[^`]*[-*/+(][^`]*``|^base [*/]|`\w+`"
    if re.search(written, text.partition("\n")[0]):
        return True
    return re.search(r"\b(1[789]|20)\d\d\b|DLMF \d|[Ss]ee `functional\.", text)


@pytest.mark.parametrize("path", ["nn", "nn.functional", "nn.init", "optim", "special"])
def test_it_says_whose_formula_it_is(path):
    if path == "special":
        pytest.importorskip("scipy")
    names = public(import_module(f"autograd_core.{path}"))
    unsaid = [n for n, value in names.items() if not has_source(text_of(value))]
    assert set(unsaid) <= NO_FORMULA


def test_methods_say_what_they_do(module):
    """What public classes have of ours, properties too."""
    for name, value in public(module).items():
        members = inspect.getmembers(value) if isinstance(value, type) else ()
        for member, method in members:
            ours = (getattr(method, "__module__", "") or "").startswith("autograd")
            if not member.startswith("_") and (ours or isinstance(method, property)):
                said = re.search(r"[.:](\s|$)", text_of(method))
                assert said, f"{name}.{member}"


def test_dir_is_what_is_public(module):
    names = dir(module)
    assert set(names) >= {n for n in module.__all__ if not n.startswith("_")}
    others = {name for name in names if not name.startswith("_")} - {*module.__all__}
    assert all(isinstance(getattr(module, name), ModuleType) for name in others)


def test_a_module_says_what_is_in_it(module):
    assert len(text_of(module).splitlines()) > 3


def test_nothing_is_missing_here():
    assert sum(len(public(import_module(name))) for name in REFERENCE[:1]) > 30
    for space in (nn, optim):
        kinds = {n for n, value in vars(space).items() if isinstance(value, type)}
        assert kinds <= set(public(space))
