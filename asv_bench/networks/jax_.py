"""JAX: one jitted step a call, and 50 steps in one ``lax.scan``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import BETA1, BETA2, BN_EPS, BN_MOMENTUM, EPS, LR, Step, Task

VARIANTS = {"jax": "JAX jit", "jax-scan": "JAX, 50 steps in lax.scan"}
SCAN = 50


def forward(p_drop: float) -> Callable[..., Any]:
    """(loss, running statistics) of parameters on a batch."""
    import jax
    import jax.numpy as jnp

    def block(h: Any, scale: Any, shift: Any, running: Any, key: Any) -> Any:
        mean, var = h.mean(0), h.var(0)
        running = tuple(
            (1 - BN_MOMENTUM) * old + BN_MOMENTUM * new
            for old, new in zip(running, (mean, var), strict=True)
        )
        h = jax.nn.relu((h - mean) * jax.lax.rsqrt(var + BN_EPS) * scale + shift)
        if p_drop:
            kept = jax.random.bernoulli(key, 1 - p_drop, h.shape)
            h = jnp.where(kept, h / (1 - p_drop), 0)
        return h, running

    def loss_of(params: Any, running: Any, key: Any, x: Any, y: Any) -> Any:
        moved, h = [], x
        for i, (weight, bias, *rest) in enumerate(params):
            h = h @ weight + bias
            if rest:
                key, sub = jax.random.split(key)
                h, now = block(h, *rest, running[i], sub)
                moved.append(now)
        return -jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1).mean(), moved

    return loss_of


def training(p_drop: float) -> Callable[..., Any]:
    """(state, loss) after a step of Adam."""
    import jax
    import jax.numpy as jnp

    loss_of = forward(p_drop)

    def unbias(beta: float, t: Any) -> Any:
        return -jnp.expm1(t * math.log(beta))

    def train(state: Any, x: Any, y: Any) -> Any:
        params, m, v, t, running, key = state
        key, sub = jax.random.split(key)
        both = jax.value_and_grad(loss_of, has_aux=True)
        (loss, running), grads = both(params, running, sub, x, y)
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, grads)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, grads)
        # float32 has too few digits for 1 - 0.999**t: losses would be off by 1e-5.
        rate, root = LR / unbias(BETA1, t), jnp.sqrt(unbias(BETA2, t))
        params = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPS), params, m, v
        )
        return (params, m, v, t, running, key), loss

    return train


def build(variant: str, task: Task) -> Step:
    """See the package."""
    import jax
    import jax.numpy as jnp

    train = training(task.p_drop)
    params = jax.tree.map(jnp.asarray, task.layers())
    running = [(jnp.zeros(d), jnp.ones(d)) for d in task.dims[1:-1]]
    m, v = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
    state = [(params, m, v, jnp.float32(0), running, jax.random.key(0))]
    x, y = task.data()
    x, y = jnp.asarray(x), jnp.asarray(y.astype("int32"))
    if variant == "jax":
        run = jax.jit(train, donate_argnums=0)
    else:
        many = jax.jit(
            lambda s, xy: jax.lax.scan(lambda s, b: train(s, *b), s, xy),
            donate_argnums=0,
        )
        xy = jnp.stack([x] * SCAN), jnp.stack([y] * SCAN)

    def step() -> Any:
        state[0], loss = run(state[0], x, y)
        return loss.block_until_ready()

    def steps() -> Any:
        state[0], losses = many(state[0], xy)
        return losses.block_until_ready()

    return step if variant == "jax" else steps
