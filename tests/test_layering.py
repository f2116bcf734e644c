"""Imports point down only: every module has a floor, and imports from floors below.

All imports count, those inside functions and under TYPE_CHECKING as well; only a cycle
on one floor may lead through TYPE_CHECKING, where it cannot break an import.
"""

import ast
import graphlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "autograd_kernels": ROOT / "kernels" / "autograd_kernels",
    "autograd_core": ROOT / "autograd_core",
}
FACE = "autograd_core"  # the public face may import all of the below
FLOORS = {
    "autograd_kernels": 0,
    "autograd_core.foreign": 0,
    "autograd_core.plural": 0,
    "autograd_core.hooks": 0,
    "autograd_core.signatures": 0,
    "autograd_core.trees": 0,
    "autograd_core.user_code": 0,
    "autograd_core.anomaly": 1,
    "autograd_core.calls": 1,
    "autograd_core.front": 1,
    "autograd_core.launch": 1,
    "autograd_core.op": 1,
    "autograd_core.operand": 1,
    "autograd_core.pool": 1,
    "autograd_core.precision": 1,
    "autograd_core.random": 1,
    "autograd_core.samples": 1,
    "autograd_core.shards": 1,
    "autograd_core.tape": 1,
    "autograd_core.threads": 1,
    "autograd_core.writes": 1,
    "autograd_core.ops": 2,
    "autograd_core.grad": 3,
    "autograd_core.walk": 3,
    "autograd_core.numpy_functions": 4,
    "autograd_core.create": 4,
    "autograd_core.in_place": 4,
    "autograd_core.methods": 4,
    "autograd_core.operators": 4,
    "autograd_core.protocols": 4,
    "autograd_core.special": 4,
    "autograd_core.tensor": 4,
    "autograd_core.ufuncs": 4,
    "autograd_core.differences": 5,
    "autograd_core.gradcheck": 5,
    "autograd_core.program": 5,
    "autograd_core.recompute": 5,
    "autograd_core.transforms": 5,
    "autograd_core.custom": 6,
    "autograd_core.nn": 6,
    "autograd_core.optim": 6,
    "autograd_core.train": 7,
    "autograd_core.estimators": 8,
    FACE: 8,
    "autograd_core.warm": 7,
    "autograd_core.__main__": 8,
}
KERNEL_DEPENDENCIES = {"autograd_kernels", "llvmlite", "numba", "numpy"}


def unit(module):
    """What has a floor: a whole subpackage, or a module directly in a package."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == FACE else parts[0]


def sources():
    """(module, is it a package, source) of every file in the two packages."""
    for package, folder in FOLDERS.items():
        for file in sorted(folder.rglob("*.py")):
            parts = (package, *file.relative_to(folder).with_suffix("").parts)
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            yield name, is_package, file.read_text(encoding="utf-8")


def imports(module, is_package, source, modules):
    """Yield (statement, imported module) of every import in ``source``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".") if node.level else []
            drop = node.level - is_package
            base = ".".join(
                [*parents[: len(parents) - drop], *filter(None, [node.module])]
            )
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield node, name if name in modules else base


def type_only(source):
    """Lines under ``if TYPE_CHECKING:``."""
    return {
        child.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in node.body
    }


def violations(files):
    """What breaks the rule in ``files``, one message each."""
    files = list(files)
    modules = {name for name, _, _ in files}
    level = {}  # imports between units of one floor, which must not form a cycle
    for module, is_package, source in files:
        here = unit(module)
        if here not in FLOORS:
            yield f"{module}: has no floor in {Path(__file__).name}"
            continue
        if module == FACE:
            continue
        typing = type_only(source)
        for node, target in imports(module, is_package, source, modules):
            line, there = node.lineno, unit(target)
            if there.split(".")[0] not in FOLDERS or there == here:
                continue
            low, high = FLOORS[here], FLOORS.get(there, 99)
            if low < high:
                yield f"{module}:{line}: floor {low} imports {target}, {high}"
            elif low == high and line not in typing:
                level.setdefault(here, set()).add(there)
    try:
        graphlib.TopologicalSorter(level).prepare()
    except graphlib.CycleError as error:
        yield "a cycle on one floor: " + " -> ".join(error.args[1])


