"""A damped oscillator whose stiffness and friction are found from noisy readings.

The model is an integrator, four stages of Runge and Kutta a step, and the gradient
goes back through the whole loop. Compiled, the loop is recorded once and replayed.
"""

import argparse

import numpy as np
from scipy.optimize import minimize

import autograd_core as ag

TRUE = np.array([4.0, 0.3])  # stiffness, friction
STEP, STEPS = 0.05, 120


def change(state, parameters):
    """Of the place and the speed: ``x'' = -stiffness x - friction x'``."""
    place, speed = state
    return np.stack([speed, -parameters[0] * place - parameters[1] * speed])


def motion(parameters, steps=STEPS):
    """The place at each step, by the classical Runge-Kutta method."""
    state = np.array([1.0, 0.0])
    places = []
    for _ in range(steps):
        a = change(state, parameters)
        b = change(state + 0.5 * STEP * a, parameters)
        c = change(state + 0.5 * STEP * b, parameters)
        d = change(state + STEP * c, parameters)
        state = state + STEP / 6 * (a + 2 * b + 2 * c + d)
        places.append(state[0])
    return np.stack(places)


def error(parameters, readings):
    return np.sum((motion(parameters, len(readings)) - readings) ** 2)


def measured(steps=STEPS, noise=0.05, seed=0):
    rng = np.random.default_rng(seed)
    with ag.no_grad():
        exact = np.asarray(motion(ag.tensor(TRUE), steps))
    return exact + noise * rng.normal(size=steps)


def fit(readings, start=(3.0, 0.0)):
    slope = ag.compile(ag.value_and_grad(error))
    return minimize(slope, np.array(start), (readings,), jac=True).x


def draw(readings, found, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes, times = figure.subplots(), STEP * np.arange(1, len(readings) + 1)
    axes.plot(times, readings, "k.", markersize=4, label="readings")
    for parameters, label in ((np.array([3.0, 0.0]), "start"), (found, "fitted")):
        axes.plot(times, motion(ag.tensor(parameters)).numpy(), label=label)
    axes.legend()
    axes.set(xlabel="time", title="A damped oscillator")
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot, readings = parser.parse_args().plot, measured()
    found = fit(readings)
    print(f"stiffness {found[0]:.3f} (4), friction {found[1]:.3f} (0.3)")
    if plot:
        draw(readings, found, plot)
