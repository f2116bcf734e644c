"""PyTensor, compiled by its Numba backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import BETA1, BETA2, BN_EPS, EPS, LR, Step, Task

VARIANTS = {"pytensor": "PyTensor (Numba)"}
f4 = np.float32


def build(variant: str, task: Task) -> Step:
    """See the package."""
    import pytensor
    import pytensor.tensor as pt

    pytensor.config.floatX = "float32"
    x, y = pt.matrix("x", dtype="float32"), pt.lvector("y")
    state = pytensor.shared(np.random.default_rng(0))
    h, params, rng = x, [], state
    for layer in task.layers():
        shared = [pytensor.shared(p) for p in layer]
        params += shared
        h = h @ shared[0] + shared[1]
        if len(layer) > 2:
            mean, var = h.mean(0), h.var(0)
            h = (h - mean) / pt.sqrt(var + f4(BN_EPS)) * shared[2] + shared[3]
            h = pt.maximum(h, f4(0))
            if task.p_drop:
                draw = pt.random.uniform(0, 1, size=h.shape, rng=rng)
                rng, u = draw.owner.outputs
                kept = (u >= task.p_drop).astype("float32")
                h = h * kept * f4(1 / (1 - task.p_drop))
    z = h - h.max(1, keepdims=True)
    chosen = z[pt.arange(task.batch), y]
    loss = (pt.log(pt.exp(z).sum(1)) - chosen).mean()
    updates: list[Any] = [(state, rng)] if rng is not state else []
    updates += adam(pytensor, pt, params, pytensor.grad(loss, params))
    run = pytensor.function([x, y], loss, updates=updates, mode="NUMBA")
    given = task.data()
    return lambda: run(*given)


def adam(pytensor: Any, pt: Any, params: Any, grads: Any) -> list[Any]:
    """The updates of one step."""
    t = pytensor.shared(f4(0))
    now = t + f4(1)
    rate, root = f4(LR) / (1 - f4(BETA1) ** now), pt.sqrt(1 - f4(BETA2) ** now)
    updates: list[Any] = [(t, now)]
    for p, g in zip(params, grads, strict=True):
        m, v = (pytensor.shared(np.zeros_like(p.get_value())) for _ in range(2))
        m1 = f4(BETA1) * m + f4(1 - BETA1) * g
        v1 = f4(BETA2) * v + f4(1 - BETA2) * g * g
        new = p - rate * m1 / (pt.sqrt(v1) / root + f4(EPS))
        updates += [(m, m1), (v, v1), (p, new.astype("float32"))]
    return updates
