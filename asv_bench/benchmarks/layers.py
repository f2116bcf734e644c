"""BatchNorm and Dropout, forward and backward, training and not, by batch and width.

One timing is a hundred calls in a loop: ``x100``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .common import if_known, warm

SHAPES = [(32, 16), (128, 512), (256, 2048)]
MODES = ["eager", "Program"]


class _Layer:
    params = (SHAPES, MODES)
    param_names = ("shape", "mode")
    repeat = (3, 5, 0.5)
    warmup_time = 0  # setup is
    training = True

    def layer(self, features: int) -> Any:
        raise NotImplementedError

    def setup(self, shape: tuple[int, int], mode: str) -> None:
        with if_known():
            self.prepare(shape, mode)

    def prepare(self, shape: tuple[int, int], mode: str) -> None:
        import autograd_core as ag

        rng = np.random.default_rng(0)
        x = ag.tensor(rng.standard_normal(shape).astype("f4"), requires_grad=True)
        g = rng.standard_normal(shape).astype("f4")
        layer = self.layer(shape[1])
        layer.train(self.training)

        def forward() -> Any:
            return layer(x)

        def gradient() -> None:
            x.grad = None
            layer.zero_grad()
            layer(x).backward(g)

        both = forward, gradient
        if mode == "Program":
            both = tuple(map(ag.compile, both))
        self.forward, self.gradient = both
        warm(self.forward)
        warm(self.gradient)

    def time_forward_x100(self, shape: tuple[int, int], mode: str) -> None:
        for _ in range(100):
            self.forward()

    def time_gradient_x100(self, shape: tuple[int, int], mode: str) -> None:
        for _ in range(100):
            self.gradient()


class BatchNorm(_Layer):
    def layer(self, features: int) -> Any:
        from autograd_core import nn

        return nn.BatchNorm1d(features)


class BatchNormEval(BatchNorm):
    """By the running statistics."""

    training = False


class Dropout(_Layer):
    def layer(self, features: int) -> Any:
        from autograd_core import nn

        return nn.Dropout(0.2)
