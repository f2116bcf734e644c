"""The folders of `autograd_kernels`: LLVM code is written in one, and used in all."""

import pytest
from test_layering import imports, sources, unit

# What a folder may import: folders, and a file that numbers stand in.
# All other files are families of kernels, which know each other.
FOLDERS = {
    "llvm": {"llvm", "math.constants"},
    "math": {"math", "llvm", "jit"},
    "optim": {"optim", "llvm", "math", "jit", "pointers"},
    "driver": {"driver", "llvm", "jit", "native"},
}
PLUMBING = {"", "jit", "native", "compiler", "disk_cache", "ahead", "caches", "notice"}
BUILDERS = {"llvm", "driver"}  # who writes LLVM code
# Names by which LLVM code is written; `numba.extending` has others, too.
IR = "llvmlite", "numba.core.cgutils", "numba.extending.intrinsic"


def folder(module):
    """A folder of the kernels, or a family's file."""
    return module.split(".")[1] if "." in module else ""


def allowed(here, target):
    """Whether a folder may import a module; families all rooms but the driver."""
    if here not in FOLDERS:
        return folder(target) != "driver"
    return not {folder(target), target.partition(".")[2]}.isdisjoint(FOLDERS[here])


def forbidden(files):
    """What one folder of the kernels imports that it should not, one message each."""
    files = [file for file in files if unit(file[0]) == "autograd_kernels"]
    modules = {name for name, _, _ in files}
    for module, is_package, source in files:
        here = folder(module)
        if here in PLUMBING:
            continue
        for node, target in imports(module, is_package, source, modules):
            names = [target, *(f"{target}.{alias.name}" for alias in node.names)]
            if here not in BUILDERS and any(name.startswith(IR) for name in names):
                yield f"{module}:{node.lineno}: writes LLVM code by {target}"
            if unit(target) == "autograd_kernels" and not allowed(here, target):
                yield f"{module}:{node.lineno}: {here} imports {target}"


def test_llvm_code_is_written_in_one_folder():
    assert list(forbidden(sources())) == []


PLANTED = {
    "reduce": ("from llvmlite import ir", "writes LLVM code by llvmlite"),
    "softmax": (
        "from numba.extending import intrinsic",
        "writes LLVM code by numba.extending",
    ),
    "optim.adam": (
        "def f():\n from numba.core import cgutils",
        "writes LLVM code by numba.core",
    ),
    "elementwise": ("from .driver import replay", "driver.replay"),
    "math.scalar": ("from ..reduce import plus", "reduce"),
    "llvm.tile": ("from autograd_kernels.math import scalar", "math.scalar"),
    "driver.front": ("from autograd_kernels import matmul", "matmul"),
}


@pytest.mark.parametrize("module", PLANTED)
def test_a_planted_import_of_another_folder_is_found(module):
    statement, message = PLANTED[module]
    files = [(f"autograd_kernels.{name}", False, "") for name in PLANTED]
    files += [(f"autograd_kernels.{n}", False, "") for n in ("matmul", "driver.replay")]
    (found,) = forbidden([*files, (f"autograd_kernels.{module}", False, statement)])
    where, _, what = found.partition(": ")
    assert where.startswith(f"autograd_kernels.{module}:")
    assert what == message or what.endswith(f" imports autograd_kernels.{message}")


def test_imports_within_the_folders_are_fine():
    for module, statement in {
        "reduce": "from autograd_kernels.llvm.vector import load\nimport numba",
        "user": "from numba.extending import overload",
        "llvm.vector_math": "from autograd_kernels.math import constants",
        "driver.objects": "from llvmlite import ir",
        "disk_cache": "import llvmlite",
    }.items():
        files = [("autograd_kernels.math.constants", False, "")]
        files += [(f"autograd_kernels.{module}", False, statement)]
        assert list(forbidden(files)) == []
