"""`MLPClassifier` beside scikit-learn's: whole fits of the digits, in turns.

    python asv_bench/peers/sklearn_fit.py [--epochs 100] [--turns 6] [--threads 1]

Prints the least seconds of each, their ratio and the hold-out accuracies. Beside other
work only ``--threads 1`` says something: then it is CPU time, of one thread each.
"""

import argparse
import time
import warnings

from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as Theirs
from threadpoolctl import threadpool_limits

import autograd_core as ag
from autograd_core.estimators import MLPClassifier as Ours

TRAINING = 1400


def timed(kind, dtype, epochs, clock):
    """(seconds of a fit, accuracy on the rows held out)."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(dtype)
    model = kind(max_iter=epochs, random_state=0, tol=0, n_iter_no_change=epochs)
    start = clock()
    model.fit(x[:TRAINING], y[:TRAINING])
    seconds = clock() - start
    time.sleep(0.05)  # threads of a BLAS spin on for a while
    return seconds, model.score(x[TRAINING:], y[TRAINING:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    clock = time.perf_counter
    if options.threads is not None:
        threadpool_limits(options.threads)
        ag.set_num_threads(options.threads)
        clock = time.process_time if options.threads == 1 else clock
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("dtype      ours  scikit-learn  ratio  accuracies")
    for dtype in ("float32", "float64"):
        turns = [
            [timed(kind, dtype, options.epochs, clock) for kind in (Ours, Theirs)]
            for _ in range(options.turns)
        ]
        (ours, right), (theirs, other) = map(min, zip(*turns, strict=True))
        ratio = theirs / ours
        print(
            f"{dtype} {ours:7.3f} {theirs:13.3f} {ratio:6.2f}  {right:.4f} {other:.4f}"
        )


if __name__ == "__main__":
    main()
