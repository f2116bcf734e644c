"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, data: bytes, keep: bool = False) -> None:
    """Put ``data`` at ``path``, all of it or nothing; raises OSError.

    ``path`` is replaced only once all of it is on the disk: a crash, a full disk or a
    pulled plug leaves the old file, and of two writers one comes last. Where ``path``
    is a link, its target is replaced. What killed writers left behind is removed.

    With ``keep`` the old file becomes `previous`, without being copied; it is lost on
    file systems that have no hard links.
    """
    path = Path(os.path.realpath(path))
    with _written_beside(path, data) as part:
        if keep:
            _replace_and_keep(part, path)
        else:
            os.replace(part, path)
    with suppress(OSError):  # not every system can; then the name follows later
        _sync_folder(path.parent)


def rehearse(path: Path, data: bytes) -> None:
    """All of `replace` but the last step: OSError if it could not be done."""
    with _written_beside(Path(os.path.realpath(path)), data):
        pass


def check_replaceable(path: Path) -> None:
    """OSError if something other than a file is there: "/dev/null" must stay that."""
    path = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file but a device, pipe or socket")


def previous(path: Path) -> Path:
    """Where `replace` keeps the file that was at ``path`` before."""
    path = Path(os.path.realpath(path))
    return path.with_name(f"{path.name}.previous")


def _replace_and_keep(part: Path, path: Path) -> None:
    """The new file is there before the one of two saves ago is given up."""
    old = _beside(path)
    try:
        with suppress(OSError):
            os.link(path, old)
        os.replace(part, path)
        with suppress(OSError):  # no links, or nothing was there
            os.replace(old, previous(path))
    finally:
        old.unlink(missing_ok=True)


@contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[Path]:
    """A part with ``data``, on the disk, which goes away unless it is renamed."""
    check_replaceable(path)
    if not path.parent.exists():
        text = f"there is no folder {path.parent}; os.makedirs makes it"
        home = ", and Path(path).expanduser() a path without ~" * ("~" in path.parts)
        raise FileNotFoundError(errno.ENOENT, text + home)
    _sweep(path)
    part, file = _new_part(path)
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            yield part
    finally:
        part.unlink(missing_ok=True)


# A part is locked as long as its writer lives. The number of the process would not do:
# it is used again, and says nothing to another container or machine.


def _new_part(path: Path) -> tuple[Path, BinaryIO]:
    """An empty file beside ``path``, open and locked."""
    while True:
        part = _beside(path)
        file = open(part, "xb")  # noqa: SIM115 - the caller closes it
        _lock(file, wait=True)
        if os.fstat(file.fileno()).st_nlink:
            return part, file
        file.close()  # another writer swept it before it was locked


def _sweep(path: Path) -> None:
    """Remove the parts of writers that are gone."""
    with suppress(OSError):
        for part in filter(_part_of(path).fullmatch, os.listdir(path.parent)):
            with suppress(OSError), open(path.with_name(part), "rb") as file:
                if _lock(file, wait=False):
                    os.unlink(file.name)


def _lock(file: BinaryIO, wait: bool) -> bool:
    """Whether the lock could be had; not every file system has locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _beside(path: Path) -> Path:
    """A new hidden name in the same folder."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _part_of(path: Path) -> re.Pattern[str]:
    """What `_beside` makes of ``path``."""
    return re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part")


def _sync_folder(folder: Path) -> None:
    """Have the new name reach the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
