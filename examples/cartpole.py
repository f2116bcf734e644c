"""An actor and a critic learn to balance Gymnasium's pole on a cart, in seconds.

Eight carts take 64 steps, then both networks take forty: J. Schulman et al., "Proximal
policy optimization algorithms" (2017). Networks as small as these are where a
framework's own time counts; here an update is one native call, and
``asv_bench/peers/cartpole.py`` compares its time with PyTorch's.
"""

import argparse
from time import perf_counter

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim

CARTS, STEPS, PASSES, ROWS, DISCOUNT, TRACE = 8, 64, 10, 128, 0.99, 0.95


def network(outputs, *last, width=64):
    layers = nn.Linear(4, width), nn.Tanh(), nn.Linear(width, outputs)
    return nn.Sequential(*layers, *last)


def agent(lr=0.003):
    """The actor (logs of chances), the critic, and a step that improves both."""
    actor, critic = network(2, nn.LogSoftmax(1)), network(1)
    opt = optim.Adam([*actor.parameters(), *critic.parameters()], lr)

    @ag.compile
    def update(states, actions, before, advantages, returns):
        opt.zero_grad()
        logs = actor(states)
        ratio = np.exp(np.sum(logs * actions, axis=1) - before)
        gain = np.minimum(ratio * advantages, np.clip(ratio, 0.8, 1.2) * advantages)
        entropy = -np.sum(np.exp(logs) * logs, axis=1)
        miss = (critic(states)[:, 0] - returns) ** 2
        loss = np.mean(0.5 * miss - gain - 0.01 * entropy)
        loss.backward()
        opt.step()
        return loss

    return actor, critic, update


def play(env, actor, critic, states, over, rng):
    """Rows for updates; a cart that is over has none, as it only begins anew."""
    seen, found = [], []
    for _ in range(STEPS):
        logs = actor(states).numpy()
        chosen = np.argmax(logs + rng.gumbel(size=logs.shape), axis=1)
        after, reward, fell, late, _ = env.step(chosen)
        actions = np.eye(2, dtype=np.float32)[chosen]
        value, later = (critic(x).numpy()[:, 0] for x in (states, after))
        seen.append((~over, states, actions, (logs * actions).sum(1), value))
        found.append((reward + DISCOUNT * later * ~fell - value, ~(fell | late)))
        states, over = after, fell | late
    trace, traces = 0, []
    for surprise, goes_on in reversed(found):  # generalised advantages
        trace = surprise + DISCOUNT * TRACE * goes_on * trace
        traces.append(trace.astype(np.float32))
    counts, *rows, values = map(np.concatenate, zip(*seen, strict=True))
    gains = np.concatenate(traces[::-1])
    rows += [(gains - gains.mean()) / gains.std(), gains + values]
    return [row[counts] for row in rows], states, over


def learn(env, rounds, seed=0):
    """The mean return of the last episodes after each round; seconds of the updates."""
    ag.manual_seed(seed)
    rng, (actor, critic, update) = np.random.default_rng(seed), agent()
    actor, critic = ag.compile(actor), ag.compile(critic)
    states, over = env.reset(seed=seed)[0], np.zeros(CARTS, bool)
    curve, seconds = [], []
    for _ in range(rounds):
        rows, states, over = play(env, actor, critic, states, over, rng)
        for _ in range(PASSES):
            order = rng.permutation(len(rows[0]))
            for some in order[: len(order) // ROWS * ROWS].reshape(-1, ROWS):
                batch = [row[some] for row in rows]
                start = perf_counter()
                update(*batch)
                seconds.append(perf_counter() - start)
        curve.append(np.mean(env.return_queue or [0]))
    return curve, seconds


def draw(curve, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(CARTS * STEPS * np.arange(1, len(curve) + 1), curve)
    axes.set(xlabel="steps of carts", ylabel="return (500 is all)", title="CartPole")
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    import gymnasium
    from gymnasium.wrappers.vector import RecordEpisodeStatistics

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    parser.add_argument("--rounds", type=int, default=120)
    options, start = parser.parse_args(), perf_counter()
    env = gymnasium.make_vec("CartPole-v1", CARTS, "vector_entry_point")
    curve, seconds = learn(RecordEpisodeStatistics(env, 50), options.rounds)
    print(f"return {curve[-1]:.0f} of 500 after {perf_counter() - start:.0f} s,")
    print(f"{len(seconds)} updates of {1e6 * np.median(seconds):.0f} microseconds")
    if options.plot:
        draw(curve, options.plot)
