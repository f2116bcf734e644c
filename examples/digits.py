"""The demo: a classifier of handwritten digits, from gradient check to checkpoint.

Ctrl-C ends it at any time, with exit code 130; what was trained so far is saved.
"""

from __future__ import annotations

import signal

# Until the demo listens to Ctrl-C itself, one ends it as the system does:
# KeyboardInterrupt would show a traceback, or get lost in a callback of LLVM.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is (
    signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import copy
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd_core import nn, optim, train
from autograd_core.gradcheck import GradcheckError, gradcheck
from autograd_core.hooks import Array
from autograd_core.random import manual_seed
from autograd_core.train.step import penalty

SIDE, CLASSES = 8, 10
HOLD_OUT, VALIDATION = 0.2, 0.1
CHECK_ROWS = 16
CAUSED = (FloatingPointError, GradcheckError, MemoryError, OSError, train.ResumeError)
INTERRUPTED = 130  # the shell's code for a program that SIGINT ended
COMPARED = """  (A first epoch also loads kernels, or compiles them once per machine.
  scikit-learn's network: the same widths, batches, epochs, rate and L2; no BatchNorm,
  Dropout, augmentation or schedule, which it does not have.)"""
NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib"}
NEEDED |= {"safetensors": "safetensors", "tqdm": "tqdm"}


class Digits(NamedTuple):
    """The scans standardised, and by what, in three parts."""

    standardizer: train.Standardizer
    training: tuple[Array, Array]
    validation: tuple[Array, Array]
    hold_out: tuple[Array, Array]


def load_digits(seed: int) -> Digits:
    """The scans in scikit-learn's wheel; the hold-out is looked at once, at the end."""
    from sklearn import datasets

    x, y = datasets.load_digits(return_X_y=True)
    rest, hold_out = train.split(y, HOLD_OUT, seed=seed)
    first, second = train.split(y[rest], VALIDATION, seed=seed)
    training, validation = rest[first], rest[second]
    standardizer = train.Standardizer(x[training], per_column=False)
    x = standardizer(x).astype(np.float32)
    parts = ((x[rows], y[rows]) for rows in (training, validation, hold_out))
    return Digits(standardizer, *parts)


