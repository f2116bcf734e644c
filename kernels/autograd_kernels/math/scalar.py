"""Exponentials, logarithms and sigmoids of one number, for float32 and float64.

Branch-free (selects only), so that LLVM vectorises every loop that calls them. Each
is within 2 ULP and has C's values at zeros, infinities, NaN and at the edges of over-
and underflow; so have those in `normal`, `power` and `trigonometric`. Constants are
pairs, see `floats`. The polynomials are minimax fits (Remez, weighted for the relative
error of the result). Exact steps are spelled as `fma`, and nothing here may be
contracted or re-associated: the error terms depend on it, and a vector lane must round
as the scalar remainder of its loop does.
"""

from autograd_kernels.jit import exact
from autograd_kernels.llvm.floats import as_float, as_int, copysign, fma, horner, pick
from autograd_kernels.math.constants import (
    EXP,
    EXP_RANGE,
    HALF,
    INF,
    LN2_HI,
    LN2_LO,
    LOG2E,
    MAGIC,
    MANTISSA,
    NAN,
    NEGATIVE_ZERO,
    ONE,
    TWO,
    ZERO,
)

EXPM1_RANGE = (18.0, 38.0)  # below minus this, e**x - 1 rounds to -1


@exact
def _reduce_exp(x):
    """x = n ln(2) + r + low: (n + MAGIC, r, low); NaN stays NaN."""
    shifted = fma(x, pick(x, LOG2E), pick(x, MAGIC))
    n = shifted - pick(x, MAGIC)
    high = fma(n, -pick(x, LN2_HI), x)
    r = fma(n, -pick(x, LN2_LO), high)
    return shifted, r, fma(n, -pick(x, LN2_LO), high - r)


@exact
def _powers(shifted):
    """(s, t) with s * t = 2**n, from n + MAGIC: 2**n itself may over- or underflow."""
    bits = as_int(shifted)  # those of MAGIC itself are shifted out
    half = bits >> 1
    one = as_int(pick(shifted, ONE))
    shift = int(pick(shifted, MANTISSA))
    return (
        as_float(shifted, (half << shift) + one),
        as_float(shifted, ((bits - half) << shift) + one),
    )


@exact
def bounded(x):
    """x, but no further from 0 than what gives 0 or inf already."""
    limit = pick(x, EXP_RANGE)
    x = limit if x > limit else x
    return -limit if x < -limit else x


@exact
def scaled_exp(m, x, low):
    """m exp(x + low) for a small ``low``; exact steps down to subnormal results."""
    return near_exp(m, bounded(x), low)


@exact
def near_exp(m, x, low):
    """`scaled_exp` for x within twice `EXP_RANGE`."""
    shifted, r, _ = _reduce_exp(x)
    r = r + low
    s, t = _powers(shifted)
    p = fma(r * r, horner(r, EXP), r) + pick(x, ONE)
    return (m * p * s) * t


@exact
def plain_exp(x):
    """exp(x) where neither it nor its reciprocal is far from 1: 2**n in one step."""
    shifted = fma(x, pick(x, LOG2E), pick(x, MAGIC))
    n = shifted - pick(x, MAGIC)
    r = fma(n, -pick(x, LN2_LO), fma(n, -pick(x, LN2_HI), x))
    p = fma(r * r, horner(r, EXP), r) + pick(x, ONE)
    shift = int(pick(x, MANTISSA))
    return p * as_float(x, (as_int(shifted) << shift) + as_int(pick(x, ONE)))


@exact
def exp(x):
    low = pick(x, NEGATIVE_ZERO)  # not 0.0: so the sum folds away
    return scaled_exp(pick(x, ONE), x, low)


@exact
def expm1(x):
    shifted, r, low = _reduce_exp(bounded(x))
    s, t = _powers(shifted)
    offset = pick(x, ONE) - (pick(x, ONE) / s) / t  # 1 - 2**-n
    high = offset + r
    low = low + ((offset - high) + r)
    y = (high + fma(r * r, horner(r, EXP), low)) * s * t
    y = -pick(x, ONE) if x < -pick(x, EXPM1_RANGE) else y
    return x if x == 0 else y


# --- Logarithms ---------------------------------------------------------------------
# log(1 + f) = 2 atanh(s) with s = f / (2 + f), as in fdlibm's e_log.c.

TINY = (1.1754943508222875e-38, 2.2250738585072014e-308)  # the least normal number
LIFT = (33554432.0, 18014398509481984.0)  # 2**25, 2**54: makes subnormals normal
LIFT_BITS = (25.0, 54.0)
ROOT_TWO_LESS_1 = (0.4142135679721832, 0.41421356237309503)
ROOT_HALF = (0.7071067690849304, 0.7071067811865476)
# (2 atanh(s) / s - 2) / z in z = s**2, 1 + f between the roots of 1/2 and 2
LOG = (
    (0.6666677594184875, 0.3997753858566284, 0.29871848225593567),
    (
        0.6666666666666734,
        0.3999999999941429,
        0.2857142874248741,
        0.22222198561984643,
        0.18183564950055026,
        0.15314033623352974,
        0.1479612808561417,
    ),
)