def test_imports_point_down():
    assert list(violations(sources())) == []


def test_the_floors_are_those_that_are_built():
    assert {unit(name) for name, _, _ in sources()} == set(FLOORS)


UPWARD = {
    "from autograd_core.nn import Linear": "imports autograd_core.nn, 6",
    "from autograd_core import tensor": "imports autograd_core.tensor, 4",
    "from . import tensor": "imports autograd_core.tensor, 4",
    "from .tensor import Tensor": "imports autograd_core.tensor, 4",
    "import autograd_core.tensor as t": "imports autograd_core.tensor, 4",
    "import autograd_core": "imports autograd_core, 8",
    "from autograd_core import Tensor": "imports autograd_core, 8",
    "import autograd_core.unheard_of": "imports autograd_core.unheard_of, 99",
    "if TYPE_CHECKING:\n    from . import tensor": "imports autograd_core.tensor, 4",
    "def f():\n    from .ops.linalg import mm": "imports autograd_core.ops.linalg, 2",
}


def files(**sources):
    """A synthetic autograd_core: packages are those that hold a module of their own."""
    names = {name.replace("__", "."): text for name, text in sources.items()}
    yield FACE, True, "from . import tensor"
    for name, text in {"tensor": "", "ops": "", "ops.linalg": "", **names}.items():
        yield f"{FACE}.{name}", name == "ops", text


@pytest.mark.parametrize("statement", UPWARD)
def test_a_planted_upward_import_is_found(statement):
    (message,) = violations(files(tape=statement))
    line = statement.count("\n") + 1
    assert message == f"autograd_core.tape:{line}: floor 1 {UPWARD[statement]}"


@pytest.mark.parametrize(
    "planted",
    [
        {"tensor": "from .ops import linalg\nimport autograd_core.tape"},
        {"ops": "from . import linalg", "ops__linalg": "from .. import ops, tape"},
        {"tape": "if TYPE_CHECKING:\n from . import op", "op": "from . import tape"},
        {"nn": "from autograd_core import optim", "tape": "import numpy, os.path"},
    ],
)
def test_imports_of_lower_and_equal_floors_are_fine(planted):
    assert list(violations(files(**{"tape": "", "optim": "", **planted}))) == []


def test_a_cycle_on_one_floor_and_an_unknown_module_are_found():
    (message,) = violations(files(tape="from . import op", op="from . import tape"))
    assert message.startswith("a cycle on one floor: ")
    (message,) = violations(files(attic=""))
    assert message.startswith("autograd_core.attic: has no floor")


# One door for writes ---------------------------------------------------------------

# What is stored into, and the modules, or functions in them, that may do it.
DOORS = {
    "._data": {
        "autograd_core.tape",
        "autograd_core.tensor:Tensor.__init__",
        "autograd_core.tensor:Tensor.__deepcopy__",
        "autograd_core.program.gradients",  # gradients that are held
    },
    "._data[...]": set(),
    ".version[...]": {"autograd_core.tape"},
    "._grad": {
        "autograd_core.tape",
        "autograd_core.tensor",
        "autograd_core.program.program",  # what a replay that stopped leaves
        "autograd_core.program.gradients",
    },
}
STORES = ast.Store, ast.Del
SETTERS = "setattr", "delattr", "__setattr__", "__delattr__"
WRITERS = "copyto", "put", "place", "putmask", "fill", "setflags", "resize"


def stored(node):
    """The doors that a node itself goes through: ``x._data = ...`` is ``._data``."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, STORES):
        yield f".{node.attr}"
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, STORES):
        yield from (f".{name}[...]" for name in within(node.value))
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in SETTERS:
            texts = (a.value for a in node.args[:2] if isinstance(a, ast.Constant))
            yield from (f".{text}" for text in texts)
        outs = [word.value for word in node.keywords if word.arg == "out"]
        if name in WRITERS:
            outs += [node.func, *node.args[:1]]
        yield from (f".{name}[...]" for out in outs for name in within(out))


def within(node):
    """Attributes that an expression is a part or a view of, by index or method."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        if isinstance(node, ast.Attribute):
            yield node.attr
        node = node.func if isinstance(node, ast.Call) else node.value


