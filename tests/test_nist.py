"""NIST's nonlinear regressions, solved by SciPy with our Jacobian to certified digits.

The files in ``nist/`` are theirs as published: Statistical Reference Datasets,
nonlinear regression, National Institute of Standards and Technology, U.S. Department of
Commerce, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml. Eleven digits are
certified.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag

so = pytest.importorskip("scipy.optimize")

FOLDER = Path(__file__).parent / "nist"
NUMBER = r"[-+]?\d*\.?\d+(?:[EeDd][-+]?\d+)?"


def saturating(b, x):
    return b[0] * (1 - np.exp(-b[1] * x))


def chwirut(b, x):
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def lanczos(b, x):
    return sum(b[i] * np.exp(-b[i + 1] * x) for i in (0, 2, 4))


def gauss(b, x):
    peaks = (b[i] * np.exp(-((x - b[i + 1]) ** 2) / b[i + 2] ** 2) for i in (2, 5))
    return b[0] * np.exp(-b[1] * x) + sum(peaks)


def rational(degree_above, degree_below):
    def model(b, x):
        above = sum(b[i] * x**i for i in range(degree_above + 1))
        below = sum(b[degree_above + i] * x**i for i in range(1, degree_below + 1))
        return above / (1 + below)

    return model


def enso(b, x):
    waves = ((12.0, b[1], b[2]), (b[3], b[4], b[5]), (b[6], b[7], b[8]))
    return b[0] + sum(
        c * np.cos(2 * np.pi * x / period) + s * np.sin(2 * np.pi * x / period)
        for period, c, s in waves
    )


MODELS = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": saturating,
    "Chwirut1": chwirut,
    "Chwirut2": chwirut,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": gauss,
    "Gauss2": gauss,
    "Gauss3": gauss,
    "Hahn1": rational(3, 3),
    "Kirby2": rational(2, 2),
    "Lanczos1": lanczos,
    "Lanczos2": lanczos,
    "Lanczos3": lanczos,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": saturating,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * np.exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": rational(3, 3),
}
METHODS = {("BoxBOD", 0): "trf"}  # from there lm overflows
FAR = ("MGH17", 0)  # from there lm overflows and trf ends in another minimum
CASES = [(name, start) for name in MODELS for start in (0, 1) if (name, start) != FAR]


def read(name):
    """Both starts, certified parameters and their deviations, their sum, the data."""
    text = (FOLDER / f"{name}.dat").read_text(encoding="ascii")
    rows = re.findall(rf"^ *b\d+ *= +{' +'.join([f'({NUMBER})'] * 4)} *$", text, re.M)
    one, two, certified, deviations = np.array(rows, float).T
    found = re.search(rf"Residual Sum of Squares: +({NUMBER})", text)
    lines = text[text.rindex("Data:") :].splitlines()[1:]
    y, *x = np.array([line.split() for line in lines if line.strip()], float).T
    assert len(y) == int(re.search(r"(\d+) Observations", text)[1])
    return (one, two), certified, deviations, float(found[1]), y, x


def test_every_file_has_a_model():
    assert {path.stem for path in FOLDER.glob("*.dat")} == set(MODELS)


@pytest.mark.parametrize(("name", "start"), CASES)
def test_certified_digits(name, start):
    starts, certified, deviations, total, y, x = read(name)
    model, x = MODELS[name], x if len(x) > 1 else x[0]
    y = np.log(y) if name == "Nelson" else y

    def residuals(b):
        return model(b, x) - y

    with np.errstate(over="ignore"):  # far first steps
        found = so.least_squares(
            residuals,
            starts[start],
            jac=ag.jacobian(residuals),
            method=METHODS.get((name, start), "lm"),
            x_scale="jac",
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=20000,
        )
    np.testing.assert_allclose(found.x, certified, rtol=5e-7)  # six digits, mostly ten
    if name != "Lanczos1":  # whose residuals are rounding; those of Lanczos2 are 1e-6
        np.testing.assert_allclose(2 * found.cost, total, rtol=1e-9)
    slopes = ag.jacobian(residuals)(found.x).data
    covariance = np.linalg.inv(slopes.T @ slopes) * total / (len(y) - len(certified))
    if name != "Lanczos1":
        spread = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose(spread, deviations, rtol=1e-4)
