"""The cache of kernels: never an old kernel for new sources, whatever the packaging.

Each case runs a stand-in for the package in a process of its own: a copy of the kernels
with one more, `probe.add`, of which there are two versions.
"""

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest

from autograd_kernels import disk_cache

PACKAGE = Path(disk_cache.__file__).parent
FILES = (
    "__init__.py",
    "jit.py",
    "native.py",
    "compiler.py",
    "disk_cache.py",
    "ahead.py",
    "caches.py",
    "notice.py",
    "interpreter.py",
    "undisturbed.py",
)
PROBE = """
from autograd_kernels.jit import kernel


@kernel
def add(lo, hi, out):
    for i in range(lo, hi):
        out[i] += {}
"""
CALL = """
import numpy as np
from autograd_kernels import disk_cache, probe
out = np.zeros(2)
probe.add(0, 2, out)
print(int(out[0]), sum(probe.add.stats.cache_hits.values()))
"""


def package(folder, version):
    """The stand-in, whose kernel adds ``version``."""
    target = Path(folder) / "autograd_kernels"
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(PACKAGE / name, target)
    (target / "probe.py").write_text(PROBE.format(version))
    return target


def run(path, cache, script=CALL, cwd=None, **env):
    """(what was printed, standard error) of a script with the stand-in on its path."""
    ours = "XDG_", "AUTOGRAD_CORE_"
    keep = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    env = {**keep, "AUTOGRAD_CORE_AHEAD": "0", "PYTHONPATH": str(path), **env}
    if cache is not None:
        env["AUTOGRAD_CORE_CACHE"] = str(cache)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={k: v for k, v in env.items() if v is not None},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def zipped(folder, version):
    """In a zip, as of a zipapp."""
    made = package(folder / f"tree{version}", version)
    path = folder / f"{version}.zip"
    with zipfile.ZipFile(path, "w") as file:
        for source in made.iterdir():
            file.write(source, f"autograd_kernels/{source.name}")
    return path


def compiled_only(folder, version):
    """Without sources, as of PyInstaller."""
    made = package(folder / f"tree{version}", version)
    compileall.compile_dir(made, quiet=1, legacy=True)
    for source in made.glob("*.py"):
        source.unlink()
    return made.parent


def plain(folder, version):
    """As files."""
    return package(folder / f"tree{version}", version).parent


@pytest.mark.parametrize("packaged", [plain, zipped, compiled_only])
def test_another_version_has_kernels_of_its_own(packaged, tmp_path):
    cache = tmp_path / "cache"
    first, second = packaged(tmp_path, 1), packaged(tmp_path, 2)
    assert run(first, cache)[0] == "1 0"
    assert run(first, cache)[0] == "1 1"
    assert run(second, cache)[0] == "2 0"
    assert run(second, cache)[0] == "2 1"


REPLACED = """
import pathlib, sys
import numpy as np
from autograd_kernels import probe
path = pathlib.Path(probe.__file__)
path.write_text(path.read_text().replace("+= 1", "+= 222"))
if {reload}:
    import importlib
    importlib.reload(probe)
out = np.zeros(2)
probe.add(0, 2, out)
print(int(out[0]))
"""


@pytest.mark.parametrize("reload", [False, True])
def test_sources_that_are_replaced_under_a_process(reload, tmp_path):
    path, cache = plain(tmp_path, 1), tmp_path / "cache"
    out, _ = run(path, cache, REPLACED.format(reload=reload))
    assert out == ("222" if reload else "1")
    assert run(path, cache)[0] == "222 0"  # the old one was not kept as the new
    package(path, 1)
    assert run(path, cache)[0] == "1 0"


def test_what_editors_leave_is_no_source(tmp_path):
    path, cache = plain(tmp_path, 1), tmp_path / "cache"
    assert run(path, cache)[0] == "1 0"
    made = path / "autograd_kernels"
    os.symlink("nobody@nowhere.1", made / ".#probe.py")
    (made / "old.py").mkdir()
    assert run(path, cache)[0] == "1 1"


SETTINGS = {
    "the number of threads": ({"NUMBA_NUM_THREADS": "1"}, True),
    "long tracebacks": ({"NUMBA_FULL_TRACEBACKS": "1"}, True),
    "captured errors": ({"NUMBA_CAPTURED_ERRORS": "new_style"}, True),
    "developer mode": ({"NUMBA_DEVELOPER_MODE": "1"}, True),
    "optimisation": ({"NUMBA_OPT": "1"}, False),
    "the processor": ({"NUMBA_CPU_NAME": "generic"}, False),
    "bounds": ({"NUMBA_BOUNDSCHECK": "1"}, False),
}


FOLDER = "from autograd_kernels import disk_cache; print(disk_cache.folder())"


@pytest.fixture(scope="module")
def with_folder(tmp_path_factory):
    """A stand-in, and its folder where nothing is set."""
    path = plain(tmp_path_factory.mktemp("plain"), 1)
    return path, run(path, "/c", FOLDER)[0]


@pytest.mark.parametrize("name", SETTINGS)
def test_only_settings_that_change_code_change_the_folder(name, with_folder):
    env, same = SETTINGS[name]
    path, before = with_folder
    assert (run(path, "/c", FOLDER, **env)[0] == before) is same


