"""Compiled kernels on disk: one checksummed file per kernel and argument types.

Numba's own cache numbers its files through an index, and two processes that fill it at
once can swap them; here the name of a file follows from what is in it. The folder's
name is a digest of all that changes compiled code: the sources of this package as they
were when it was imported, the versions, the processor and Numba's settings. A kernel
whose file has changed since then is neither read from there nor kept there.

Writing is atomic. A file is read only if its owner is this user or root, and nobody
else may write to it: its content is unpickled. A folder that cannot be used is said
once, and is no error.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import pkgutil
import secrets
import stat
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from llvmlite import binding as llvm
from numba.core import config, serialize
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys

from autograd_kernels import ahead, caches
from autograd_kernels.notice import notice

BROKEN = (Exception,)  # whatever a damaged cache file makes the loader raise
UNUSED = 30 * 86400  # seconds after which the kernels of another version are removed
# Numba's settings that change compiled code, from the environment or its file.
SETTINGS = (
    "OPT",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
    "ENABLE_AVX",
    "CPU_NAME",
    "CPU_FEATURES",
    "DISABLE_INTEL_SVML",
    "DEBUGINFO_DEFAULT",
    "BOUNDSCHECK",
    "LLVM_REFPRUNE_PASS",
    "LLVM_REFPRUNE_FLAGS",
    "EXTEND_VARIABLE_LIFETIMES",
)


def root() -> Path:
    """The folder of all versions: ``AUTOGRAD_CORE_CACHE``, or in the user's caches."""
    given = os.environ.get("AUTOGRAD_CORE_CACHE")
    caches = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(caches):  # its specification says to ignore such a one
        caches = os.path.join("~", ".cache")
    path = os.path.expanduser(given or os.path.join(caches, "autograd_core"))
    if path.startswith("~"):  # no home: somewhere that nothing can be written to
        path = os.path.join(os.devnull, "autograd_core")
    return Path(os.path.abspath(path))


# What must not follow later changes: a working folder, or files that are replaced.
ROOT = root()


def _files(folder: str = os.path.dirname(__file__)) -> Iterator[os.DirEntry[str]]:
    """The sources of the package, also of its subfolders; what editors leave is not."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__pycache__")):
                continue
            if entry.is_dir():
                yield from _files(entry.path)
            elif entry.name.endswith(".py") and entry.is_file():
                yield entry


def _state() -> dict[str, tuple[int, int]]:
    about = ((entry.path, entry.stat()) for entry in _files())
    with suppress(OSError):  # one that has gone since
        return {path: (s.st_mtime_ns, s.st_size) for path, s in about}
    return {}


def _digest() -> bytes:
    """Of the sources; of their code where there are none, as in a zip or from .pyc."""
    key = hashlib.sha256()
    home = os.path.dirname(__file__)
    paths = sorted(entry.path for entry in _files())
    for path in paths:
        key.update(os.path.relpath(path, home).encode() + Path(path).read_bytes())
    if not paths:
        package = sys.modules[__package__ or ""]
        inside = pkgutil.walk_packages(package.__path__, f"{__package__}.")
        for module in sorted(inside, key=lambda module: module.name):
            spec: Any = module.module_finder.find_spec(module.name, None)
            code = spec.loader.get_code(module.name)
            key.update(module.name.encode() + marshal.dumps(code))
    return key.digest()


STATE = _state()  # before the digest: a change between the two is seen
SOURCES = _digest()


@cache
def folder() -> Path:
    """Where this version's kernels are, for this machine."""
    versions = (sys.version, numba.__version__, llvmlite.__version__)
    cpu = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    sizes = caches.L1, caches.L2
    settings = [(name, getattr(config, name, None)) for name in SETTINGS]
    width = os.environ.get("AUTOGRAD_CORE_SIMD", "")
    about = repr((versions, cpu, sizes, settings, width)).encode()
    found = ROOT / hashlib.sha256(SOURCES + about).hexdigest()[:16]
    with suppress(OSError):
        os.utime(found)  # it is in use: see `prune`
    return found


def unchanged() -> bool:
    """Whether the sources are those of the digest; if not, nobody knows what runs."""
    return _state() == STATE


