"""The demo from outside: what it prints and leaves, and every way to end it early."""

import errno
import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from autograd_core import train
from autograd_core.random import default_generator, manual_seed

SCRIPT = Path(__file__).parents[2] / "examples" / "digits.py"
SPEC = importlib.util.spec_from_file_location("digits", SCRIPT)
demo = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = demo  # dataclasses and pickle look there
SPEC.loader.exec_module(demo)
SMALL = ["--width", "16", "12"]


@pytest.fixture
def start(tmp_path):
    """Runs the demo as a process that no test outlives or waits for in vain."""
    timers = []

    def run(*options, python=("-u",)):
        options = (*options, "--output-dir", "new/out")  # does not exist yet
        process = subprocess.Popen(
            [sys.executable, *python, str(SCRIPT), *SMALL, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        timers.append(threading.Timer(200, process.kill))
        timers[-1].start()
        return process

    yield run
    for timer in timers:
        timer.cancel()
        timer.function()


def ended(process):
    """(exit code, standard output, standard error) as text."""
    out, err = process.communicate()
    return process.returncode, out.decode(), err.decode()


def wait_for(stream, pattern):
    """Read until it has come."""
    seen = b""
    while not re.search(pattern, seen.decode(errors="replace")):
        more = os.read(stream.fileno(), 1 << 16)
        assert more, seen.decode()
        seen += more


def test_two_epochs_leave_a_picture_and_a_checkpoint(start, tmp_path):
    code, out, err = ended(start("--epochs", "2", "--seed", "3"))
    assert code == 0, err
    folder = tmp_path / "new" / "out"
    assert (folder / "learning-curve.png").read_bytes()[:4] == b"\x89PNG"
    for pattern in (
        r"1294 digits to train on, 144 to validate, 359 held out",
        r"BatchNorm1d\(16\)",
        r"gradcheck passed",
        r"worst parameter: \d\.(weight|bias), relative error \d\.\de-\d\d",
        r"\d+ of 359 digits",
        r"\d taken for \d: \d+ times",
        r"autograd_core +\d+\.\d\d +\d+\.\d\d +\d\d\.\d\d%",
        r"MLPClassifier +\d+\.\d\d +\d\d\.\d\d%",
        r"new/out/learning-curve\.png",
        r"new/out/digits\.safetensors",
    ):
        assert re.search(pattern, out), (pattern, out)
    assert re.search(r"epoch 2/2: loss \d\.\d+, .*accuracy \d.* steps/s, 0 s", err)
    # The checkpoint is the model that was judged.
    digits = demo.load_digits(3)
    model = demo.build([16, 12], 0.2)
    tree = train.load(folder / "digits.safetensors")
    model.load_state_dict(tree["model"])
    assert f"hold-out accuracy {demo.judge(model, digits):.2%}" in out
    scale = tree["extra"]["standardizer"]
    assert {n: float(a) for n, a in scale.items()} == {
        n: float(a) for n, a in digits.standardizer.state_dict().items()
    }


def test_a_check_of_every_number_names_the_worst_position(start):
    code, out, err = ended(start("--epochs", "1", "--width", "2", "--check-all"))
    assert code == 0, err
    pattern = r"worst parameter: (\S+) at (\(.*\)), relative error \d\.\de-\d\d"
    name, position = re.search(pattern, out).groups()
    row = next(line for line in out.splitlines() if line.startswith(name))
    assert position in row
    assert re.search(r"^0\.weight +\(2, 64\) +\(\d+, \d+\)", out, re.M)


def test_the_check_leaves_the_run_as_it_was():
    options = demo.parse(SMALL)
    manual_seed(4)
    model = demo.build(options.width, options.dropout)
    before = model.state_dict(), default_generator.get_state().copy()
    demo.check_gradients(model, demo.load_digits(4), options)
    np.testing.assert_equal((model.state_dict(), default_generator.get_state()), before)


def test_a_wrong_gradient_ends_it(tmp_path, monkeypatch, capsys):
    def doubled(model, l1=0.0, l2=0.0):
        detached = [w.detach() * w for w in model.parameters() if w.ndim > 1]
        return l2 * sum((product.sum() for product in detached), 0.0)

    options = ["--output-dir", str(tmp_path), *SMALL, "--l2", "0.1"]
    monkeypatch.setattr(demo, "penalty", doubled)
    assert demo.main(options) == 1
    err = capsys.readouterr().err
    assert re.search(r"gradcheck FAILED; worst: \d\.weight", err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(5))
def test_hold_out_accuracy(seed, tmp_path):
    options = demo.parse(["--seed", str(seed), "--output-dir", str(tmp_path)])
    digits = demo.load_digits(seed)
    manual_seed(seed)
    model = demo.build(options.width, options.dropout)
    history = demo.train_model(model, digits, options)
    assert len(history.rows) == options.epochs
    assert demo.judge(model, digits) >= (0.975 if seed == 0 else 0.965)


def test_the_three_parts_share_no_digit_and_keep_the_classes():
    digits = demo.load_digits(0)
    rows = np.concatenate([x for x, _ in digits[1:]])
    assert len(np.unique(rows, axis=0)) == len(rows) == 1797
    for _, y in digits[1:]:
        share = np.bincount(y, minlength=10) / len(y)
        assert np.abs(share - 0.1).max() < 0.015


# Ctrl-C ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("held out", "nothing was trained yet"),
        (r"epoch \d\d+/", "saved so far: "),
    ],
)
def test_ctrl_c(when, message, start, tmp_path):
    process = start("--epochs", "100000")
    wait_for(process.stderr if "/" in when else process.stdout, when)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130
    assert message in err
    assert "Traceback" not in err
    path = tmp_path / "new" / "out" / "digits.safetensors"
    assert path.exists() == ("saved" in message)
    if path.exists():
        step = train.load(path)["step"]
        assert step >= 9 * 21
        process = start("--epochs", "100000", "--resume")
        wait_for(process.stderr, r"epoch \d+/")
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
        assert train.load(path)["step"] > step


