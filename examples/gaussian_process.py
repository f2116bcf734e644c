"""A Gaussian process whose kernel is fitted by its marginal likelihood.

C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes for Machine Learning" (2006),
algorithm 2.1: the gradient goes through the Cholesky factor.
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import autograd_core as ag


def readings(count=30, noise=0.2, seed=0):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-4, 4, count))
    return x, np.sin(2 * x) + 0.3 * x + noise * rng.normal(size=count)


def kernel(a, b, logs):
    """Squared exponential: of the logs of its height, its length and the noise."""
    height, length = np.exp(logs[0]), np.exp(logs[1])
    return height * np.exp(-0.5 * (a[:, None] - b[None, :]) ** 2 / length**2)


def surprise(logs, x, y):
    """Minus the log of the marginal likelihood."""
    covariance = kernel(x, x, logs) + (np.exp(logs[2]) + 1e-8) * np.eye(len(x))
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, y)
    height = np.sum(np.log(np.diagonal(factor)))
    return 0.5 * np.sum(white**2) + height + 0.5 * len(x) * np.log(2 * np.pi)


def fit(x, y):
    found = minimize(ag.value_and_grad(surprise), np.zeros(3), (x, y), jac=True)
    return found.x, found.fun


def predict(logs, x, y, at):
    """The mean and the deviation of the process at other places."""
    covariance = kernel(x, x, logs) + np.exp(logs[2]) * np.eye(len(x))
    cross = kernel(at, x, logs)
    mean = cross @ np.linalg.solve(covariance, y)
    explained = np.sum(cross * np.linalg.solve(covariance, cross.T).T, axis=1)
    return mean, np.sqrt(np.exp(logs[0]) - explained)


def draw(logs, x, y, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes, at = figure.subplots(), np.linspace(-5, 5, 300)
    mean, deviation = predict(logs, x, y, at)
    axes.fill_between(at, mean - 2 * deviation, mean + 2 * deviation, alpha=0.25)
    axes.plot(at, mean)
    axes.plot(x, y, "k.", markersize=4)
    axes.set(title="Two deviations around the mean, after 30 readings")
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot, data = parser.parse_args().plot, readings()
    logs, value = fit(*data)
    height, length, noise = np.exp(logs) ** (0.5, 1, 0.5)
    print(f"{-value:.2f}: height {height:.2f}, length {length:.2f}, noise {noise:.2f}")
    if plot:
        draw(logs, *data, plot)
