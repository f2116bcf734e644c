"""How each function of HIPS autograd's ``scipy.special`` is called."""

from calls_numpy import binary, reduction, unary


def with_integer(low=0.2, high=3.0):
    """A function of an integer order and an array."""
    return lambda d: (
        (d.integer(0, 3), d.array(d.shape(0, 2), low=low, high=high)),
        {},
    )


def of_order(low=0.2, high=3.0):
    """A function of a real order, which HIPS does not differentiate, and an array."""
    return lambda d: (
        (d.pick(0.5, 1.0, 2.5), d.array(d.shape(0, 2), low=low, high=high)),
        {},
    )


def betainc(d):
    x = d.array(d.shape(0, 2), low=0.1, high=0.9)
    return (d.pick(0.5, 1.5), d.pick(1.0, 2.5), x), {}


def multigammaln(d):
    return (d.array(d.shape(0, 2), low=2.5, high=5.0), d.pick(1, 2, 4)), {}


SPECIAL = {
    "beta": binary((0.5, 0.5), (3.0, 3.0)),
    "betaln": binary((0.5, 0.5), (3.0, 3.0)),
    "betainc": betainc,
    "polygamma": with_integer(0.5),
    "psi": unary(0.4, 3.0),
    "gamma": unary(0.4, 3.0),
    "gammaln": unary(0.4, 3.0),
    "rgamma": unary(0.4, 3.0),
    "gammasgn": unary(0.4, 3.0),
    "gammainc": of_order(),
    "gammaincc": of_order(),
    "multigammaln": multigammaln,
    "j0": unary(0.2, 3.0),
    "j1": unary(0.2, 3.0),
    "y0": unary(0.4, 3.0),
    "y1": unary(0.4, 3.0),
    "i0": unary(),
    "i1": unary(),
    "jn": with_integer(),
    "yn": with_integer(0.5),
    "iv": of_order(),
    "ive": of_order(),
    "erf": unary(),
    "erfc": unary(),
    "erfinv": unary(-0.9, 0.9),
    "erfcinv": unary(0.1, 1.9),
    "logit": unary(0.1, 0.9),
    "expit": unary(),
    "logsumexp": reduction(),
}
