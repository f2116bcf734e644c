"""Checkpoints on the disk: killed and several writers, full disks, the file before."""

import fcntl
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import train_net

from autograd_core import nn, optim
from autograd_core.train import (
    Callback,
    Checkpoint,
    CheckpointError,
    EarlyStopping,
    ResumeError,
    files,
    fit,
    load,
    save,
)
from autograd_core.train.checkpoint import load_newest

BIG = 1 << 18  # numbers

WRITER = """
import sys
import numpy as np
from autograd_core.train import save
for i in range({count}):
    save(sys.argv[1], {{"x": np.full({size}, i + {first}), "i": i + {first}}})
    print(i, flush=True)
"""


def writer(path, count, size=BIG, first=0):
    """Another process that saves over and over."""
    code = WRITER.format(count=count, size=size, first=first)
    return subprocess.Popen(
        [sys.executable, "-c", code, os.fspath(path)], stdout=subprocess.PIPE
    )


def is_whole(path):
    tree = load(path)
    return tree["x"].shape == (BIG,) and (tree["x"] == tree["i"]).all()


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_what_killed_saves_leave_is_removed_by_the_next(tmp_path):
    path = tmp_path / "run"
    kills = 0
    while kills < 3 or len(names(tmp_path)) < 2:
        with writer(path, 10_000) as process:
            process.stdout.readline()
            time.sleep(np.random.default_rng(kills).uniform(0, 0.05))
            process.kill()
        kills += 1
        assert kills < 100
        assert is_whole(path)
    save(path, {"x": np.zeros(1)})
    assert names(tmp_path) == ["run"]


STARTER = """
import os, signal, sys
import train_net
from autograd_core import train
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
train_net.fit(callbacks=[train.Checkpoint(sys.argv[1])])
"""


def test_a_run_killed_while_it_checks_leaves_what_the_next_one_removes(tmp_path):
    path = tmp_path / "run"
    call = [sys.executable, "-c", STARTER, path]
    folders = [os.path.dirname(__file__), *sys.path]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    assert subprocess.call(call, env=environment) == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    train_net.fit(callbacks=[Checkpoint(path)], epochs=1)
    assert names(tmp_path) == ["run"]
    train_net.fit(callbacks=[Checkpoint(path)], epochs=1)
    assert names(tmp_path) == ["run", "run.previous"]


