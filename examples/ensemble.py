"""An ensemble of networks that knows where it knows nothing.

Each member predicts a mean and a variance; where there are no data, members disagree
(B. Lakshminarayanan, A. Pritzel and C. Blundell, "Simple and scalable predictive
uncertainty estimation using deep ensembles", 2017). Every member has a compiled step of
its own, and training is a loop over these.
"""

import argparse

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim

F = nn.functional


def readings(count=120, seed=0):
    """Of a wave; with more noise to the right, and none in the middle."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 4, (count, 1)) * rng.choice([-1, 1], (count, 1))
    y = np.sin(2 * x) + 0.3 * x + (0.05 + 0.25 * (x > 0)) * rng.normal(size=x.shape)
    return x.astype(np.float32), y.astype(np.float32)


def moments(net, x):
    """The mean and the variance that a member predicts."""
    out = net(x)
    return out[:, :1], F.softplus(out[:, 1:]) + 1e-3


def member(width=48):
    """A network, and a step of its training."""
    net = nn.Sequential(
        nn.Linear(1, width),
        nn.Tanh(),
        nn.Linear(width, width),
        nn.Tanh(),
        nn.Linear(width, 2),
    )
    opt = optim.Adam(net.parameters(), 0.005)

    @ag.compile
    def step(x, y):
        opt.zero_grad()
        mean, variance = moments(net, x)
        loss = 0.5 * np.mean(np.log(variance) + (y - mean) ** 2 / variance)
        loss.backward()
        opt.step()
        return loss

    return net, step


def fit(x, y, members=8, steps=1500, seed=0):
    ag.manual_seed(seed)
    nets, train = zip(*[member() for _ in range(members)], strict=True)
    for _ in range(steps):
        for step in train:
            step(x, y)
    return nets


def predict(nets, at):
    """The mean, and the deviations: of the noise, and between the members."""
    with ag.no_grad():
        found = np.array([[m.numpy()[:, 0] for m in moments(net, at)] for net in nets])
    means, variances = found[:, 0], found[:, 1]
    return means.mean(0), np.sqrt(variances.mean(0)), means.std(0)


def draw(nets, x, y, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes, at = figure.subplots(), np.linspace(-6, 6, 300, dtype=np.float32)
    mean, noise, doubt = predict(nets, at[:, None])
    both = np.hypot(noise, doubt)
    axes.fill_between(at, mean - 2 * both, mean + 2 * both, alpha=0.2, label="all")
    axes.fill_between(
        at, mean - 2 * doubt, mean + 2 * doubt, alpha=0.4, label="members"
    )
    axes.plot(at, mean)
    axes.plot(x, y, "k.", markersize=4)
    axes.set(ylim=(-5, 5), title="Two deviations: of the members, and with the noise")
    axes.legend()
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    parser.add_argument("--steps", type=int, default=1500)
    options, (x, y) = parser.parse_args(), readings()
    nets = fit(x, y, steps=options.steps)
    places = np.array([[-2.5], [2.5], [0.0], [6.0]], np.float32)
    for place, _, noise, doubt in zip(places, *predict(nets, places), strict=True):
        print(f"x = {place[0]:4.1f}: noise {noise:.2f}, disagreement {doubt:.2f}")
    if options.plot:
        draw(nets, x, y, options.plot)
