"""NumPy by hand: forward, backward and Adam written out."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import BETA1, BETA2, BN_EPS, EPS, LR, Step, Task

VARIANTS = {"numpy": "NumPy by hand"}


class Adam:
    """Adam over a list of arrays, in place (Kingma & Ba, 2015)."""

    def __init__(self, params: list[Any]) -> None:
        self.params, self.t = params, 0
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads: Any) -> None:
        """One update by the gradients, in the order of the parameters."""
        self.t += 1
        rate, root = LR / (1 - BETA1**self.t), np.sqrt(1 - BETA2**self.t)
        for p, g, m, v in zip(self.params, grads, self.m, self.v, strict=True):
            m *= BETA1
            m += (1 - BETA1) * g
            v *= BETA2
            v += (1 - BETA2) * (g * g)
            p -= (rate * m / (np.sqrt(v) / root + EPS)).astype(p.dtype)


def build(variant: str, task: Task, dtype: Any = np.float32) -> Step:
    """See the package; ``dtype`` float64 makes it the reference of all others."""
    layers = [[p.astype(dtype) for p in layer] for layer in task.layers()]
    adam = Adam([p for layer in layers for p in layer])
    x, y = task.data()
    x, rows, rng = x.astype(dtype), np.arange(task.batch), np.random.default_rng(2)

    def forward(h: Any, saved: list[Any]) -> Any:
        for weight, bias, *rest in layers:
            left, h = h, h @ weight + bias
            if not rest:
                saved.append((left,))
                continue
            c = h - h.mean(0)
            r = 1 / np.sqrt((c * c).mean(0) + dtype(BN_EPS))
            c *= r
            out = c * rest[0] + rest[1]
            mask = (out > 0).astype(dtype)
            if task.p_drop:
                kept = rng.random(h.shape, np.float32) >= task.p_drop
                mask *= kept * dtype(1 / (1 - task.p_drop))
            saved.append((left, c, r, mask))
            h = out * mask
        return h

    def backward(g: Any, saved: list[Any]) -> list[Any]:
        grads: list[Any] = []
        for (weight, _, *rest), (left, *norm) in zip(
            reversed(layers), reversed(saved), strict=True
        ):
            if norm:
                c, r, mask = norm
                g = g * mask
                shift, scale = g.sum(0), (g * c).sum(0)
                g = rest[0] * r * (g - (shift + c * scale) / dtype(task.batch))
            own = [left.T @ g, g.sum(0), *([scale, shift] if norm else [])]
            grads = own + grads
            g = g @ weight.T
        return grads

    def step() -> Any:
        saved: list[Any] = []
        z = forward(x, saved)
        z = z - z.max(1, keepdims=True)
        e = np.exp(z)
        total = e.sum(1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[rows, y]).mean()
        g = e / total
        g[rows, y] -= 1
        adam.step(backward(g / dtype(task.batch), saved))
        return loss

    return step
