"""Which of two values of a monitored column is the better one."""

from __future__ import annotations

import math
import re

SMALLER = {"loss", "cost", "error", "mse", "mae", "rmse", "deviance", "perplexity"}
LARGER = {"accuracy", "acc", "f1", "auc", "r2", "precision", "recall", "top"}
# With one of these a name says nothing: "neg_log_loss", "accuracy_gap", "1-auc".
TURNED = {
    "neg", "negative", "minus", "inverse", "ratio", "relative", "gap", "diff",
    "difference", "delta", "change", "drop", "gain", "improvement", "reduction",
    "decrease", "increase", "std", "var", "variance", "skill",
}  # fmt: skip


def mode_of(column: str, mode: str | None, owner: str) -> str:
    """``mode``, or what follows from a column's name; ValueError if nothing does.

    "min" for names with the word loss, cost, error, mse, mae, rmse, deviance or
    perplexity, "max" for accuracy, acc, f1, auc, r2, precision, recall and top (top_5);
    nothing does from neg_log_loss, accuracy_gap and their like.
    """
    if mode in ("min", "max"):
        return mode
    if mode is not None:
        raise ValueError(f"{owner}: mode is 'min' or 'max', got {mode!r}")
    found = words(column)
    known = [m for m, of in (("min", SMALLER), ("max", LARGER)) if found & of]
    if len(known) != 1 or found & TURNED or re.search(r"1\s*-", column):
        raise ValueError(
            f"{owner}: is {column!r} better when it is smaller or larger? Its name "
            "does not say: give mode='min' or mode='max'"
        )
    return known[0]


def words(column: str) -> set[str]:
    """The words of a name, also without the number at their ends ("top5")."""
    found = [w for w in re.split(r"[^a-z0-9]+", column.lower()) if w]
    return {*found, *(w.rstrip("0123456789") for w in found)}


class Best:
    """The best value of a column so far, and the epoch that had it."""

    def __init__(self, column: str, mode: str, min_delta: float = 0.0) -> None:
        self.column, self.mode, self.min_delta = column, mode, min_delta
        self.sign = 1.0 if mode == "min" else -1.0
        self.forget()

    def forget(self) -> None:
        """As if nothing had been seen."""
        self.value, self.epoch = self.sign * math.inf, 0

    def take(self, value: float, epoch: int) -> bool:
        """Whether ``value`` is better by more than ``min_delta``; NaN never is."""
        if self.sign * value >= self.sign * self.value - self.min_delta:
            return False
        if math.isnan(value):
            return False
        self.value, self.epoch = value, epoch
        return True
