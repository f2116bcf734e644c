"""Random writes in place by many names: NumPy's values and gradients, or an error."""

import operator
import random

import numpy as np
import pytest

import autograd_core as ag

X = np.array([0.3, -0.7, 1.1, 2.0])
INDICES = ["0", "1", "-1", "1:3", "::2", "::-1", "[0, 2]", "[1, 1]", "..."]
VALUES = ["x", "np.sin(x)", "y", "z", "l[0]", "y * z", "x * y + 1", "2.0", "b.q"]
ELEMENTS = ["x[0]", "x[2] * x[1]", "y[1]", "z[0] * x[3]", "3.0", "np.sum(y)"]


class Box:
    pass


def program(seed):
    """The text of a function that writes to what several names see."""
    r = random.Random(seed)
    lines = ["y = x * 2", "z = x * x", "l = [y]", "b = Box()", "b.q = z"]
    names = ["y", "z", "l[0]", "b.q", "l[-1]"]
    for _ in range(r.randint(2, 7)):
        n, m, i = r.choice(names), r.choice(names), r.choice(INDICES)
        v, e = r.choice(VALUES), r.choice(ELEMENTS)
        lines.append(
            r.choice(
                [
                    f"{n}[{i}] = {e}",
                    f"{n} += {v}",
                    f"{n} *= np.sin(x) + 3",
                    f"{n} = {m}",
                    f"{n} = {v} * x",
                    f"np.multiply({v}, x, out={n})",
                    f"v = {n}[{i}]",
                    f"{n}[{i}] *= {e}",
                    f"{n}[{i}] -= {e}",
                    f"operator.iadd({n}, x)",
                    f"(lambda q: operator.imul(q, x))({n})",
                    f"for t in ({n}, {m}): t += x",
                    f"{n}[1:3] = x[:2]",
                    f"l.append({n})",
                ]
            )
        )
    lines.append("return y * z + l[-1] * b.q")
    return "def f(x):\n" + "".join(f"    {line}\n" for line in lines)


def jacobian(f):
    sides = [(f(X + 1e-6 * e), f(X - 1e-6 * e)) for e in np.eye(4)]
    return np.stack([(up - down) / 2e-6 for up, down in sides], -1)


@pytest.mark.parametrize("part", range(4))
def test_random_writes(part):
    right = 0
    for seed in range(100 * part, 100 * part + 100):
        text = program(seed)
        scope = {"np": np, "operator": operator, "Box": Box}
        exec(text, scope)  # noqa: S102
        f = scope["f"]
        expected, slopes = f(X.copy()), jacobian(f)
        g = np.random.default_rng(seed).standard_normal(4)
        try:
            value, pullback = ag.vjp(f, X)
            (found,) = pullback(g)
        except RuntimeError as error:
            if "memory" in str(error) or "in place" in str(error):
                continue
            raise
        right += 1
        np.testing.assert_allclose(value.numpy(), expected, rtol=1e-11, err_msg=text)
        scale = max(1.0, np.abs(slopes).max())
        np.testing.assert_allclose(
            found.numpy(), g @ slopes, rtol=1e-5, atol=1e-6 * scale, err_msg=text
        )
    assert right > 40
