"""Parameters that a loss does not reach: an optimizer leaves them as they are."""

from __future__ import annotations

import warnings

from autograd_core.nn import Module
from autograd_core.optim import Optimizer
from autograd_core.plural import count

NAMED = 4  # of them, in the warning


def warn_unreached(model: Module, opt: Optimizer) -> None:
    """Warn, after a step, of parameters of ``opt`` that have no gradient."""
    trained = [(n, p) for n, p in model.named_parameters() if p in opt.state]
    names = [n for n, p in trained if p.requires_grad and p.grad is None]
    if not names:
        return
    shown = ", ".join(names[:NAMED]) + ", ..." * (len(names) > NAMED)
    warnings.warn(
        f"fit: no gradient reaches {count(len(names), 'parameter')}, {shown}: forward "
        "does not use them, or leaves the graph on the way (.numpy(), .detach()). They "
        "stay as they are; requires_grad_(False) says that this is meant",
        stacklevel=7,
    )
