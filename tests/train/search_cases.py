"""What the tests of train.search share: a space, a score, an interrupt."""

import itertools
import math
import signal
import time

from autograd_core import train

SPACE = {
    "lr": train.Log(1e-4, 1),
    "beta": train.OneMinus(1e-3, 0.5),
    "width": train.Whole(8, 128, log=True),
    "depth": train.Whole(1, 4),
    "p": train.Uniform(0, 0.5),
    "act": train.Choice("relu", "tanh"),
}


def bowl(lr, beta, width, depth, p, act):
    """Best at lr = 0.03; the rest hardly matters; large rates diverge."""
    if lr > 0.5:
        raise FloatingPointError("the loss is not finite")
    return math.log10(lr / 0.03) ** 2 + 1e-3 * width / 128 + 1e-3 * (act == "relu")


def told(trials):
    """What must be the same again: all but the seconds."""
    return [
        (t.number, t.round, t.params, repr(t.score), t.values, t.error) for t in trials
    ]


def press_at(trial, swallow=False):
    """A score function during whose call of that number Ctrl-C is pressed."""
    calls = itertools.count()

    def score(x):
        if next(calls) == trial:
            try:
                signal.raise_signal(signal.SIGINT)
                time.sleep(0)  # the signal is handled at the next opportunity
            except BaseException:
                if not swallow:
                    raise
        return x

    return score
