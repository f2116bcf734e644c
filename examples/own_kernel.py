"""A kernel of one's own: two time constants, through a recurrence and back in time.

``y[t] = decay y[t-1] + x[t]`` is a loop that NumPy has no function for, and of two
thousand steps a graph of two thousand nodes. As a kernel it is one pass, and so is its
gradient, which goes back in time. ``ag.check_op`` holds both to the same function in
NumPy, and the compiled training step calls them natively.
"""

import argparse

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim

TRUE = np.array([0.8, 0.98])  # decays, a fast and a slow one


@ag.kernel
def forward(lo, hi, x, decay, out):
    for i in range(lo, hi):  # rows are the units of work
        y = x.dtype.type(0)
        for t in range(x.shape[1]):
            y = decay[i] * y + x[i, t]
            out[i, t] = y


@ag.kernel(outputs=2)
def backward(lo, hi, g, out, decay, gx, gdecay):
    for i in range(lo, hi):
        back, total = g.dtype.type(0), g.dtype.type(0)
        for t in range(g.shape[1] - 1, -1, -1):
            back = g[i, t] + decay[i] * back
            gx[i, t] = back
            if t > 0:
                total += back * out[i, t - 1]
        gdecay[i] = total


def composed(x, decay):
    """The same in NumPy's functions: what the kernels are checked by."""
    y, columns = np.zeros_like(decay), []
    for t in range(x.shape[1]):
        y = decay * y + x[:, t]
        columns.append(y)
    return np.stack(columns, axis=1)


@ag.primitive(
    composition=composed,
    backward=lambda g, out, x, decay: backward(len(x), g, out, decay, out=[x, decay]),
)
def leak(x, decay):
    return forward(len(x), x, decay, out=x)


def recorded(steps=2000, noise=0.1, seed=0):
    """An input, and what two leaky integrators made of it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=steps)
    exact = 0.5 * leak(np.stack([x, x]), TRUE).sum(0)
    return x, exact + noise * rng.normal(size=steps)


def fit(x, y, steps=400):
    """The decays, step by step; half the sum of two integrators is the model."""
    logits = nn.Parameter(np.array([0.0, 1.0]))
    opt = optim.Adam([logits], 0.05)

    @ag.compile
    def step(rows, y):
        opt.zero_grad()
        decays = nn.functional.sigmoid(logits)
        loss = np.mean((0.5 * leak(rows, decays).sum(0) - y) ** 2)
        loss.backward()
        opt.step()
        return decays

    return np.array([step(np.stack([x, x]), y).numpy() for _ in range(steps)])


def draw(decays, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for k, true in enumerate(TRUE):
        axes.axhline(true, color="gray", linestyle=":")
        axes.plot(decays[:, k], color=f"C{k}")
    axes.set(
        xlabel="step", ylabel="decay", title="Two decays, and where they should be"
    )
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot, rng = parser.parse_args().plot, np.random.default_rng(0)
    print(ag.check_op(leak, rng.normal(size=(3, 7)), np.array([0.2, 0.5, 0.9])))
    decays = fit(*recorded())
    print("found", *np.round(decays[-1], 3), "for", *TRUE)
    if plot:
        draw(decays, plot)
