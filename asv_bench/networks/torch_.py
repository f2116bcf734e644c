"""PyTorch: eager, with the fused Adam, and with torch.compile."""

from __future__ import annotations

from typing import Any

from . import LR, Step, Task

VARIANTS = {
    "torch": "PyTorch eager",
    "torch-fused": "PyTorch, fused Adam",
    "torch-compile": "torch.compile",
}


def build(variant: str, task: Task) -> Step:
    """See the package."""
    import torch
    from torch import nn

    torch.set_num_threads(task.threads)
    layers: list[Any] = []
    for weight, bias, *rest in task.layers():
        linear = nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        layers.append(linear)
        if rest:
            layers += [nn.BatchNorm1d(len(bias)), nn.ReLU(), nn.Dropout(task.p_drop)]
    model = nn.Sequential(*layers)
    fused = None if variant == "torch" else True
    opt = torch.optim.Adam(model.parameters(), lr=LR, fused=fused)

    def forward(x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(model(x), y)

    if variant == "torch-compile":
        forward = torch.compile(forward)
    x, y = map(torch.from_numpy, task.data())

    def step() -> Any:
        opt.zero_grad()
        loss = forward(x, y)
        loss.backward()
        opt.step()
        return loss.detach()

    return step