def test_the_part_of_a_living_writer_stays(tmp_path):
    path = tmp_path / "run"
    part = tmp_path / ".run.0123abcd.part"
    others = tmp_path / ".other.0123abcd.part", tmp_path / ".run.part"
    for other in others:
        other.touch()
    with open(part, "xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        save(path, {})
        assert part.exists()
    save(path, {})
    assert not part.exists()
    assert all(other.exists() for other in others)


def test_a_part_that_was_swept_too_early_is_made_again(tmp_path, monkeypatch):
    """Another writer may come between the making of the file and its lock."""
    lock, swept = files._lock, []

    def late(file, wait):
        if not swept:
            swept.append(file.name)
            os.unlink(file.name)
        return lock(file, wait)

    monkeypatch.setattr(files, "_lock", late)
    save(tmp_path / "run", {"a": 1})
    assert swept
    assert load(tmp_path / "run") == {"a": 1}
    assert names(tmp_path) == ["run"]


def test_without_locks_it_saves_and_removes_nothing(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    part = tmp_path / ".run.0123abcd.part"
    part.touch()
    save(tmp_path / "run", {"a": 1})
    assert names(tmp_path) == [part.name, "run"]


def test_two_writers_of_one_file_leave_it_whole(tmp_path):
    path = tmp_path / "run"
    with writer(path, 15) as one, writer(path, 15, first=1000) as other:
        seen = set()
        while one.poll() is None or other.poll() is None:
            if path.exists():
                assert is_whole(path)
                seen.add(load(path)["i"] >= 1000)
    assert one.returncode == other.returncode == 0
    assert names(tmp_path) == ["run"]
    assert is_whole(path)


def test_two_writers_that_keep_leave_two_whole_files(tmp_path):
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "run"
    both = [context.Process(target=keep_saving, args=(path, n)) for n in (0, 100)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert names(tmp_path) == ["run", "run.previous"]
    assert all(is_whole(tmp_path / name) for name in names(tmp_path))


def keep_saving(path, first):
    for i in range(first, first + 15):
        save(path, {"x": np.full(BIG, i), "i": i}, keep=True)


# Disks that are full, folders that are read-only -----------------------------------


@contextmanager
def files_of_at_most(size):
    """Writing fails in the middle of a file, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("keep", [False, True])
def test_a_disk_that_is_full_in_the_middle_of_a_file(keep, tmp_path):
    path = tmp_path / "run"
    save(path, {"a": 1}, keep=keep)
    with (
        files_of_at_most(100_000),
        pytest.raises(CheckpointError, match=r"run: .*too large.*before is unchanged"),
    ):
        save(path, {"x": np.zeros(BIG)}, keep=keep)
    assert load(path) == {"a": 1}
    assert names(tmp_path) == ["run"]


class Grow(Callback):
    """The checkpoint no longer fits on the disk after the second epoch."""

    def __init__(self, checkpoint):
        self.checkpoint = checkpoint

    def epoch(self, run):
        if run.epoch == 2:
            self.checkpoint.extra["x"] = np.zeros(BIG)


def test_a_full_disk_while_training_loses_neither_history_nor_file(tmp_path):
    model, opt = small()
    checkpoint = Checkpoint(tmp_path / "run")
    with files_of_at_most(100_000), pytest.raises(CheckpointError) as caught:
        run(model, opt, 3, [Grow(checkpoint), checkpoint])
    assert len(caught.value.history.rows) == 2
    assert load(tmp_path / "run")["step"] == 2
    assert names(tmp_path) == ["run"]
    again, opt = small(5)
    run(again, opt, 2, [Checkpoint(tmp_path / "run")], resume=tmp_path / "run")
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent/run", "there is no folder .*absent"),
        ("file/run", "Not a directory"),
        ("folder", "Is a directory"),
        ("x" * 300, "name too long"),
    ],
)
def test_places_that_cannot_be_written_to(name, message, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(CheckpointError, match=message):
        save(tmp_path / name, {"a": 1})
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match="Permission denied"):
        save(tmp_path / "run", {"a": 1})


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "run"
    link.symlink_to(tmp_path / "far" / "run")
    for i in range(2):
        save(link, {"i": i}, keep=True)
    assert link.is_symlink()
    assert names(tmp_path / "far") == ["run", "run.previous"]
    (tmp_path / "far" / "run").write_bytes(b"")
    with pytest.warns(UserWarning, match="truncated"):
        assert load_newest(link) == {"i": 0}


# The file before -------------------------------------------------------------------


def small(seed=0):
    layer = nn.Linear(2, 2)
    layer.load_state_dict({"weight": np.eye(2) + seed, "bias": np.zeros(2)})
    return layer, optim.SGD(layer.parameters(), 0.1)


def run(model, opt, epochs, callbacks=(), **options):
    rng = np.random.default_rng(0)
    data = rng.standard_normal((10, 2)), rng.integers(0, 2, 10)
    loss = nn.functional.cross_entropy
    return fit(
        model, opt, loss, data, epochs=epochs, batch_size=5, callbacks=callbacks,
        **options,
    )  # fmt: skip


def damaged(path):
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize("damage", [damaged, os.unlink, lambda p: p.write_bytes(b"")])
def test_a_damaged_file_is_resumed_from_the_one_before(damage, tmp_path):
    path = tmp_path / "run"
    whole, opt = small()
    history = run(whole, opt, 3, [Checkpoint(path)])
    damage(path)
    model, opt = small(5)
    with pytest.warns(
        UserWarning, match=r"run: |No such file.*run\.previous.* is used"
    ):
        again = run(model, opt, 3, [Checkpoint(path)], resume=path)
    assert again["loss"] == history["loss"]
    for name, value in whole.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], value)
    assert load(path)["step"] == 6


def test_nothing_whole_is_said_with_the_first_reason(tmp_path):
    path = tmp_path / "run"
    model, opt = small()
    run(model, opt, 2, [Checkpoint(path)])
    damaged(path)
    damaged(tmp_path / "run.previous")
    with pytest.raises(CheckpointError, match=r"run: truncated: .* bytes of .*"):
        run(model, opt, 2, resume=path)
    with pytest.raises(FileNotFoundError):
        run(model, opt, 2, resume=tmp_path / "absent")


def test_the_one_before_is_not_taken_for_a_file_of_another_run(tmp_path):
    path = tmp_path / "run"
    model, opt = small()
    run(model, opt, 2, [Checkpoint(path)])
    with pytest.raises(ResumeError, match="callbacks"):
        run(model, opt, 2, [EarlyStopping("loss")], resume=path)


@pytest.mark.parametrize("moment", range(5))
def test_a_damaged_file_never_costs_the_whole_one_before(moment, tmp_path, monkeypatch):
    """Killed at any moment of a save, one of the two is whole."""
    path, before = tmp_path / "run", tmp_path / "run.previous"
    for i in (1, 2):
        save(path, {"i": i}, keep=True)
    damaged(path)
    calls = []

    def dying(act):
        def call(*args, **options):
            calls.append(act)
            if len(calls) > moment:
                raise Killed
            return act(*args, **options)

        return call

    with monkeypatch.context() as patch:
        for name in ("link", "replace", "unlink"):
            patch.setattr(os, name, dying(getattr(os, name)))
        with suppress(Killed):
            save(path, {"i": 3}, keep=True)
    try:
        found = load(path)
    except CheckpointError:
        found = load(before)
    assert found["i"] in (1, 3)
    save(path, {"i": 4}, keep=True)
    assert names(tmp_path) == ["run", "run.previous"]


class Killed(BaseException):
    """Stands for a SIGKILL at one of the calls."""


def test_where_there_are_no_hard_links_the_new_file_is_what_counts(
    tmp_path, monkeypatch
):
    def refuse(*_, **__):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    for i in range(2):
        save(tmp_path / "run", {"i": i}, keep=True)
    assert load(tmp_path / "run") == {"i": 1}
    assert names(tmp_path) == ["run"]
