"""The disk cache of kernels, and their native addresses."""

import ctypes
import gc
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import autograd_core as ag
from autograd_core.launch import copy_into
from autograd_kernels import elementwise, jit
from autograd_kernels.disk_cache import checksum
from autograd_kernels.native import kinds_of

# Calls one kernel; says where it came from and what it computed.
CALL = """
import json, numpy as np
from autograd_kernels import elementwise, jit
from numba.core import event

x, out = np.arange(4.0), np.ones(4)
with event.install_recorder("numba:compile") as recorder:
    elementwise.add_inplace(0, 4, x, out)
compiled = {e.data["dispatcher"].py_func.__name__ for _, e in recorder.buffer}
print(json.dumps({
    "compiled": "add_inplace" in compiled,
    "hits": sum(elementwise.add_inplace.stats.cache_hits.values()),
    "out": out.tolist(),
}))
"""
FOLDER = "from autograd_kernels import disk_cache; print(disk_cache.folder())"
APART = {"AUTOGRAD_CORE_AHEAD": "0"}  # nobody else fills the folder
OUT = [1.0, 2.0, 3.0, 4.0]


def start(cache, script=CALL, cwd=None, **env):
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=cwd,
        env={**os.environ, **APART, "AUTOGRAD_CORE_CACHE": str(cache), **env},
        stdout=subprocess.PIPE,
        text=True,
    )


def call(cache, **options):
    process = start(cache, **options)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out)


