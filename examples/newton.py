"""Newton's method without a Hessian: its products with vectors are enough.

Each step solves ``H step = -gradient`` by conjugate gradients, which read H only as
``v -> H v`` (R. S. Dembo and T. Steihaug, "Truncated-Newton algorithms for large-scale
unconstrained optimization", 1983). The surface of least area over a bent wire frame
has a Hessian of 65,536 numbers here; none of it is built.
"""

import argparse

import numpy as np

import autograd_core as ag


def area(inside, frame):
    """Of the surface over the unit square with these heights, by its slopes."""
    n = frame.shape[0]
    middle = np.reshape(inside, (n - 2, n - 2))
    rows = np.concatenate([frame[1:-1, :1], middle, frame[1:-1, -1:]], axis=1)
    heights = np.concatenate([frame[:1], rows, frame[-1:]], axis=0)
    across = (n - 1) * (heights[1:, :-1] - heights[:-1, :-1])
    along = (n - 1) * (heights[:-1, 1:] - heights[:-1, :-1])
    return np.mean(np.sqrt(1.0 + across**2 + along**2))


def conjugate_gradients(product, target, tolerance):
    """``x`` with ``product(x)`` near ``target``, for a positive definite product."""
    x, rest = np.zeros_like(target), target
    way, size = rest, rest @ rest
    for _ in range(2 * target.size):
        if np.sqrt(size) <= tolerance:
            break
        image = product(way)
        length = size / (way @ image)
        x, rest = x + length * way, rest - length * image
        size, before = rest @ rest, size
        way = rest + size / before * way
    return x


def newton(f, x, steps=20):
    """The minimiser, and how large the gradient was before each step."""
    sizes = []
    for _ in range(steps):
        slope = ag.grad(f)(x).numpy()
        sizes.append(np.linalg.norm(slope))
        if sizes[-1] < 1e-10:
            break

        def product(v, at=x):
            return ag.hvp(f, at, v).numpy()

        goal = min(0.1, sizes[-1]) * sizes[-1]
        step, before = conjugate_gradients(product, -slope, goal), f(x)
        while f(x + step) > before:  # too far from where the model holds
            step = step / 2
        x = x + step
    return x, sizes


def solve(n=18):
    at = np.linspace(0, 1, n)
    frame = 0.5 * np.sin(np.pi * (at[:, None] + at)) * np.cos(np.pi * at)
    frame[1:-1, 1:-1] = 0.0
    inside, sizes = newton(lambda x: area(x, frame), np.zeros((n - 2) ** 2))
    frame[1:-1, 1:-1] = inside.reshape(n - 2, n - 2)
    return frame, sizes


def draw(surface, file):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(*2 * [np.linspace(0, 1, surface.shape[0])])
    axes.plot_surface(x, y, surface, cmap="viridis")
    axes.set(title="The surface of least area over its frame")
    figure.savefig(file, dpi=72)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", help="a file for the picture")
    plot = parser.parse_args().plot
    surface, sizes = solve()
    print("gradients:", " ".join(f"{size:.0e}" for size in sizes))
    if plot:
        draw(surface, plot)