def writes(module, source):
    """What goes by another way than its door in a source, one message each."""
    scopes = [(ast.parse(source), "")]
    while scopes:
        node, scope = scopes.pop()
        for door in stored(node):
            allowed = DOORS.get(door)
            if allowed is not None and not {module, f"{module}:{scope}"} & allowed:
                yield f"{module}:{node.lineno}: writes {door}"
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            scope = f"{scope}.{node.name}".lstrip(".")
        scopes += [(child, scope) for child in ast.iter_child_nodes(node)]


def test_there_is_one_door_for_writes():
    found = [m for name, _, text in sources() for m in writes(name, text)]
    assert found == []


SMUGGLED = {
    "x._data = y": "._data",
    "x.y[0]._data = y": "._data",
    "x._data: object = y": "._data",
    "x._data += y": "._data",
    "z, (*x._data, y) = y": "._data",
    "del x._data": "._data",
    "for x._data in y: pass": "._data",
    "with y as x._data: pass": "._data",
    "[0 for x._data in y]": "._data",
    "setattr(x, '_data', y)": "._data",
    "object.__setattr__(x, '_data', y)": "._data",
    "x._data[...] = y": "._data[...]",
    "x._data[0][1] += y": "._data[...]",
    "x._data.reshape(-1)[i] = y": "._data[...]",
    "np.copyto(x._data, y)": "._data[...]",
    "np.copyto(x._data[0], y)": "._data[...]",
    "x._data.T.fill(y)": "._data[...]",
    "np.add(x, y, out=x._data)": "._data[...]",
    "x.version[0] += 1": ".version[...]",
    "x.y.version[0] = 1": ".version[...]",
    "x._grad = y": "._grad",
    "x.y, z = setattr(x, '_grad', y), y": "._grad",
    "del x._grad": "._grad",
}


@pytest.mark.parametrize("statement", SMUGGLED)
@pytest.mark.parametrize("module", ["grad", "program.settle", "nn.module"])
def test_a_planted_write_is_found(statement, module):
    source = f"def f(x, y):\n  class C:\n    def g(self, z, i):\n      {statement}"
    (message,) = writes(f"{FACE}.{module}", source)
    assert message == f"{FACE}.{module}:4: writes {SMUGGLED[statement]}"


def test_writes_through_a_door_are_fine():
    for door, allowed in DOORS.items():
        (statement, *_) = (s for s, found in SMUGGLED.items() if found == door)
        for place in allowed:
            module, _, scope = place.partition(":")
            kind, _, function = scope.rpartition(".")
            source = (
                f"class {kind or 'C'}:\n  def {function or 'f'}(x):\n    {statement}"
            )
            assert list(writes(module, source)) == []
            if scope:  # there alone
                assert len(list(writes(module, source.replace(function, "g")))) == 1
                assert len(list(writes(module, source.replace(kind, "K")))) == 1
    for fine in (
        "x.data = y",
        "x.grad = y",
        "y = x._data[0]",
        "x.version = y.version",
        "x.version.append(y)",
        "z[x._data] = x._grad",
        "np.copyto(y, x._data)",
        "np.add(x._data, y, out=z)",
        "y = setattr(x, 'data', x._data)",
    ):
        assert list(writes(f"{FACE}.grad", fine)) == []


def test_kernels_know_only_numpy_and_numba():
    every = list(sources())
    modules = {name for name, _, _ in every}
    found = {
        target.split(".")[0]
        for module, is_package, source in every
        if unit(module) == "autograd_kernels"
        for _, target in imports(module, is_package, source, modules)
    }
    assert found - KERNEL_DEPENDENCIES - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("module", ["autograd_core", "autograd_kernels.jit"])
def test_import_loads_no_third_party_but_numpy_and_numba(module):
    # Numba by itself loads SciPy where that is installed.
    program = (
        "import json, sys, numba; before = set(sys.modules); "
        f"import {module}; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in json.loads(run.stdout)}
    assert unit(module) in loaded
    loaded -= set(sys.stdlib_module_names) | set(FOLDERS)
    assert loaded - KERNEL_DEPENDENCIES == set()
