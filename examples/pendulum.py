"""A physics-informed network that learns how a pendulum swings from its equation alone.

The network is the angle as a function of time. What it is trained on is no data but
what the equation of motion leaves over, ``angle'' + sin(angle)``: a gradient of a
gradient, whose gradient trains (M. Raissi, P. Perdikaris and G. E. Karniadakis,
"Physics-informed neural networks", 2019). Compiled, the three are one native call.
The exact solution is an elliptic function of Jacobi.
"""

import argparse

import numpy as np
from scipy.special import ellipj

import autograd_core as ag
from autograd_core import nn, optim

START, SPAN = 2.0, 8.0  # radians, at rest; about one period


def exact(times):
    """The angle (M. Abramowitz and I. A. Stegun, 1964, chapter 16)."""
    m = np.sin(START / 2) ** 2
    _, cn, dn, _ = ellipj(times, m)
    return 2 * np.arcsin(np.sqrt(m) * cn / dn)  # sn(K + t) = cn(t) / dn(t)


def pendulum(width=32):
    """The angle as a function of times, a column; it starts as it has to."""
    net = nn.Sequential(
        nn.Linear(1, width),
        nn.Tanh(),
        nn.Linear(width, width),
        nn.Tanh(),
        nn.Linear(width, 1),
    )

    def angle(times):
        return START + np.tanh(times) ** 2 * net(2 * times / SPAN - 1)

    return net, angle


def fit(steps=4000, points=128, seed=0):
    ag.manual_seed(seed)
    net, angle = pendulum()
    opt = optim.Adam(net.parameters(), 0.02)
    schedule = optim.CosineAnnealingLR(opt, steps)
    speed = ag.elementwise_grad(angle)
    acceleration = ag.elementwise_grad(speed)

    @ag.compile
    def step(times):
        opt.zero_grad()
        loss = np.mean((acceleration(times) + np.sin(angle(times))) ** 2)
        loss.backward()
        opt.step()
        return loss

    times = np.linspace(0, SPAN, points, dtype=np.float32)[:, None]
    losses = []
    for k in range(steps):
        reach = np.float32(min(1, 0.1 + 1.8 * k / steps))  # the beginning comes first
        losses.append(step(reach * times).item())
        schedule.step()
    return angle, losses


def error(angle, times):
    """The network's angle minus the exact one."""
    with ag.no_grad():
        found = angle(ag.tensor(times[:, None], dtype=np.float32)).numpy()[:, 0]
    return found - exact(times)


def draw(angle, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    times = np.linspace(0, SPAN, 200)
    above.plot(times, exact(times), linewidth=4, alpha=0.4, label="exact")
    above.plot(times, exact(times) + error(angle, times), "k--", label="network")
    below.plot(times, 1000 * error(angle, times))
    above.set(ylabel="angle, rad", title="A pendulum, from its equation alone")
    below.set(xlabel="time", ylabel="error, mrad")
    above.legend()
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    angle, losses = fit(options.steps)
    largest = np.abs(error(angle, np.linspace(0, SPAN, 200))).max()
    print(f"left over {losses[-1]:.1e}, largest error {largest:.4f} rad")
    if options.plot:
        draw(angle, options.plot)