def test_settings_of_numba_s_file_change_the_folder_too(tmp_path):
    pytest.importorskip("yaml")
    script = "from autograd_kernels import disk_cache; print(disk_cache.folder())"
    path, found = plain(tmp_path, 1), set()
    for text in ("developer_mode: 1", "boundscheck: 1"):
        (tmp_path / ".numba_config.yaml").write_text(text)
        found.add(run(path, "/c", script, cwd=tmp_path)[0])
    assert len(found) == 2


ROOTS = {
    "given": ({"AUTOGRAD_CORE_CACHE": "/some/where"}, "/some/where"),
    "given, below home": ({"AUTOGRAD_CORE_CACHE": "~/x"}, "{tmp}/x"),
    "relative": ({"AUTOGRAD_CORE_CACHE": "mine"}, "{tmp}/mine"),
    "the user's": ({"XDG_CACHE_HOME": "/caches"}, "/caches/autograd_core"),
    "a relative one is ignored": (
        {"XDG_CACHE_HOME": "caches"},
        "{tmp}/.cache/autograd_core",
    ),
    "home": ({}, "{tmp}/.cache/autograd_core"),
}


@pytest.mark.parametrize("name", ROOTS)
def test_where_the_folder_is(name, tmp_path, monkeypatch):
    env, expected = ROOTS[name]
    for unset in ("AUTOGRAD_CORE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(unset, raising=False)
    for variable, value in {"HOME": str(tmp_path), **env}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    assert str(disk_cache.root()) == expected.format(tmp=tmp_path)


def test_a_relative_folder_is_that_of_the_start(tmp_path):
    script = (
        "import os; from autograd_kernels import disk_cache; os.chdir('/'); "
        "print(disk_cache.folder().parent)"
    )
    out, _ = run(plain(tmp_path, 1), "mine", script, cwd=tmp_path)
    assert out == f"{tmp_path}/mine"


def test_others_may_read_it_as_the_umask_says(tmp_path):
    path, cache = plain(tmp_path, 1), tmp_path / "cache"
    for mask, mode in ((0o022, 0o644), (0o002, 0o644), (0o077, 0o600)):
        shutil.rmtree(cache, ignore_errors=True)
        run(path, cache, f"import os; os.umask({mask})\n{CALL}")
        (file,) = cache.rglob("*.nbc")
        assert file.stat().st_mode & 0o777 == mode


def test_a_file_that_others_may_write_to_is_not_loaded(tmp_path):
    path, cache = plain(tmp_path, 1), tmp_path / "cache"
    run(path, cache)
    (file,) = cache.rglob("*.nbc")
    file.chmod(0o666)
    out, err = run(path, cache)
    assert out == "1 0"
    assert "may have been written by another user" in err


# Python may lie where only root gets: a first compilation imports what comes late.
ANOTHER = """
import os
import numpy as np
from autograd_kernels import probe
probe.add(0, 2, np.zeros(2, "{}"))
probe.add.stats.cache_hits.clear()
os.setgid(65534)
os.setuid(65534)
out = np.zeros(2)
probe.add(0, 2, out)
print(int(out[0]), sum(probe.add.stats.cache_hits.values()))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_whose_files_another_user_reads():
    """Root's and his own; those of a third could hold anything."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's is the user's alone
        os.chmod(folder, 0o755)
        path, cache = plain(Path(folder), 1), Path(folder, "cache")
        run(path, cache)
        (file,) = cache.rglob("*.nbc")
        for owner, hits, late in ((0, 1, "f4"), (65534, 1, "i8"), (1234, 0, "i4")):
            os.chown(file, owner, owner)
            found, err = run(path, cache, ANOTHER.format(late))
            assert found == f"1 {hits}"
            assert ("may have been written by another user" in err) is (not hits)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_home_of_somebody_else():
    """As where a container's user is set, and its HOME is still root's."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path, home = plain(Path(folder), 1), Path(folder, "root")
        home.mkdir(0o700)
        found, err = run(path, home / "cache", ANOTHER.format("f4"))
        assert found == "1 0"
        assert "compiles its kernels anew at each start" in err


def test_a_folder_that_cannot_be_used_is_said_once(tmp_path):
    path = plain(tmp_path, 1)
    more = "probe.add(0, 2, np.zeros(2, 'f4')); probe.add(0, 2, np.zeros(2, 'i8'))"
    out, err = run(path, "/dev/null/cache", CALL + more)
    assert out == "1 0"
    assert err.count("compiles its kernels anew at each start") == 1
    assert "AUTOGRAD_CORE_CACHE" in err


def test_folders_of_old_versions_are_removed(tmp_path):
    long_ago = time.time() - 2 * disk_cache.UNUSED
    for name in ("a" * 16, "b" * 16, "not ours"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.nbc").write_bytes(b"")
    for path in (*tmp_path.glob("a*/*"), *tmp_path.glob("n*/*")):
        os.utime(path, (long_ago, long_ago))
    for path in tmp_path.iterdir():
        os.utime(path, (long_ago, long_ago))
    disk_cache.prune(tmp_path, tmp_path / ("c" * 16))
    assert {p.name for p in tmp_path.iterdir()} == {"b" * 16, "not ours"}


def test_who_makes_a_folder_removes_the_old_ones(tmp_path):
    old, cache = tmp_path / "cache" / ("a" * 16), tmp_path / "cache"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    tree = package(tmp_path / "tree", 1).parent
    assert run(tree, cache)[0] == "1 0"
    assert not old.exists()
    assert [p.stat().st_mode & 0o22 for p in cache.iterdir()] == [0]
