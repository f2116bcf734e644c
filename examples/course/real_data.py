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


def picture():
    """The file of ``--plot FILE``, if there is one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plot", help="a file for the picture")
    return parser.parse_args().plot