def test_ctrl_c_after_training_keeps_the_checkpoint(start, tmp_path):
    process = start("--epochs", "1")
    wait_for(process.stdout, "hold-out accuracy")
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    if code == 130:  # else it was already done
        assert "saved so far: " in err
    assert code in (0, 130)
    assert train.load(tmp_path / "new" / "out" / "digits.safetensors")["step"] == 21


MOMENTS = [  # in the order in which they come
    ("stderr", r"\| +numba\.core\.types\n"),  # has been imported
    ("stderr", r"\| +autograd_core\.train\.trainer\n"),
    ("stdout", "held out"),
    ("stdout", "worst parameter"),
    ("stderr", "steps/s"),
    ("stdout", "hold-out accuracy"),
    ("stdout", "learning curve"),
]


@pytest.mark.parametrize(("stream", "moment"), MOMENTS)
def test_ctrl_c_twice_at_any_moment(stream, moment, start, tmp_path):
    watched = ("-X", "importtime") if r"\|" in moment else ()
    process = start("--epochs", "60", python=("-u", *watched))
    wait_for(getattr(process, stream), moment)
    process.send_signal(signal.SIGINT)
    threading.Event().wait(0.02)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    for text in (out, err):
        assert "Traceback" not in text
        assert "Exception ignored" not in text
    # By the signal itself before the demo listens, and when all is done.
    assert code in (130, -signal.SIGINT, *[0] * (moment == "learning curve"))
    files = list(tmp_path.glob("new/out/*"))
    whole = {"digits.safetensors", "digits.safetensors.previous"}
    assert {file.name for file in files} <= {*whole, "learning-curve.png"}
    for file in files:
        if file.suffix == ".png":
            assert file.read_bytes()[-8:-4] == b"IEND"
        else:
            assert train.load(file)["step"] > 0
    if moment in ("steps/s", "hold-out accuracy"):
        assert tmp_path / "new" / "out" / "digits.safetensors" in files


# Refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--epochs 0", "--epochs: expected a whole number > 0, got '0'"),
        ("--epochs many", "--epochs: expected a whole number > 0, got 'many'"),
        ("--width", "--width: expected at least one argument"),
        ("--width 8 -1", "-1"),
        ("--batch-size 1", "expected a whole number > 1, as BatchNorm needs two rows"),
        ("--lr 0", "--lr: expected a number > 0, got '0'"),
        ("--lr nan", "--lr: expected a number > 0, got 'nan'"),
        ("--l2 1e30", "--l2: expected a number >= 0 and < 1e30, got '1e30'"),
        ("--dropout 1", "--dropout: expected a probability in [0, 1), got '1'"),
        ("--seed -1", "--seed: expected a whole number from 0 to 2**32 - 1"),
        ("--speed 3", "unrecognized arguments: --speed 3"),
    ],
)
def test_bad_options_are_named(options, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        demo.main(options.split())
    assert message in capsys.readouterr().err


def test_help_names_every_option_and_its_default(capsys):
    with pytest.raises(SystemExit, match="0"):
        demo.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    defaults = vars(demo.parse([]))
    for name, default in defaults.items():
        assert "--" + name.replace("_", "-") in text
        assert f"(default: {default})" in text
    assert "Ctrl-C" in text


@pytest.mark.parametrize("module", ["sklearn", "matplotlib", "safetensors", "tqdm"])
def test_a_missing_extra_is_one_line_with_the_remedy(module, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, module, None)
    assert demo.main([]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert demo.NEEDED[module] in line
    assert "pip install 'autograd-core[demo]'" in line


def quick(monkeypatch, folder, *options):
    """The demo in this process, without its gradient check."""
    monkeypatch.setattr(demo, "check_gradients", lambda *_: None)
    return demo.main(["--epochs", "1", *SMALL, "--output-dir", str(folder), *options])


def test_an_output_folder_that_cannot_be(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    assert quick(monkeypatch, tmp_path / "file" / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "file") in line


def test_a_full_disk(tmp_path, monkeypatch, capsys):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert quick(monkeypatch, tmp_path) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.search(r"digits\.safetensors.*No space left", last)
    assert list(tmp_path.iterdir()) == []


def test_resuming_what_is_not_there_damaged_or_another_network(
    tmp_path, monkeypatch, capsys
):
    def refused(*options):
        assert quick(monkeypatch, tmp_path, "--resume", *options) == 1
        return capsys.readouterr().err

    path = tmp_path / "digits.safetensors"
    assert "No such file or directory" in refused()
    assert quick(monkeypatch, tmp_path) == 0
    capsys.readouterr()
    assert "0.weight: expected (9, 64), got (16, 64)" in refused("--width", "9")
    assert "batch_size=64, this one has 32" in refused("--batch-size", "32")
    path.write_bytes(path.read_bytes()[:-5])
    assert "truncated" in refused()


def test_a_bug_keeps_its_traceback(tmp_path, monkeypatch):
    def buggy(*_):
        raise ValueError("a bug")

    monkeypatch.setattr(demo, "judge", buggy)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="a bug"):
        quick(monkeypatch, tmp_path)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_learning_rate_that_diverges_is_one_line(tmp_path, monkeypatch, capsys):
    assert quick(monkeypatch, tmp_path, "--lr", "1e38", "--l2", "1e3") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("autograd_core: ")
