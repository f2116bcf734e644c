"""Adam's step over a million parameters, in place, by each library that has one.

``build(start, gradient)`` returns the memory of the parameters and a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from networks import LR, numpy_

Built = tuple[Any, Callable[[], Any]]


def by_hand(start: Any, gradient: Any) -> Built:
    param = start.copy()
    adam = numpy_.Adam([param])
    return param, lambda: adam.step([gradient])


def ours(start: Any, gradient: Any) -> Built:
    import autograd_core as ag
    from autograd_core import optim

    leaf = ag.tensor(start.copy(), requires_grad=True)
    leaf.grad = ag.tensor(gradient)
    return leaf.data, optim.Adam([leaf], lr=LR).step


def ours_program(start: Any, gradient: Any) -> Built:
    import autograd_core as ag

    param, step = ours(start, gradient)
    return param, ag.compile(step)


def torch(start: Any, gradient: Any) -> Built:
    import torch

    leaf = torch.nn.Parameter(torch.from_numpy(start.copy()))
    leaf.grad = torch.from_numpy(gradient.copy())
    return leaf.detach().numpy(), torch.optim.Adam([leaf], lr=LR, fused=True).step


ADAMS: dict[str, Callable[[Any, Any], Built]] = {
    "ours": ours_program,
    "ours eager": ours,
    "NumPy by hand": by_hand,
    "PyTorch, fused": torch,
}
