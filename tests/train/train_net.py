"""The small network, its data and its `fit`, that tests of training share."""

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim, train

F = nn.functional


def blobs(rows=96, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    x = np.eye(classes, 4)[y] * 2 + 0.5 * rng.standard_normal((rows, 4))
    return x.astype("f4"), y


def make(seed=0, lr=1e-2, outputs=3):
    ag.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, outputs))
    return model, optim.Adam(model.parameters(), lr=lr)


def fit(parts=None, data=None, valid=None, loss=F.cross_entropy, epochs=3, **options):
    parts = make() if parts is None else parts
    data = blobs() if data is None else data
    return train.fit(*parts, loss, data, valid, epochs=epochs, **options)


def bits(model):
    return {name: value.tobytes() for name, value in model.state_dict().items()}


class Hook(train.Callback):
    """Calls a function after every epoch."""

    def __init__(self, function):
        self.function = function

    def epoch(self, run):
        self.function(run)
