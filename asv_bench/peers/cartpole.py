"""The update of examples/cartpole.py, and asking its actor, beside PyTorch's.

    python asv_bench/peers/cartpole.py [--threads 1] [--turns 9] [--json FILE]

Both get the same weights and rows and must come to the same loss in ten updates. Times
are the least of all turns, in microseconds, the two taking turns in one process.
PyTorch is eager, with the fused Adam, as its users have it for networks of this size.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clock import repeated, turns

import autograd_core as ag

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))
from cartpole import CARTS, ROWS, agent

Update = Callable[..., Any]
UPDATES = 10  # after which the losses are compared


def network(like: Any, *last: Any) -> Any:
    """PyTorch's, with the weights of ours."""
    weights = {name: torch.tensor(a) for name, a in like.state_dict().items()}
    outputs, width = weights["2.weight"].shape
    layers = torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, outputs)
    found = torch.nn.Sequential(*layers, *last)
    found.load_state_dict(weights)
    return found


def improving(actor: Any, critic: Any, lr: float = 0.003) -> Update:
    """The example's update in PyTorch."""
    opt = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr, fused=True)

    def update(
        states: Any, actions: Any, before: Any, advantages: Any, returns: Any
    ) -> Any:
        opt.zero_grad()
        logs = actor(states)
        ratio = torch.exp((logs * actions).sum(1) - before)
        clipped = torch.clamp(ratio, 0.8, 1.2)
        gain = torch.minimum(ratio * advantages, clipped * advantages)
        entropy = -(torch.exp(logs) * logs).sum(1)
        miss = (critic(states)[:, 0] - returns) ** 2
        loss = (0.5 * miss - gain - 0.01 * entropy).mean()
        loss.backward()
        opt.step()
        return loss

    return update


def rows(count: int) -> list[Any]:
    """States, actions, logs of their chances, advantages, returns."""
    rng = np.random.default_rng(0)
    actions = np.eye(2, dtype=np.float32)[rng.integers(0, 2, count)]
    states = rng.normal(size=(count, 4)).astype(np.float32)
    before = np.log(rng.uniform(0.3, 0.7, count)).astype(np.float32)
    rest = rng.normal(size=(2, count)).astype(np.float32)
    return [states, actions, before, *rest]


def compare(count: int, rest: bool) -> dict[str, list[float]]:
    """Microseconds of ours and of PyTorch's, by what is done."""
    ours, critic, update = agent()
    theirs = network(ours, torch.nn.LogSoftmax(1))
    their_update = improving(theirs, network(critic))
    batch = rows(ROWS)
    given = [torch.from_numpy(a) for a in batch]
    for _ in range(UPDATES):
        losses = update(*batch).item(), their_update(*given).item()
    np.testing.assert_allclose(*losses, rtol=1e-4)
    ask, states = ag.compile(ours), batch[0][:CARTS]

    def their_ask() -> Any:
        with torch.no_grad():
            return theirs(torch.from_numpy(states)).numpy()

    found = {}
    pairs: dict[str, Sequence[Callable[[], Any]]] = {
        f"update, {ROWS} rows": (lambda: update(*batch), lambda: their_update(*given)),
        f"actor, {CARTS} rows": (lambda: ask(states).numpy(), their_ask),
    }
    for name, pair in pairs.items():
        seconds = turns([repeated(call) for call in pair], count, rest)
        found[name] = [1e6 * min(one) for one in zip(*seconds, strict=True)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = {}
    print("threads                       ours   PyTorch  ratio")
    for threads in options.threads:
        ag.set_num_threads(threads)
        torch.set_num_threads(threads)
        table[threads] = compare(options.turns, threads > 1)
        for name, (ours, theirs) in table[threads].items():
            ratio = theirs / ours
            print(f"{threads:7}  {name:16} {ours:8.1f} {theirs:9.1f} {ratio:6.1f}")
    if options.json:
        options.json.write_text(json.dumps(table))


if __name__ == "__main__":
    main()
