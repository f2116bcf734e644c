"""Sine and cosine of one number; see `scalar`.

They hold up to TRIG_RANGE; beyond, `far_sin` and `far_cos` call the C library.
"""

import math

from autograd_kernels.jit import exact
from autograd_kernels.llvm.floats import as_int, fma, horner, pick
from autograd_kernels.math.constants import HALF, MAGIC, ONE

TRIG_RANGE = (30000.0, 1e9)  # the reduction holds this far
TWO_OVER_PI = (0.6366197466850281, 0.6366197723675814)
HALF_PI_1 = (1.5707963705062866, 1.5707963267948966)
HALF_PI_2 = (-4.371138828673793e-08, 6.123233995736766e-17)
HALF_PI_3 = (-1.7151245100058819e-15, -1.4973849048591698e-33)
# (sin(r) / r - 1) / z and (cos(r) - 1 + z / 2) / z**2 in z = r**2, |r| <= pi / 4
SIN = (
    (-0.16666655242443085, 0.008332177996635437, -0.00019517233886290342),
    (
        -0.16666666666666632,
        0.008333333333322413,
        -0.00019841269829807607,
        2.7557313691786023e-06,
        -2.5050758089448664e-08,
        1.589679398308269e-10,
    ),
)
COS = (
    (0.04166664555668831, -0.0013887366512790322, 2.4438391847070307e-05),
    (
        0.0416666666666666,
        -0.0013888888888874125,
        2.4801587289482272e-05,
        -2.755731435235101e-07,
        2.0875723274671563e-09,
        -1.1359647828553004e-11,
    ),
)


@exact
def _sin_from(x, quadrant):
    """sin(x + quadrant * pi / 2) for |x| up to TRIG_RANGE."""
    t = fma(x, pick(x, TWO_OVER_PI), pick(x, MAGIC))
    n = t - pick(x, MAGIC)
    r = fma(n, -pick(x, HALF_PI_1), x)
    r = fma(n, -pick(x, HALF_PI_2), r)
    r = fma(n, -pick(x, HALF_PI_3), r)
    z = r * r
    s = fma(r * z, horner(z, SIN), r)
    c = pick(x, ONE) - (pick(x, HALF) * z - z * z * horner(z, COS))
    q = as_int(t) + quadrant
    y = s if q & 1 == 0 else c
    return y if q & 2 == 0 else -y


@exact
def sin(x):
    return x if x == 0 else _sin_from(x, 0)


@exact
def cos(x):
    return _sin_from(x, 1)


@exact
def far_sin(x):
    return math.sin(x) if abs(x) > pick(x, TRIG_RANGE) else sin(x)


@exact
def far_cos(x):
    return math.cos(x) if abs(x) > pick(x, TRIG_RANGE) else cos(x)


@exact
def in_range(x):
    """Whether a whole array is within TRIG_RANGE."""
    far = 0
    for i in range(x.size):
        far += abs(x[i]) > pick(x[i], TRIG_RANGE)
    return far == 0