def build(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Linear, BatchNorm, ReLU and Dropout for every width; then the logits."""
    layers: list[nn.Module] = []
    inputs = SIDE * SIDE
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU()]
        layers += [nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, CLASSES))


class Picture(train.Callback):
    """The learning curve, also of a run that was interrupted."""

    last = True

    def __init__(self, options: argparse.Namespace) -> None:
        self.path = options.output_dir / "learning-curve.png"
        widths = ", ".join(map(str, [SIDE * SIDE, *options.width, CLASSES]))
        self.title = f"Handwritten digits, widths {widths}"

    def end(self, run: train.Run) -> None:
        """Draw it."""
        if run.history.rows:
            train.learning_curve(run.history, self.path, self.title)


class CtrlC(train.Callback):
    """Ends the demo: while it trains after the step under way, else at once.

    It raises nothing: an exception may come where nobody catches it, as while numba
    compiles. Files are safe: whatever is written is written whole, in training.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint, self.started = checkpoint, time.time()
        self.run: train.Run | None = None

    def start(self, run: train.Run) -> None:
        """From now on a step is let finish."""
        self.run = run

    def close(self, run: train.Run) -> None:
        """All is saved."""
        self.run = None

    def __call__(self, number: int, frame: Any) -> None:
        """The signal's handler."""
        if self.run is not None:
            self.run.stop(train.INTERRUPTED)
            return
        # Not SIG_IGN: of a signal that has just come Python would say that it is lost.
        signal.signal(signal.SIGINT, lambda *_: None)
        with suppress(RuntimeError, OSError):  # the demo may be in the middle of a line
            self.report()
            sys.stdout.flush()
        os._exit(INTERRUPTED)

    def report(self) -> int:
        """Say what is saved; the exit code."""
        path = self.checkpoint
        if path.exists() and path.stat().st_mtime >= self.started:
            saved = f"saved so far: {path} (--resume goes on)"
        else:
            saved = "nothing was trained yet"
        print(f"\ninterrupted; {saved}", file=sys.stderr, flush=True)
        return INTERRUPTED

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the signal inside the block, unless somebody else does."""
        before = signal.getsignal(signal.SIGINT)
        free = before in (signal.SIG_DFL, signal.default_int_handler)
        if not free or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGINT, self)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def check_gradients(
    model: nn.Sequential, digits: Digits, options: argparse.Namespace
) -> None:
    """All that training differentiates, in float64 on a few rows.

    Along one random direction for each parameter, or number by number if asked to.
    """
    twin = copy.deepcopy(model).double()  # draws no random numbers
    x, y = (part[:CHECK_ROWS] for part in digits.training)
    x = x.astype(np.float64)

    loss = nn.CrossEntropyLoss(options.label_smoothing)

    def objective() -> Any:
        return loss(twin(x), y) + penalty(twin, l2=options.l2)

    print("checking gradients; the first run compiles their kernels ...", flush=True)
    start = time.perf_counter()
    report = gradcheck(objective, module=twin, per_component=options.check_all)
    seconds = time.perf_counter() - start
    # A bias before BatchNorm has no gradient, only rounding: no relative error either.
    clear = [row for row in report.rows if abs(row.analytic) > row.tolerance]
    worst = max(clear or report.rows, key=lambda row: row.relative)
    place = f" at {worst.position}" if options.check_all else ""
    print(
        f"{report}\nworst parameter: {worst.name}{place}, relative error "
        f"{worst.relative:.1e} ({seconds:.1f} s)\n"
    )


def checkpoint_path(options: argparse.Namespace) -> Path:
    """Where the run is kept."""
    path: Path = options.output_dir / "digits.safetensors"
    return path


def train_model(
    model: nn.Sequential,
    digits: Digits,
    options: argparse.Namespace,
    callbacks: Sequence[train.Callback] = (),
) -> train.History:
    """Adam on one cycle of the learning rate; saved every ten epochs, drawn at the end.

    Smoothed labels, small movements of the images and a rate that ends at nothing are
    what makes it good; each was chosen on parts of the training data.
    """
    jitter = train.Jitter(
        SIDE, SIDE, shift=0.4, rotate=8, zoom=0.05, fill=digits.standardizer(0).item()
    )
    batches = train.Batches(
        *digits.training, options.batch_size, seed=options.seed, augment=jitter
    )
    opt = optim.Adam(model.parameters(), lr=options.lr)
    cycle = optim.OneCycleLR(opt, options.lr, options.epochs * batches.steps)
    path = checkpoint_path(options)
    extra = {"standardizer": digits.standardizer.state_dict(), "width": options.width}
    return train.fit(
        model,
        opt,
        nn.CrossEntropyLoss(options.label_smoothing),
        batches,
        digits.validation,
        epochs=options.epochs,
        metrics={"accuracy": train.accuracy},
        l2=options.l2,
        callbacks=[
            *callbacks,
            train.Schedule(cycle),
            train.Checkpoint(path, 10, extra),
            Picture(options),
        ],
        compiled=True,
        progress=True,
        resume=path if options.resume else None,
    )


def judge(model: nn.Sequential, digits: Digits) -> float:
    """Accuracy on the hold-out, and what was confused there."""
    x, y = digits.hold_out
    predicted = train.predict(model, x).argmax(1)
    right = int((predicted == y).sum())
    print(f"\nhold-out accuracy {right / len(y):.2%}: {right} of {len(y)} digits")
    worst = train.worst_confusions(train.confusion_matrix(y, predicted, CLASSES))
    for label, other, times in worst:
        print(f"  {label} taken for {other}: {times} time{'s' * (times > 1)}")
    return right / len(y)


def train_other(digits: Digits, options: argparse.Namespace) -> tuple[float, float]:
    """(seconds, hold-out accuracy) of scikit-learn's network of the same widths.

    With one BLAS thread: on matrices of this size two make it slower.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    other = MLPClassifier(
        options.width,
        alpha=options.l2,
        batch_size=min(options.batch_size, len(digits.training[0])),
        learning_rate_init=options.lr,
        max_iter=options.epochs,
        n_iter_no_change=options.epochs,
        random_state=options.seed,
    )
    start = time.perf_counter()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are wanted
        other.fit(*digits.training)
    seconds = time.perf_counter() - start
    return seconds, float(other.score(*digits.hold_out))


def demo(options: argparse.Namespace, ctrl_c: CtrlC) -> int:
    """All of it; the exit code."""
    digits = load_digits(options.seed)
    sizes = [len(y) for _, y in digits[1:]]
    print("{} digits to train on, {} to validate, {} held out\n".format(*sizes))
    manual_seed(options.seed)
    model = build(options.width, options.dropout)
    print(f"{model}\n")
    check_gradients(model, digits, options)
    history = train_model(model, digits, options, [ctrl_c])
    if history.interrupted:
        return ctrl_c.report()
    ours = history["seconds"][0], history["seconds"][-1], judge(model, digits)
    theirs = train_other(digits, options)
    print(f"\n{options.epochs:5} epochs      seconds  first epoch  hold-out")
    print("  autograd_core  {1:9.2f}  {0:11.2f}  {2:8.2%}".format(*ours))
    print("  MLPClassifier  {:9.2f}  {:>11}  {:8.2%}".format(theirs[0], "", theirs[1]))
    print(COMPARED)
    print(f"\nlearning curve: {Picture(options).path}")
    print(f"checkpoint:     {checkpoint_path(options)}")
    return 0


def between(
    kind: Callable[[str], Any], low: float, high: float, what: str
) -> Callable[[str], Any]:
    """A type for argparse: numbers with low <= number < high."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value < high:
            raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}")
        return value

    return convert


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; ends the program with a message if they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python examples/digits.py",
        description="Train a classifier on the 1,797 handwritten digits that ship with "
        "scikit-learn. Ctrl-C ends it with what was trained so far saved.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    whole = between(int, 1, 1 << 31, "a whole number > 0")
    rows = between(int, 2, 1 << 31, "a whole number > 1, as BatchNorm needs two rows")
    seed = between(int, 0, 1 << 32, "a whole number from 0 to 2**32 - 1")
    rate = between(float, sys.float_info.min, float("inf"), "a number > 0")
    decay = between(float, 0, 1e30, "a number >= 0 and < 1e30")
    drop = between(float, 0, 1, "a probability in [0, 1)")
    add = parser.add_argument
    # fmt: off
    add("--epochs", type=whole, default=100, metavar="N", help="passes over the data")
    add("--width", type=whole, nargs="+", default=[512], metavar="N",
        help="units of each hidden layer")
    add("--batch-size", type=rows, default=64, metavar="N", help="rows of a batch")
    add("--lr", type=rate, default=0.005, metavar="X", help="peak learning rate")
    add("--l2", type=decay, default=1e-4, metavar="X", help="L2 penalty on weights")
    add("--dropout", type=drop, default=0.2, metavar="P", help="units to drop")
    add("--label-smoothing", type=drop, default=0.1, metavar="P",
        help="of each label, spread over all classes")
    add("--seed", type=seed, default=0, metavar="N", help="of split, weights and masks")
    add("--output-dir", type=Path, default=Path("demo-output"), metavar="DIR",
        help="for picture and checkpoint")
    add("--check-all", action="store_true",
        help="check the gradient number by number")
    add("--resume", action="store_true", help="go on from the checkpoint there")
    # fmt: on
    return parser.parse_args(arguments)


def missing() -> str:
    """How to install what is not installed, if anything."""
    absent = [name for module, name in NEEDED.items() if not find_spec(module)]
    if not absent:
        return ""
    return f"the demo needs {', '.join(absent)}: pip install 'autograd-core[demo]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0, 1 after an error, 2 for bad options, 130 after Ctrl-C.

    What options and files can cause is one line; anything else is a bug and has its
    traceback.
    """
    options = parse(arguments)
    problem = missing()
    ctrl_c = CtrlC(checkpoint_path(options))
    try:
        if not problem:
            options.output_dir.mkdir(parents=True, exist_ok=True)
            with ctrl_c.listening():
                return demo(options, ctrl_c)
    except CAUSED as error:
        problem = str(error)
    print(f"autograd_core: {problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
