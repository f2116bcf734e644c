"""Rosenbrock's valley in ten dimensions, by L-BFGS with exact gradients.

H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a
function", The Computer Journal 3 (1960).
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import autograd_core as ag


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def descend(dimensions=10):
    """The minimiser, and every point on the way to it."""
    path = [np.full(dimensions, -1.2)]
    found = minimize(
        ag.value_and_grad(rosenbrock),
        path[0],
        jac=True,
        method="L-BFGS-B",
        callback=lambda x: path.append(x.copy()),
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    return found.x, np.array(path)


def draw(path, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    x, y = np.meshgrid(np.linspace(-1.6, 1.4, 200), np.linspace(-0.6, 1.8, 200))
    heights = np.log1p(100.0 * (y - x**2) ** 2 + (1.0 - x) ** 2)
    axes.contourf(x, y, heights, 24, cmap="Blues_r")
    axes.plot(path[:, 0], path[:, 1], "o-", color="tab:orange", markersize=3, lw=1)
    axes.plot(1, 1, "*", color="tab:red", markersize=12)
    axes.set(xlabel="$x_0$", ylabel="$x_1$", title="L-BFGS in ten dimensions")
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot = parser.parse_args().plot
    best, path = descend()
    print(f"{len(path) - 1} steps, |x - 1| = {np.abs(best - 1).max():.1e}")
    if plot:
        draw(path, plot)
