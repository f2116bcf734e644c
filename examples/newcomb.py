"""A Student-t distribution fitted to a measured speed of light, with standard errors.

Simon Newcomb's 66 readings of 1882: how much longer than 24,800 ns light took for 7,442
metres (S. M. Stigler, "Do robust estimators work with real data?", 1977). Two are far
off, which draws a normal distribution away and costs a heavy-tailed one little. Maximum
likelihood goes by gradients through the log of the gamma function; the standard errors
are those of the inverse Hessian.
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import autograd_core as ag
from autograd_core.special import gammaln

READINGS = """
28 26 33 24 34 -44 27 16 40 -2 29 22 24 21 25 30 23 29 31 19 24 20 36 32 36 28 25 21 28
29 37 25 28 26 30 32 36 26 30 22 36 23 27 27 28 27 31 27 26 33 26 32 32 24 39 28 24 25
32 25 29 27 28 29 16 23
"""
NAMES = ("place", "scale", "degrees of freedom")


def log_density(x, place, scale, freedom):
    """Of the Student-t distribution."""
    half, z = 0.5 * (freedom + 1), (x - place) / scale
    level = gammaln(half) - gammaln(0.5 * freedom) - 0.5 * np.log(np.pi * freedom)
    return level - np.log(scale) - half * np.log1p(z**2 / freedom)


def surprise(parameters, x):
    """Minus the log of the likelihood."""
    return -np.sum(log_density(x, *parameters))


def fit(x):
    """The parameters and their standard errors."""
    start = np.array([np.median(x), x.std(), 10.0])
    found = minimize(
        ag.value_and_grad(surprise),
        start,
        args=(x,),
        jac=True,
        hess=ag.hessian(surprise),
        method="trust-exact",
    ).x
    return found, np.sqrt(np.diag(np.linalg.inv(ag.hessian(surprise)(found, x))))


def draw(x, found, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes, at = figure.subplots(), np.linspace(-50, 45, 500)
    axes.hist(x, np.arange(-46, 44, 2), density=True, color="lightgray")
    normal = np.exp(-0.5 * ((at - x.mean()) / x.std()) ** 2) / x.std()
    axes.plot(at, normal / np.sqrt(2 * np.pi), label="normal")
    axes.plot(at, np.exp(log_density(at, *found)), label="Student-t")
    axes.set(xlabel="ns above 24,800", title="The speed of light, by Newcomb")
    axes.legend()
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot, x = parser.parse_args().plot, np.array(READINGS.split(), float)
    found, errors = fit(x)
    for name, value, error in zip(NAMES, found, errors, strict=True):
        print(f"{name} {value:.3f} +- {error:.3f}")
    if plot:
        draw(x, found, plot)
