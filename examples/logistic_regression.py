"""Logistic regression on two clouds of points, with a penalty on the weights."""

import argparse

import numpy as np
from scipy.optimize import minimize

import autograd_core as ag


def clouds(count=200, seed=0):
    """Points in the plane, and which of two overlapping clouds each is of."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    points = rng.normal(size=(count, 2)) + np.where(labels[:, None], 1.2, -1.2)
    return points, labels


def loss(weights, points, labels, penalty=0.01):
    """The mean of ``log(1 + exp(-margin))``, which does not overflow."""
    scores = points @ weights[:2] + weights[2]
    margins = np.where(labels, scores, -scores)
    return np.mean(np.logaddexp(0.0, -margins)) + penalty * np.sum(weights[:2] ** 2)


def fit(points, labels):
    """The weights, by Newton steps in a trust region: the Hessian is exact, too."""
    found = minimize(
        ag.value_and_grad(loss),
        np.zeros(3),
        args=(points, labels),
        jac=True,
        hess=ag.hessian(loss),
        method="trust-exact",
    )
    return found.x


def draw(points, labels, weights, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    x, y = np.meshgrid(np.linspace(-4.5, 4.5, 100), np.linspace(-4, 4, 100))
    chance = 1 / (1 + np.exp(-(weights[0] * x + weights[1] * y + weights[2])))
    axes.contourf(x, y, chance, 20, cmap="RdBu", alpha=0.6)
    axes.contour(x, y, chance, [0.5], colors="black")
    for label, color in ((0, "tab:red"), (1, "tab:blue")):
        axes.plot(*points[labels == label].T, ".", color=color, markersize=4)
    axes.set(title="The chance of blue; even odds on the line")
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot = parser.parse_args().plot
    points, labels = clouds()
    weights = fit(points, labels)
    right = np.mean((points @ weights[:2] + weights[2] > 0) == labels)
    print(f"weights {np.round(weights, 3)}, {right:.1%} of the points on their side")
    if plot:
        draw(points, labels, weights, plot)
