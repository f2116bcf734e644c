"""The normal distribution, erf and gelu of one number. See `scalar`.

In float32 erf is within 1.4 ULP, gelu within 4.3.
"""

from autograd_kernels.jit import exact
from autograd_kernels.llvm.floats import copysign, fma, horner, pick
from autograd_kernels.math.constants import HALF, ONE, TWO
from autograd_kernels.math.scalar import gate, logistic, near_exp

TAIL_AT = (4.0, 5.0)
# exp(a**2 / 2) Q(a) (a + TAIL_AT) in t = (a - TAIL_AT) / (a + TAIL_AT), a >= 0
TAIL = (
    (
        0.7552851438522339,
        -0.6078965663909912,
        0.38713690638542175,
        -0.1865234375,
        0.06040383130311966,
        -0.007525269873440266,
        -0.00351255526766181,
        0.0015699208015576005,
        0.00017935446521732956,
        -0.00013197075168136507,
    ),
    (
        0.769193049750063,
        -0.6653825028900567,
        0.4953056159699773,
        -0.3135331566712962,
        0.1650203661703374,
        -0.06911863870656997,
        0.0207950668008379,
        -0.002993376766706148,
        -0.0007978694080118367,
        0.0005448990333942101,
        -5.937567478042073e-05,
        -4.976265492479482e-05,
        1.668104117889302e-05,
        3.980384734166223e-06,
        -2.768952376849759e-06,
        -3.35537228578771e-07,
        4.328839518456226e-07,
        4.088049776861454e-08,
        -6.601139699046403e-08,
        -8.294795896021414e-09,
        7.942123544086375e-09,
        1.4319663868610727e-09,
        -3.0288958965404087e-10,
    ),
)
ROOT_2 = (1.4142135381698608, 1.4142135623730951)
# erf(x) / x - 1 in x**2, |x| <= 1
ERF = (
    (
        0.12837916612625122,
        -0.3761262595653534,
        0.1128358542919159,
        -0.026853812858462334,
        0.005188327748328447,
        -0.0008010191959328949,
        7.853852002881467e-05,
    ),
    (
        0.1283791670955126,
        -0.3761263890318375,
        0.11283791670954857,
        -0.026866170645072893,
        0.005223977624780849,
        -0.0008548326978741218,
        0.00012055331036867641,
        -1.4925593506254136e-05,
        1.646097280914595e-06,
        -1.6350025163666317e-07,
        1.4657879601536979e-08,
        -1.1365665583128013e-09,
        5.945261941183837e-11,
    ),
)
TAIL_END = (15.0, 40.0)  # beyond, Q is 0


@exact
def _bell(m, a):
    """m exp(-a**2 / 2) for ``a`` within `TAIL_END`."""
    square = a * a
    error = fma(a, a, -square)
    minus_half = -pick(a, HALF)
    return near_exp(m, minus_half * square, minus_half * error)


@exact
def _inverse(a):
    return pick(a, ONE) / (a + pick(a, TAIL_AT))


@exact
def _tail_at(u):
    """`TAIL` for a / (a + TAIL_AT) = u, of which small ``a`` have all digits."""
    return horner(fma(u, pick(u, TWO), -pick(u, ONE)), TAIL)


@exact
def _mills(a):
    """exp(a**2 / 2) P(a standard normal number > a) for a >= 0."""
    inverse = _inverse(a)
    return _tail_at(a * inverse) * inverse


@exact
def tail(m, a):
    """m P(a standard normal number > a) for a >= 0."""
    end = pick(a, TAIL_END)
    a = end if a > end else a
    return _bell(m * _mills(a), a)


@exact
def erf(x):
    a = abs(x)
    near = fma(x, horner(x * x, ERF), x)
    far = pick(x, ONE) - tail(pick(x, TWO), pick(x, ROOT_2) * a)
    return copysign(far, x) if a > pick(x, ONE) else near


# --- gelu ---------------------------------------------------------------------------
# Hendrycks and Gimpel, arXiv:1606.08415. Beyond the clamps the result no longer changes
# (or is 0), and infinity times 0 does not arise.

THREE = (3.0, 3.0)
DENSITY = (0.3989422917366028, 0.3989422804014327)  # 1 / sqrt(2 pi)
GATE_END = (11.0, 22.0)  # beyond, the tanh gate is 0 or 1
GATE_HI = (1.5957691669464111, 1.5957691216057308)  # 2 sqrt(2 / pi)
GATE_LO = (-4.534068054340423e-08, -9.96930880911092e-17)
CUBE_HI = (0.07135481387376785, 0.07135481627260025)  # 0.044715 times that
CUBE_LO = (2.3988324659995897e-09, -6.175149918155315e-19)


@exact
def _clamp(x, end):
    x = end if x > end else x
    return -end if x < -end else x


@exact
def gelu(x):
    """x P(a standard normal number <= x)."""
    m = _clamp(x, pick(x, TAIL_END))
    u = m * _inverse(abs(m))
    q = _bell(u * _tail_at(abs(u)), m)
    return x - q if x > 0 else q


@exact
def gelu_slope(x):
    """Within a few roundings of 1; spelled like `gelu`, for a loop that wants both."""
    m = _clamp(x, pick(x, TAIL_END))
    inverse = _inverse(abs(m))
    mills = _tail_at(abs(m * inverse)) * inverse
    q = _bell(fma(-abs(m), pick(x, DENSITY), mills), m)
    return pick(x, ONE) - q if x > 0 else q


@exact
def _tanh_argument(x):
    """2 sqrt(2 / pi) (x + 0.044715 x**3) as a sum of two floats."""
    square = x * x
    cube = pick(x, CUBE_HI) * square
    factor = cube + pick(x, GATE_HI)
    moved = factor - cube  # Knuth's two-sum: either term may be the larger
    low = (cube - (factor - moved)) + (pick(x, GATE_HI) - moved)
    low = low + fma(pick(x, CUBE_HI), square, -cube)
    low = low + fma(pick(x, CUBE_LO), square, pick(x, GATE_LO))
    low = fma(pick(x, CUBE_HI), fma(x, x, -square), low)
    v = x * factor
    return v, fma(x, factor, -v) + x * low


@exact
def gelu_tanh(x):
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2."""
    end = pick(x, GATE_END)
    v, low = _tanh_argument(_clamp(x, end))
    return gate(-end if x < -end else x, v, low)


@exact
def gelu_tanh_slope(x):
    x = _clamp(x, pick(x, GATE_END))
    v, low = _tanh_argument(x)
    s, rest = logistic(v, low)
    slope = fma(pick(x, THREE) * pick(x, CUBE_HI), x * x, pick(x, GATE_HI))
    return fma(x * slope, s * rest, s)
