"""Writes the recorded files beside this one with PyTorch: python tests/pytorch/make.py

NAME.safetensors is a state_dict as safetensors.torch.save_file writes it, and
NAME.example.safetensors an input of that model with its output in evaluation mode.
"""

from pathlib import Path

import safetensors.torch
import torch
from torch import nn

HERE = Path(__file__).parent


def flat():
    """A stack of all layers that have parameters or buffers, and some that have not."""
    return nn.Sequential(
        nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(8, 6, bias=False), nn.LayerNorm(6), nn.GELU(),
        nn.BatchNorm1d(6, affine=False), nn.Linear(6, 3),
    )  # fmt: skip


class Nested(nn.Module):
    """Stacks in attributes and in a list."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 4), nn.Tanh())
        self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = self.body(x)
        for block in self.blocks:
            x = x + torch.sigmoid(block(x))
        return self.head(x)


def trained(net):
    """After some steps, so that running statistics are not those of the start."""
    torch.manual_seed(0)
    for layer in net.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    opt = torch.optim.SGD(net.parameters(), 0.05)
    for _ in range(20):
        opt.zero_grad()
        net(torch.randn(16, 5) * 3 + 1).square().mean().backward()
        opt.step()
    return net.eval()


def record(name, net, dtype):
    """Weights in ``dtype``; the example is computed with them in float32."""
    state = {
        k: v.to(dtype) if v.is_floating_point() else v
        for k, v in trained(net).state_dict().items()
    }
    net.load_state_dict(state)
    x = torch.randn(7, 5)
    with torch.no_grad():
        example = {"x": x, "y": net(x)}
    safetensors.torch.save_file(state, HERE / f"{name}.safetensors")
    safetensors.torch.save_file(example, HERE / f"{name}.example.safetensors")


if __name__ == "__main__":
    record("flat", flat(), torch.float32)
    record("nested", Nested(), torch.float32)
    record("flat_float64", flat(), torch.float64)
    record("flat_float16", flat(), torch.float16)
    record("flat_bfloat16", flat(), torch.bfloat16)