def entries(cache):
    return sorted(Path(cache).rglob("*add_inplace-*.nbc"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache that one process has filled."""
    cache = tmp_path_factory.mktemp("cache")
    first = call(cache)
    assert first["compiled"]
    assert first["hits"] == 0
    assert first["out"] == OUT
    return cache


@pytest.fixture
def cache(filled, tmp_path):
    """A copy of the filled cache, to be damaged."""
    return shutil.copytree(filled, tmp_path / "cache")


def test_a_second_process_compiles_nothing(cache):
    (entry,) = entries(cache)
    before = entry.read_bytes(), entry.stat().st_mtime_ns
    second = call(cache)
    assert not second["compiled"]
    assert second["hits"] == 1
    assert second["out"] == OUT
    assert entries(cache) == [entry]
    assert (entry.read_bytes(), entry.stat().st_mtime_ns) == before


DAMAGE = {
    "empty": lambda path, data: b"",
    "truncated": lambda path, data: data[: len(data) // 2],
    "shorter than its checksum": lambda path, data: data[:7],
    "garbage": lambda path, data: b"garbage " * 400,
    "one flipped bit": lambda path, data: (
        data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]
    ),
    # Of another kernel, whole.
    "swapped": lambda path, data: (
        checksum(path.with_name("other.nbc"), data[32:]) + data[32:]
    ),
    # The sum is right and the content is not: what a foreign writer may leave.
    "a sum over nonsense": lambda path, data: checksum(path, b"?") + b"?",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_means_recompile(cache, damage):
    (entry,) = entries(cache)
    entry.write_bytes(damage(entry, entry.read_bytes()))
    again = call(cache)
    assert again["compiled"]
    assert again["out"] == OUT
    data = entry.read_bytes()  # replaced by a good one
    assert checksum(entry, data[32:]) == data[:32]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_in_a_file_s_place_waits_for_nobody(cache):
    (entry,) = entries(cache)
    entry.unlink()
    os.mkfifo(entry)
    assert call(cache)["out"] == OUT


def test_processes_may_fill_the_cache_at_once(tmp_path):
    processes = [start(tmp_path) for _ in range(3)]
    outs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3
    assert [json.loads(out)["out"] for out in outs] == [OUT] * 3
    assert len(entries(tmp_path)) == 1
    leftovers = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".nbc"]
    assert leftovers == []
    assert not call(tmp_path)["compiled"]


@pytest.mark.parametrize(
    "folder",
    ["{tmp}/file/cache", "/dev/null/cache", "~nobody-of-this-name/cache"],
    ids=["under a file", "under a device", "no home"],
)
def test_a_folder_that_cannot_be_written_to_is_no_error(folder, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result = call(folder.format(tmp=tmp_path), cwd=tmp_path)
    assert result["compiled"]
    assert result["out"] == OUT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_changed_source_changes_the_folder(tmp_path):
    package = Path(jit.__file__).parent
    copy = shutil.copytree(package, tmp_path / "kernels" / package.name)

    def folder():
        process = start(tmp_path, FOLDER, PYTHONPATH=str(copy.parent))
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return out

    same = folder()
    assert same == folder()
    with open(copy / "elementwise.py", "a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert folder() != same


def test_the_processor_and_the_flags_are_part_of_the_folder(tmp_path):
    folders = {
        start(tmp_path, FOLDER, **env).communicate(timeout=120)[0]
        for env in ({}, {"NUMBA_OPT": "1"}, {"NUMBA_CPU_NAME": "generic"})
    }
    assert len(folders) == 3


def words(array):
    """An array as a kernel at a native address takes it."""
    return [
        *(0, 0, array.size, array.itemsize, array.ctypes.data),
        *array.shape,
        *array.strides,
    ]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_kernel_called_by_its_address(dtype, rng):
    x, out = rng.standard_normal((2, 50)).astype(dtype)
    expected = out.copy()
    expected[10:40] += x[10:40]
    arguments = [10, 40, *words(x), *words(out)]
    native = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int64] * (2 + len(arguments)))
    where = elementwise.add_inplace.address(kinds_of((x, out)))
    slots = (ctypes.c_int64 * 2)()  # for the return value and for an exception
    slot = ctypes.addressof(slots)
    assert native(where)(slot, slot + 8, *arguments) == 0
    np.testing.assert_array_equal(out, expected)


def test_the_address_stays_and_differs_by_types():
    f4, f8 = np.zeros(3, "f4"), np.zeros(3, "f8")
    where = elementwise.add_inplace.address(kinds_of((f4, f4)))
    assert where == elementwise.add_inplace.address(kinds_of((f4.copy(), f4)))
    assert where != elementwise.add_inplace.address(kinds_of((f8, f8)))


def layouts(x):
    """Arrays of the same numbers and axes, each laid out in its own way."""
    read_only = x.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"." + x.tobytes(), x.dtype, offset=1).reshape(x.shape)
    return {
        "C": x,
        "F": np.asfortranarray(x),
        "strided": np.repeat(x, 2, -1)[..., ::2],
        "backwards": x[::-1].copy()[::-1],
        "read-only": read_only,
        "unaligned": unaligned,
    }


def test_what_a_kernel_is_compiled_for_is_all_that_its_code_depends_on(rng):
    """A key that forgot the layout once gave wrong numbers, in silence."""
    kinds = {name: kinds_of([x]) for name, x in layouts(np.ones((3, 4))).items()}
    kinds |= {d: kinds_of([np.ones((3, 4), d)]) for d in ("f4", "i8", "?", ">f8")}
    kinds |= {"axes": kinds_of([np.ones(3)]), "number": kinds_of([3])}
    kinds["backwards"] = None  # as "strided": both read their strides
    assert len(set(kinds.values())) == len(kinds)


@pytest.mark.parametrize("threads", [1, 2])
def test_copies_between_all_layouts(threads, rng):
    """Large ones, in turns, so that the threads' launches meet all of them."""
    x = rng.standard_normal((8, 8, 64, 129)).astype("f4")
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        for source in layouts(x).values():
            for out in layouts(np.zeros_like(x)).values():
                if out.flags.writeable and out.flags.aligned:
                    copy_into(source, out)
                    np.testing.assert_array_equal(out, x)
    finally:
        ag.set_num_threads(before)


def double(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = 2 * x[i]


def test_a_kernel_from_elsewhere_is_not_kept():
    x, out = np.arange(4.0), np.zeros(4)
    kernel = jit.kernel(double)
    kernel(1, 3, x, out)
    assert out.tolist() == [0, 2, 4, 0]
    # Its source is not in the folder's key: a kept copy would go stale in silence.
    assert kernel.stats.cache_path is None


def test_a_kernel_that_raises_says_so():
    def raises(lo, hi, out):
        if out[0] == 1:
            raise ValueError("of the kernel")
        out[0] = 1

    kernel, out = jit.kernel(raises), np.zeros(1)
    kernel(0, 1, out)
    with pytest.raises(RuntimeError, match="raises: the kernel raised an exception"):
        kernel(0, 1, out)


def test_a_kernel_that_returns_something_is_refused():
    kernel = jit.kernel(lambda lo, hi, out: (out[0], out[1], out[2]))
    with pytest.raises(TypeError, match="returns nothing, got UniTuple"):
        kernel(0, 1, np.zeros(3))


@pytest.mark.parametrize("number", [0.5, None, "1"])
def test_a_kernel_takes_no_other_numbers_than_integers(number):
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        elementwise.add_inplace(0, 1, number, np.zeros(1))


def test_kernels_are_pickled_by_name():
    assert pickle.loads(pickle.dumps(elementwise.add)) is elementwise.add  # noqa: S301


def test_kernels_have_no_wrapper():
    """It would be a sixth of what they take to compile."""
    elementwise.add_inplace(0, 1, np.zeros(1), np.zeros(1))
    for compiled in elementwise.add_inplace.overloads.values():
        name = compiled.fndesc.llvm_cpython_wrapper_name
        with jit.compiling:
            assert compiled.library.get_pointer_to_function(name) == 0


def test_helpers_have_no_machine_code_of_their_own():
    """It would be made anew in each kernel that they are compiled into."""
    helper = jit.inline(lambda x: x + 1)
    helper.compile((numba.int64,))
    (compiled,) = helper.overloads.values()
    name = compiled.fndesc.llvm_func_name
    with jit.compiling:
        assert compiled.library.get_pointer_to_function(name) == 0
    assert compiled.library.get_function(name)


@pytest.mark.parametrize("on", [True, False])
def test_compiling_leaves_the_garbage_collector_as_it_was(on):
    was = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        with pytest.raises(numba.TypingError):
            jit.inline(lambda x: x.no_such_thing).compile((numba.int64,))
        assert gc.isenabled() == on
        jit.inline(lambda x: x).compile((numba.int64,))
        assert gc.isenabled() == on
    finally:
        (gc.enable if was else gc.disable)()
