"""Activations and their gradients; units are elements of flat arrays of one size.

Forward kernels take ``(lo, hi, [c,] x, out)``; ``c`` holds hyper-parameters in the
data's dtype. Backward kernels take ``(lo, hi, [c,] g, x or y, gx)`` and write
gx = g * slope; they read y, the output, where it is enough. Where the slope jumps it is
the one on the left, as in PyTorch: 0 for relu.
"""

from autograd_kernels.elementwise import map1, zip2
from autograd_kernels.jit import elements, exact, rule
from autograd_kernels.llvm.floats import fma, pick
from autograd_kernels.llvm.memory import at, wide
from autograd_kernels.math import normal, scalar
from autograd_kernels.math.constants import EXP_RANGE, INF, NEGATIVE_ZERO, ONE, ZERO

# Klambauer et al., arXiv:1706.02515
SELU_SCALE = (1.0507010221481323, 1.0507009873554805)
SELU_NEGATIVE = (1.7580993175506592, 1.7580993408473766)  # scale * alpha

# --- Loops with a hyper-parameter ---------------------------------------------------


@rule
def _map1(f, lo, hi, c, x, out):
    """out = f(c, x)."""
    p, X, O = c[0], at(x, lo), at(out, lo)
    for i in range(hi - lo):
        O[i] = f(p, X[i])


@rule
def _zip2(f, lo, hi, c, g, x, out):
    """out = f(c, g, x)."""
    p, G, X, O = c[0], at(g, lo), at(x, lo), at(out, lo)
    for i in range(hi - lo):
        O[i] = f(p, G[i], X[i])


# --- Functions of one element -------------------------------------------------------


@exact
def _relu(x):
    return pick(x, ZERO) if x <= 0 else x


@exact
def _relu_backward(g, y):
    return pick(g, ZERO) if y <= 0 else g


@exact
def _leaky_relu(slope, x):
    return x if x > 0 else slope * x


@exact
def _leaky_relu_backward(slope, g, x):
    return g if x > 0 else slope * g


@exact
def _elu(alpha, x):
    return x if x > 0 else alpha * scalar.expm1(x)


@exact
def _elu_backward(alpha, g, x):
    return g if x > 0 else g * (alpha * scalar.exp(x))


@exact
def _selu(x):
    left = pick(x, SELU_NEGATIVE) * scalar.expm1(x)
    return pick(x, SELU_SCALE) * x if x > 0 else left


@exact
def _selu_backward(g, x):
    left = pick(x, SELU_NEGATIVE) * scalar.exp(x)
    return g * (pick(x, SELU_SCALE) if x > 0 else left)


@exact
def _silu(x):
    end = pick(x, EXP_RANGE)
    return scalar.gate(-end if x < -end else x, x, pick(x, NEGATIVE_ZERO))


@exact
def _silu_backward(g, x):
    end = pick(x, EXP_RANGE)
    x = end if x > end else (-end if x < -end else x)
    s, rest = scalar.logistic(x, pick(x, ZERO))
    return g * (s + x * (s * rest))


@exact
def _scaled(beta, x):
    """beta * x as a sum of two floats; the second is 0 where the first is infinite."""
    z = beta * x
    return z, fma(beta, x, -z) if abs(z) < pick(x, INF) else pick(x, ZERO)


@exact
def _softplus(beta, threshold, x):
    z, low = _scaled(beta, x)
    y = (x if z > 0 else pick(x, ZERO)) + scalar.log1p_exp(z, low) / beta
    return x if z > threshold else y


@exact
def _softplus_backward(beta, threshold, g, x):
    z, low = _scaled(beta, x)
    slope = scalar.logistic(z, low)[0]
    return g if z > threshold else g * slope


@exact
def _sigmoid_backward(g, y):
    return g * (y * (pick(y, ONE) - y))


@exact
def _tanh_backward(g, y):
    return g * ((pick(y, ONE) - y) * (pick(y, ONE) + y))


# --- Kernels ------------------------------------------------------------------------


@elements
def relu(lo, hi, x, out):
    """NaN stays NaN."""
    map1(_relu, lo, hi, x, out)


@elements
def relu_backward(lo, hi, g, y, gx):
    zip2(_relu_backward, lo, hi, g, y, gx)


@elements
def leaky_relu(lo, hi, c, x, out):
    """c = [negative slope]."""
    _map1(_leaky_relu, lo, hi, c, x, out)


@elements
def leaky_relu_backward(lo, hi, c, g, x, gx):
    _zip2(_leaky_relu_backward, lo, hi, c, g, x, gx)


@elements
def elu(lo, hi, c, x, out):
    """c = [alpha]; Clevert et al., arXiv:1511.07289."""
    wide()
    _map1(_elu, lo, hi, c, x, out)


@elements
def elu_backward(lo, hi, c, g, x, gx):
    wide()
    _zip2(_elu_backward, lo, hi, c, g, x, gx)


@elements
def selu(lo, hi, x, out):
    wide()
    map1(_selu, lo, hi, x, out)


@elements
def selu_backward(lo, hi, g, x, gx):
    wide()
    zip2(_selu_backward, lo, hi, g, x, gx)


@elements
def gelu(lo, hi, x, out):
    wide()
    map1(normal.gelu, lo, hi, x, out)


@elements
def gelu_tanh(lo, hi, x, out):
    wide()
    map1(normal.gelu_tanh, lo, hi, x, out)


@elements
def silu(lo, hi, x, out):
    wide()
    map1(_silu, lo, hi, x, out)


@elements
def silu_backward(lo, hi, g, x, gx):
    wide()
    zip2(_silu_backward, lo, hi, g, x, gx)


@elements
def softplus(lo, hi, c, x, out):
    """c = [beta, threshold]: log(1 + exp(beta x)) / beta, x where beta x is above."""
    wide()
    beta, threshold, X, O = c[0], c[1], at(x, lo), at(out, lo)
    for i in range(hi - lo):
        O[i] = _softplus(beta, threshold, X[i])


@elements
def softplus_backward(lo, hi, c, g, x, gx):
    wide()
    beta, threshold = c[0], c[1]
    G, X, O = at(g, lo), at(x, lo), at(gx, lo)
    for i in range(hi - lo):
        O[i] = _softplus_backward(beta, threshold, G[i], X[i])


@elements
def sigmoid(lo, hi, x, out):
    wide()
    map1(scalar.sigmoid, lo, hi, x, out)


@elements
def sigmoid_backward(lo, hi, g, y, gx):
    zip2(_sigmoid_backward, lo, hi, g, y, gx)


@elements
def tanh(lo, hi, x, out):
    wide()
    map1(scalar.tanh, lo, hi, x, out)


@elements
def tanh_backward(lo, hi, g, y, gx):
    zip2(_tanh_backward, lo, hi, g, y, gx)


@elements
def erf(lo, hi, x, out):
    wide()
    map1(normal.erf, lo, hi, x, out)