class DiskCache:
    """What Numba asks for compiled code, for one kernel."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.name = f"{fn.__module__.partition('.')[2]}.{fn.__name__}"
        self.claims: dict[Any, ahead.Claim] = {}  # of what is being compiled

    @property
    def cache_path(self) -> str:
        return str(folder())

    def path(self, sig: Any) -> Path:
        """The file of one signature."""
        digest = hashlib.sha256(repr(sig).encode()).hexdigest()[:16]
        return folder() / f"{self.name}-{digest}.nbc"

    def load_overload(self, sig: Any, target: Any) -> CompileResult | None:
        """The compiled code; None has Numba compile, and call `save_overload`."""
        if not unchanged():
            notice.begin()
            return None
        found = self._read(sig, target)
        if found is None:
            notice.begin()
            if _is_first():
                ahead.start()
            claim = ahead.claim(self.path(sig))
            found = self._read(sig, target)  # whom we waited for may have written it
            if found is not None:
                notice.end()
                if claim is not None:
                    claim.drop()
            elif claim is not None:
                self.claims[sig] = claim
        return found

    def _read(self, sig: Any, target: Any) -> CompileResult | None:
        try:
            path = self.path(sig)
            data = _trusted(path)
            if checksum(path, data[32:]) != data[:32]:
                return None
            rtsys.initialize(target)  # not refresh(): what compiles loads the rest
            return CompileResult._rebuild(target, *serialize.loads(data[32:]))
        except BROKEN:
            return None

    def save_overload(self, sig: Any, result: CompileResult) -> None:
        """Keep what was compiled, unless nobody knows from which sources."""
        notice.end()
        claim = self.claims.pop(sig, None)
        try:
            if unchanged():
                payload, path = serialize.dumps(result._reduce()), self.path(sig)
                _write(path, checksum(path, payload) + payload)
        except OSError as error:
            _say(str(error))
        finally:
            if claim is not None:
                claim.drop()

    def enable(self) -> None:
        """Part of Numba's cache interface."""

    def disable(self) -> None:
        """Part of Numba's cache interface."""

    def flush(self) -> None:
        """Part of Numba's cache interface."""


def checksum(path: Path, payload: bytes) -> bytes:
    """Of a content under a name: files that were swapped are found out."""
    return hashlib.sha256(path.name.encode() + payload).digest()


def _is_first() -> bool:
    """Make this version's folder; whether nothing was ever compiled for it here."""
    try:
        ROOT.mkdir(0o755, parents=True, exist_ok=True)
        folder().mkdir(0o755)
    except OSError:  # it is there, or cannot be: whoever saves says so
        return False
    prune(ROOT, folder())
    return True


def _trusted(path: Path) -> bytes:
    """The content; OSError for a file that somebody else could have written."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe waits
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(f"{path} is no file")
        if hasattr(os, "geteuid") and (
            about.st_uid not in (0, os.geteuid())
            or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            _say(f"{path} may have been written by another user")
            raise PermissionError(path)
        return file.read()


def _write(path: Path, data: bytes) -> None:
    """All or nothing; readable by whom the umask lets, writable by this user only."""
    path.parent.mkdir(0o755, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def prune(where: Path, keep: Path, unused: float = UNUSED) -> None:
    """Remove folders of other versions in which nothing was written for long."""
    now = time.time()
    with suppress(OSError):
        for other in where.iterdir():
            if other == keep or not other.is_dir() or len(other.name) != 16:
                continue
            with suppress(OSError):
                files = [*other.iterdir()]
                if all(now - f.stat().st_mtime > unused for f in (other, *files)):
                    for file in files:
                        file.unlink()
                    other.rmdir()


@cache
def _said() -> list[str]:
    return []


def _say(why: str) -> None:
    """Warn once a process that kernels are compiled anew at each start."""
    if not _said():
        _said().append(why)
        warnings.warn(
            f"autograd_core compiles its kernels anew at each start: {why}. Set "
            "AUTOGRAD_CORE_CACHE to a folder that can be written to",
            RuntimeWarning,
            stacklevel=2,
        )
