"""autograd_core: eager, and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import LR, Step, Task

VARIANTS = {"ours": "autograd_core", "ours-eager": "autograd_core eager"}


def training_step(task: Task) -> Callable[[Any, Any], Any]:
    """A step of a new network, not compiled; takes a batch."""
    import autograd_core as ag
    from autograd_core import nn, optim

    ag.set_num_threads(task.threads)
    layers: list[Any] = []
    for weight, bias, *rest in task.layers():
        linear = nn.Linear(*weight.shape)
        linear.weight.data[...], linear.bias.data[...] = weight.T, bias
        layers.append(linear)
        if rest:
            layers += [nn.BatchNorm1d(len(bias)), nn.ReLU(), nn.Dropout(task.p_drop)]
    model = nn.Sequential(*layers)
    opt = optim.Adam(model.parameters(), lr=LR)

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return step


def build(variant: str, task: Task) -> Step:
    """See the package."""
    import autograd_core as ag

    step = training_step(task)
    run = ag.compile(step) if variant == "ours" else step
    x, y = task.data()
    return lambda: run(x, y)