@exact
def split(x):
    """x = 2**k m, m between the roots of 1/2 and 2: (k, m); for 0 < x < inf."""
    subnormal = x < pick(x, TINY)
    x = x * pick(x, LIFT) if subnormal else x
    bits = as_int(x) - as_int(pick(x, ROOT_HALF))
    shift = int(pick(x, MANTISSA))
    k = bits >> shift
    m = as_float(x, as_int(x) - (k << shift))
    k = as_float(x, k + as_int(pick(x, MAGIC))) - pick(x, MAGIC)
    return k - pick(x, LIFT_BITS) if subnormal else k, m


@exact
def _log_sum(k, f, low):
    """k ln(2) + log(1 + f) + low for a small ``low``."""
    s = f / (pick(f, TWO) + f)
    z = s * s
    half = pick(f, HALF) * f * f
    low = fma(k, pick(f, LN2_LO), low)
    low = fma(s, fma(z, horner(z, LOG), half), low)
    return fma(k, pick(f, LN2_HI), f - (half - low))


@exact
def log(x):
    k, m = split(x)
    y = _log_sum(k, m - pick(x, ONE), pick(x, NEGATIVE_ZERO))
    y = y if x < pick(x, INF) else x
    y = -pick(x, INF) if x == 0 else y
    return pick(x, NAN) if x < 0 else y


@exact
def log1p(x):
    one = pick(x, ONE)
    u = one + x
    error = (one - (u - x)) if u > pick(x, TWO) else (x - (u - one))
    k, m = split(u)
    f = x if k == 0 else m - one
    y = _log_sum(k, f, pick(x, NEGATIVE_ZERO) if k == 0 else error / u)
    y = y if x < pick(x, INF) else x
    y = -pick(x, INF) if x == -one else y
    y = pick(x, NAN) if x < -one else y
    return x if x == 0 else y


# --- Sigmoids -----------------------------------------------------------------------

TANH_RANGE = (10.0, 20.0)  # beyond, tanh(x) rounds to 1
TANH_NEAR = (0.625, 0.625)
# (tanh(x) / x - 1) / z in z = x**2, |x| <= TANH_NEAR
TANH = (
    (
        -0.3333328068256378,
        0.13331441581249237,
        -0.05373971536755562,
        0.0206390880048275,
        -0.005704986862838268,
    ),
    (
        -0.33333333333332854,
        0.13333333333262087,
        -0.05396825393126611,
        0.02186948757606618,
        -0.008863221002328746,
        0.0035919891717823673,
        -0.0014549588690781952,
        0.0005863165149935499,
        -0.00022856416598422151,
        7.714432092794383e-05,
        -1.6072549574298455e-05,
    ),
)


@exact
def tanh(x):
    limit = pick(x, TANH_RANGE)
    a = abs(x)
    a = limit if a > limit else a
    far = pick(x, ONE) - pick(x, TWO) / (pick(x, ONE) + plain_exp(a + a))
    z = a * a
    near = fma(a * z, horner(z, TANH), a)
    return copysign(near if a < pick(x, TANH_NEAR) else far, x)


@exact
def logistic(x, low):
    """(1 / (1 + exp(-x - low)), 1 / (1 + exp(x + low))) for a small ``low``."""
    e = scaled_exp(pick(x, ONE), -abs(x), -low if x >= 0 else low)
    inverse = pick(x, ONE) / (pick(x, ONE) + e)
    return (inverse, e * inverse) if x >= 0 else (e * inverse, inverse)


@exact
def gate(m, x, low):
    """m / (1 + exp(-x - low)) for a small ``low``."""
    low = -low if x >= 0 else low
    e = scaled_exp(pick(x, ONE), -abs(x), low)
    m = scaled_exp(m, -abs(x), low) if x < 0 else m
    return m / (pick(x, ONE) + e)


@exact
def sigmoid(x):
    e = exp(-abs(x))
    return (e if x < 0 else pick(x, ONE)) / (pick(x, ONE) + e)


@exact
def log1p_exp(x, low):
    """log(1 + exp(-abs(x + low))) for a small ``low``."""
    u = scaled_exp(pick(x, ONE), -abs(x), -low if x >= 0 else low)
    large = u > pick(x, ROOT_TWO_LESS_1)  # then 1 + u = 2 (1 + (u - 1) / 2), exactly
    f = pick(x, HALF) * (u - pick(x, ONE)) if large else u
    k = pick(x, ONE) if large else pick(x, ZERO)
    return _log_sum(k, f, pick(x, NEGATIVE_ZERO))
