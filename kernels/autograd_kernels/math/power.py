"""Powers of one number; see `scalar`.

The logarithm is carried as an unevaluated sum of two floats: its error is multiplied
by up to 700 on its way to the result.
"""

from autograd_kernels.jit import exact
from autograd_kernels.llvm.floats import copysign, floor, fma, horner, pick
from autograd_kernels.math.constants import EXP_RANGE, HALF, INF, NAN, ONE, TWO, ZERO
from autograd_kernels.math.scalar import scaled_exp, split

LN2_SHORT = (0.693145751953125, 0.6931471805601177)  # k times it is exact
LN2_REST = (1.428606765330187e-06, -1.7239444525614835e-13)
TWO_THIRDS_HI = (0.6666666865348816, 0.6666666666666666)
TWO_THIRDS_LO = (-1.9868215517249155e-08, 3.700743415417188e-17)
# (2 atanh(s) / s - 2 - z * 2 / 3) / z**2 in z = s**2
LOG_REST = (
    (0.40000152587890625, 0.2854712903499603, 0.23418684303760529),
    (
        0.40000000000002256,
        0.28571428570099294,
        0.22222222519971618,
        0.181817843630551,
        0.15386757509899265,
        0.1325681376451687,
        0.131963642744112,
    ),
)


@exact
def _log_two(x):
    """(high, low) with high + low = log(x), for 0 < x < inf."""
    k, m = split(x)
    f = m - pick(x, ONE)
    d = pick(x, TWO) + f
    inverse = pick(x, ONE) / d
    s = f * inverse
    s_low = (fma(-s, d, f) - s * (f - (d - pick(x, TWO)))) * inverse
    z = s * s
    z_low = fma(s, s, -z) + pick(x, TWO) * s * s_low
    rest = z * horner(z, LOG_REST)
    c = pick(x, TWO_THIRDS_HI) + rest
    c_low = (pick(x, TWO_THIRDS_HI) - c) + rest + pick(x, TWO_THIRDS_LO)
    t = z * c
    t_low = fma(z, c, -t) + (z * c_low + z_low * c)
    w = pick(x, TWO) + t
    w_low = (pick(x, TWO) - w) + t + t_low
    log_m = s * w
    low = fma(s, w, -log_m) + (s * w_low + s_low * w)
    k_ln2 = k * pick(x, LN2_SHORT)
    high = k_ln2 + log_m
    return high, (k_ln2 - high) + log_m + fma(k, pick(x, LN2_REST), low)


@exact
def pow(a, b):
    """a**b = exp(b log(|a|)), then C's special cases, later ones going first."""
    one, zero = pick(a, ONE), pick(a, ZERO)
    size = abs(a)
    high, low = _log_two(size)
    e = b * high
    e_low = fma(b, high, -e) + b * low
    e_low = e_low if abs(e) < pick(a, EXP_RANGE) else zero
    y = scaled_exp(one, e, e_low)
    half = pick(a, HALF) * b
    whole = floor(b) == b
    odd = whole and floor(half) != half
    y = one if size == one else y
    extreme = pick(a, INF) if (b < 0) == (size == 0) else zero
    y = extreme if (size == 0 or size == pick(a, INF)) else y
    y = copysign(y, a) if odd else y
    y = pick(a, NAN) if (a < 0 and not whole and size < pick(a, INF)) else y
    y = a + b if (a != a or b != b) else y
    return one if (b == 0 or a == one) else y
