"""scipy.optimize with our derivatives as written: it takes what transforms return.

The oracle is the same call with the derivatives of HIPS autograd, which are arrays.
"""

import warnings

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import autograd_core as ag

so = pytest.importorskip("scipy.optimize")

START = np.array([0.8, 0.6])
T = np.linspace(0, 3, 20)
Y = 2 * np.exp(-1.3 * T) + 0.01 * np.sin(9 * T)
GRADIENT = ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"]
HESSIAN = [
    "Newton-CG",
    "trust-constr",
    "dogleg",
    "trust-ncg",
    "trust-exact",
    "trust-krylov",
]
PRODUCT = ["Newton-CG", "trust-constr", "trust-ncg", "trust-krylov"]


class Ours:
    np = np
    grad = staticmethod(ag.grad)
    value_and_grad = staticmethod(ag.value_and_grad)
    hessian = staticmethod(ag.hessian)
    jacobian = staticmethod(ag.jacobian)
    hvp = staticmethod(ag.hvp)


class Theirs:
    np = anp
    grad = staticmethod(autograd.grad)
    value_and_grad = staticmethod(autograd.value_and_grad)
    hessian = staticmethod(autograd.hessian)
    jacobian = staticmethod(autograd.jacobian)

    @staticmethod
    def hvp(f, x, v):
        return autograd.hessian_vector_product(f)(x, v)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def minimum(method, jac, second=None):
    def solve(d):
        extra = {"hess": d.hessian(rosenbrock)} if second == "hess" else {}
        if second == "hessp":
            extra = {"hessp": lambda x, v: d.hvp(rosenbrock, x, v)}
        f = d.value_and_grad(rosenbrock) if jac is True else rosenbrock
        slope = True if jac is True else d.grad(rosenbrock)
        return so.minimize(f, START, jac=slope, method=method, **extra).x

    return solve


CALLS = {}
for jac in (True, "grad"):
    for method in GRADIENT:
        CALLS[f"{method} {jac}"] = minimum(method, jac)
    for method in HESSIAN:
        CALLS[f"{method} {jac} hess"] = minimum(method, jac, "hess")
for method in PRODUCT:
    CALLS[f"{method} hessp"] = minimum(method, "grad", "hessp")


def call(name):
    def named(solve):
        CALLS[name] = solve
        return solve

    return named


def decay(p):
    return p[0] * np.exp(-p[1] * T) - Y


def their_decay(p):
    return p[0] * anp.exp(-p[1] * T) - Y


def residuals(d):
    return decay if d is Ours else their_decay


for method in ("lm", "trf", "dogbox"):

    @call(f"least_squares {method}")
    def fitted(d, method=method):
        f = residuals(d)
        return so.least_squares(f, [1.0, 1.0], jac=d.jacobian(f), method=method).x


@call("leastsq")
def leastsq(d):
    f = residuals(d)
    return so.leastsq(f, [1.0, 1.0], Dfun=d.jacobian(f))[0]


def system(x):
    return x + 0.5 * (x - x[::-1]) ** 3 - np.array([1.0, 0.0])


for method in ("hybr", "lm"):

    @call(f"root {method}")
    def root(d, method=method):
        return so.root(system, [0.0, 0.0], jac=d.jacobian(system), method=method).x


@call("fsolve")
def fsolve(d):
    return so.fsolve(system, [0.0, 0.0], fprime=d.jacobian(system))


@call("newton")
def newton(d):
    return so.newton(lambda x: x**3 - x - 1, 1.0, fprime=d.grad(lambda x: x**3 - x - 1))


@call("newton fprime2")
def halley(d):
    def f(x):
        return x**3 - x - 1

    return so.newton(f, 1.0, fprime=d.grad(f), fprime2=d.grad(d.grad(f)))


@call("root_scalar")
def root_scalar(d):
    f = d.value_and_grad(lambda x: x**3 - x - 1)
    return so.root_scalar(f, x0=1.0, fprime=True, method="newton").root


@call("curve_fit")
def curve_fit(d):
    def model(t, a, b):
        return a * d.np.exp(-b * t)

    def jac(t, a, b):
        if d is Ours:
            return np.stack(ag.jacobian(model, (1, 2))(t, a, b), axis=1)
        parts = [autograd.jacobian(model, n)(t, a, b) for n in (1, 2)]
        return np.stack(parts, axis=1)

    return so.curve_fit(model, T, Y, [1.0, 1.0], jac=jac)[0]


@call("SLSQP with a constraint")
def slsqp(d):
    def inside(x):
        return 1 - x[0] ** 2 - x[1] ** 2

    bound = {"type": "ineq", "fun": inside, "jac": d.grad(inside)}
    f = d.value_and_grad(rosenbrock)
    return so.minimize(f, START, jac=True, method="SLSQP", constraints=[bound]).x


@call("trust-constr with a constraint")
def trust_constr(d):
    def c(x):
        return x[0] ** 2 + x[1] ** 2

    bound = so.NonlinearConstraint(
        c, -np.inf, 1, jac=d.grad(c), hess=lambda x, v: v[0] * d.hessian(c)(x)
    )
    f, hess = d.value_and_grad(rosenbrock), d.hessian(rosenbrock)
    return so.minimize(
        f, START, jac=True, hess=hess, method="trust-constr", constraints=bound
    ).x


@call("basinhopping")
def basinhopping(d):
    f = d.value_and_grad(rosenbrock)
    options = {"jac": True, "method": "L-BFGS-B"}
    return so.basinhopping(f, START, niter=2, minimizer_kwargs=options, rng=0).x


@call("fmin_bfgs")
def fmin_bfgs(d):
    return so.fmin_bfgs(rosenbrock, START, fprime=d.grad(rosenbrock), disp=0)


@call("fmin_l_bfgs_b")
def fmin_l_bfgs_b(d):
    return so.fmin_l_bfgs_b(d.value_and_grad(rosenbrock), START)[0]


@call("fmin_ncg")
def fmin_ncg(d):
    slope, second = d.grad(rosenbrock), d.hessian(rosenbrock)
    return so.fmin_ncg(rosenbrock, START, slope, fhess=second, disp=0)


@call("check_grad")
def check_grad(d):
    return np.array(so.check_grad(rosenbrock, d.grad(rosenbrock), START) < 1e-4)


@pytest.mark.parametrize("name", CALLS)
def test_scipy_takes_our_derivatives(name):
    with warnings.catch_warnings():  # SciPy's own, of steps without curvature
        warnings.filterwarnings("ignore", "delta_grad == 0.0")
        ours, theirs = CALLS[name](Ours), CALLS[name](Theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_what_has_no_graph_is_an_array_at_the_edge():
    x = ag.tensor([1.0, 2.0])
    assert type(np.atleast_1d(x)) is type(np.atleast_2d(x)) is np.ndarray
    assert np.atleast_2d(x).shape == (1, 2)
    one, two = np.atleast_1d(ag.tensor(3.0), x)
    assert type(one) is type(two) is np.ndarray
