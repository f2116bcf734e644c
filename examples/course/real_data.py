"""The data of the course's scripts, and where their pictures go."""

import argparse

import numpy as np
from sklearn import datasets

from autograd_core import train


def parts(x, y, rows=None, raw=False):
    """(x, y) to train on, ``rows`` of them at most, and (x, y) held out, a third."""
    labels = y if y.dtype.kind == "i" else np.zeros(len(y), int)
    rest, held = train.split(labels, 1 / 3)
    rest = np.random.default_rng(0).permutation(rest)[:rows]
    if not raw:
        x = train.Standardizer(x[rest])(x)
    return (x[rest], y[rest]), (x[held], y[held])


def digits(rows=None):
    """1,797 images of 8 x 8 pixels in [0, 1], labels 0 ... 9."""
    x, y = datasets.load_digits(return_X_y=True)
    return parts((x / 16).astype("float32"), y, rows, raw=True)


def cancer(rows=None, raw=False):
    """30 measurements of 569 tumours; label 1 is malignant, 37 % of them."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return parts(x.astype("float32"), 1 - y, rows, raw)


def diabetes(rows=None):
    """10 measurements of 442 patients; their disease a year later, (rows, 1)."""
    x, y = datasets.load_diabetes(return_X_y=True)
    y = ((y - y.mean()) / y.std()).astype("float32")[:, None]
    return parts(x.astype("float32"), y, rows)


def beale(p):
    """Flat but for steep walls; its minimum is at (3, 0.5)."""
    terms = zip((1.5, 2.25, 2.625), (1, 2, 3), strict=True)
    return sum((target - p[0] * (1 - p[1] ** power)) ** 2 for target, power in terms)


def rosenbrock(p):
    """A bent ravine; its minimum is at (1, 1)."""
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


SURFACES = {  # not real: what the optimizers race over, and where from
    "saddle": (lambda p: p[0] ** 2 - p[1] ** 2 + p[1] ** 4 / 4, (1.0, 1e-3)),
    "plateau (Beale)": (beale, (1.0, 1.5)),
    "ravine (Rosenbrock)": (rosenbrock, (-1.2, 1.0)),
}


def save(figure):
    """Into the file of ``--plot FILE``, if there is one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plot", help="a file for the picture")
    plot = parser.parse_args().plot
    if plot:
        figure.savefig(plot, dpi=80)


def told(name, history, metric):
    """Print a metric at the end, in training and held out, and return both."""
    both = {"train": history.last(metric), "hold-out": history.last(f"valid_{metric}")}
    print(f"{name}:", ", ".join(f"{part} {metric} {v:.3f}" for part, v in both.items()))
    return both
