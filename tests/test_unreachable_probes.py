"""One call after another that NumPy's protocols cannot reach, by libraries.

Of NumPy, Python's standard library, SciPy, scikit-learn and pandas: each gives the
right gradient, or an error, see `gradient_judge`.
"""

import bisect
import collections
import copy
import ctypes
import decimal
import fractions
import functools
import itertools
import json
import math
import operator
import random
import statistics
import struct

import numpy as np
import pytest
from gradient_judge import EYE, filled, judge, matrix, objects, put

linalg = pytest.importorskip("scipy.linalg")
stats = pytest.importorskip("scipy.stats")
signal = pytest.importorskip("scipy.signal")
integrate = pytest.importorskip("scipy.integrate")
interpolate = pytest.importorskip("scipy.interpolate")
optimize = pytest.importorskip("scipy.optimize")
ndimage = pytest.importorskip("scipy.ndimage")
sparse = pytest.importorskip("scipy.sparse")
distance = pytest.importorskip("scipy.spatial.distance")
fft = pytest.importorskip("scipy.fft")
special = pytest.importorskip("scipy.special")
metrics = pytest.importorskip("sklearn.metrics")
preprocessing = pytest.importorskip("sklearn.preprocessing")

NUMPY = {
    "a[0] =": lambda t: put(np.zeros(2), 0, t[0]) * t,
    "a[[0, 1]] =": lambda t: put(np.zeros(2), [0, 1], t),
    "a[mask] = number": lambda t: put(np.zeros(2), np.array([True, False]), t[0]),
    "float32 a[0] =": lambda t: put(np.zeros(2, np.float32), 0, t[0]),
    "complex a[0] =": lambda t: put(np.zeros(2, complex), 0, t[0]).real,
    "rows a[0] =": lambda t: put(np.zeros((2, 2)), 0, t),
    "a.flat": filled(lambda a, t: a.flat.__setitem__(slice(None), t)),
    "a.fill": filled(lambda a, t: a.fill(t[0])),
    "a.put": filled(lambda a, t: a.put([0, 1], t)),
    "a +=": filled(operator.iadd),
    "np.put": filled(lambda a, t: np.put(a, [0, 1], t)),
    "np.place": filled(lambda a, t: np.place(a, [True, True], t)),
    "np.putmask": filled(lambda a, t: np.putmask(a, [True, True], t)),
    "np.fill_diagonal": filled(np.fill_diagonal, (2, 2)),
    "np.put_along_axis": filled(
        lambda a, t: np.put_along_axis(a, np.array([0, 1]), t, 0)
    ),
    "np.add.at": filled(lambda a, t: np.add.at(a, [0, 1], t)),
    "out=": filled(lambda a, t: np.add(t, t, out=a)),
    "out= of lists": filled(lambda a, t: np.add([t[0], t[1]], 1.0, out=a)),
    "np.fromiter": lambda t: np.fromiter(iter(t), float) * t,
    "np.fromfunction": lambda t: np.fromfunction(lambda i: t[0] * i, (3,)),
    "np.vectorize closure": lambda t: np.vectorize(lambda v: v * t[0])(np.ones(2)),
    "np.vectorize otypes": lambda t: np.vectorize(lambda v: v * t[0], otypes=[float])(
        np.ones(2)
    ),
    "np.frompyfunc": lambda t: np.frompyfunc(lambda v: v * t[0], 1, 1)(np.ones(2)),
    "apply_along_axis": lambda t: np.apply_along_axis(
        lambda v: v * t[0], 0, np.ones(2)
    ),
    "piecewise": lambda t: np.piecewise(np.ones(2), [[True, False]], [t[0], t[1]]),
    "np.c_": lambda t: np.c_[t, t],
    "np.r_ range": lambda t: np.r_[t[0] : t[1] : 3j],
    "np.mgrid": lambda t: np.mgrid[t[0] : t[1] : 3j],
    "np.linspace": lambda t: np.linspace(t[0], t[1], 3),
    "np.arange": lambda t: np.arange(0.0, t[1], t[0]),
    "records": lambda t: np.array([(t[0], t[1])], [("a", float), ("b", float)])["a"],
    "rec.fromarrays": lambda t: np.rec.fromarrays([t, t]).f0,
    "object sum": lambda t: objects(t[0], t[1]).sum() * t[0],
    "object astype": lambda t: objects(t[0], t[1]).astype(float),
    "object exp": lambda t: t * objects(t[0], t[1]),
    "np.float32": lambda t: np.float32(t[0]),
    "np.longdouble": lambda t: np.longdouble(t[0]),
    "np.complex128": lambda t: np.complex128(t).real,
    "np.str_": lambda t: float(np.str_(t[0])),
    "np.nditer": lambda t: sum(float(v) for v in np.nditer(t)),
    "np.broadcast": lambda t: sum(a * b for a, b in np.broadcast(t, [1.0, 2.0])),
    "np.bmat": lambda t: np.bmat([[t, t]]),
    "np.poly1d": lambda t: np.poly1d(t)(2.0),
    "Polynomial": lambda t: np.polynomial.Polynomial(t)(2.0),
    "chebval": lambda t: np.polynomial.chebyshev.chebval(0.5, t),
    "np.roots": lambda t: np.roots([1.0, t[0], -t[1]]),
    "np.interp": lambda t: np.interp([0.5], [0.0, 1.0], t),
    "np.max initial": lambda t: np.max(np.zeros(2), initial=t[0]),
    "np.average weights": lambda t: np.average([1.0, 2.0], weights=[t[0], t[1]]),
    "np.bincount": lambda t: np.bincount([0, 1], weights=t),
    "np.histogram edges": lambda t: np.histogram(t)[1],
    "np.histogram density": lambda t: np.histogram(t, density=True)[0],
    "np.histogram bins": lambda t: np.histogram([0.7, 1.0], t, density=True)[0],
    "np.histogram range": lambda t: np.histogram([1.0], range=(t[0], t[1]))[1],
    "np.histogram2d": lambda t: np.histogram2d(t, t)[1],
    "np.histogramdd": lambda t: np.histogramdd([t, t])[1][0],
    "np.ix_": lambda t: np.ix_(t)[0],
    "np.unique index": lambda t: np.unique(t, return_index=True)[0],
    "astype int": lambda t: t.astype(int) * t,
    "astype bool": lambda t: (t > 1.0).astype(bool) * t,
    "rng.normal": lambda t: np.random.default_rng(0).normal(t[0], 1.0),
    "rng.uniform": lambda t: np.random.default_rng(0).uniform([t[0], t[1]], 9.0),
    "rng.permutation": lambda t: np.random.default_rng(0).permutation(t),
    "multivariate_normal": lambda t: np.random.default_rng(0).multivariate_normal(
        t, EYE
    ),
    "ma.masked_invalid": lambda t: np.ma.masked_invalid(t) * 1.0,
    "ma.stack": lambda t: np.ma.stack([t, t]),
    "frombuffer": np.frombuffer,
    "memoryview": lambda t: np.asarray(memoryview(t)),
    "from_dlpack": np.from_dlpack,
}
PYTHON = {
    **{
        f"math.{f.__name__}": lambda t, f=f: f(t[0]) * t[0]
        for f in (math.exp, math.sin, math.sqrt, math.erf, math.lgamma, math.cbrt)
    },
    "math.pow": lambda t: math.pow(t[0], t[1]),
    "math.dist": lambda t: math.dist(t, [0.0, 0.0]),
    "math.prod": lambda t: math.prod(t) * t[0],
    "math.modf": lambda t: math.modf(t[0])[0],
    "float": lambda t: float(t[0]) * t[0],
    "complex": lambda t: complex(t[0], t[1]).imag,
    "%": lambda t: float("%.17g" % t[0]),  # noqa: UP031
    "divmod": lambda t: divmod(t[0], 0.4)[1],
    "str": lambda t: float(str(t[0])),
    "json": lambda t: json.loads(json.dumps(t[0])),
    "json default": lambda t: json.loads(json.dumps(t[0], default=float)),
    "struct": lambda t: struct.unpack("d", struct.pack("d", t[0]))[0],
    "ctypes": lambda t: ctypes.c_double(t[0]).value,
    "Decimal": lambda t: float(decimal.Decimal(t[0])),
    "Fraction": lambda t: float(fractions.Fraction(t[0])),
    "Fraction *": lambda t: float(fractions.Fraction(1, 2) * t[0]),
    "statistics.mean": lambda t: statistics.mean(list(t)),
    "statistics.median": lambda t: statistics.median(t) * t[0],
    "statistics.stdev": lambda t: statistics.stdev(t),
    "NormalDist": lambda t: statistics.NormalDist(t[0], 1.0).pdf(0.3),
    "random.gauss": lambda t: random.Random(1).gauss(t[0], 1.0),
    "random.betavariate": lambda t: random.Random(1).betavariate(t[0], t[1]),
    "bisect": lambda t: bisect.bisect([0.0, 1.0], t[0]) * t[0],
    "accumulate": lambda t: list(itertools.accumulate(t)),
    "reduce": lambda t: functools.reduce(operator.mul, t),
    "Counter": lambda t: sum(collections.Counter(a=t[0]).values()),
    "copy": lambda t: copy.copy(t * 1.0) * t,
    "deepcopy": lambda t: copy.deepcopy(t * 1.0) * t,
}
SCIPY = {
    **{
        f"linalg.{f.__name__}": lambda t, f=f: f(matrix(t))
        for f in (
            linalg.inv,
            linalg.det,
            linalg.expm,
            linalg.logm,
            linalg.sqrtm,
            linalg.cholesky,
            linalg.eigvalsh,
            linalg.svdvals,
            linalg.pinv,
        )
    },
    "linalg.solve": lambda t: linalg.solve(EYE, t),
    "linalg.solve list": lambda t: linalg.solve(EYE, [t[0], t[1]]),
    "linalg.toeplitz": linalg.toeplitz,
    "linalg.block_diag": lambda t: linalg.block_diag(t, t),
    "stats loc=": lambda t: stats.norm.pdf(0.3, loc=t[0]),
    "stats frozen": lambda t: stats.norm(t[0], t[1]).pdf(0.3),
    "stats rvs": lambda t: stats.norm.rvs(t[0], 1.0, random_state=0),
    "stats.gamma": lambda t: stats.gamma.logpdf(1.0, t),
    "multivariate pdf": lambda t: stats.multivariate_normal.pdf(t, [0.0, 0.0], EYE),
    "pearsonr": lambda t: stats.linregress([0.0, 1.0], t).slope,
    "gaussian_kde": lambda t: stats.gaussian_kde(t)([0.5]),
    "convolve": lambda t: signal.convolve(t, [1.0, 2.0]),
    "fftconvolve": lambda t: signal.fftconvolve([1.0, 2.0], t),
    "lfilter": lambda t: signal.lfilter(t, [1.0], [1.0, 2.0]),
    "ndimage sigma": lambda t: ndimage.gaussian_filter(np.arange(5.0), t[0]),
    "map_coordinates": lambda t: ndimage.map_coordinates(np.arange(5.0) ** 2, [t]),
    "fft": lambda t: np.abs(fft.fft(t)),
    "odeint": lambda t: integrate.odeint(lambda y, s: -t[0] * y, 1.0, [0, 1.0]),
    "odeint y0": lambda t: integrate.odeint(lambda y, s: -y, t, [0, 1.0]),
    "odeint args": lambda t: integrate.odeint(
        lambda y, s, k: -k * y, 1.0, [0, 1.0], args=(t[0],)
    ),
    "odeint times": lambda t: integrate.odeint(lambda y, s: -y, 1.0, [0.0, t[0]]),
    "solve_ivp": lambda t: integrate.solve_ivp(lambda s, y: -t[0] * y, (0, 1), [1.0]).y[
        :, -1
    ],
    "solve_ivp list": lambda t: integrate.solve_ivp(
        lambda s, y: [-t[0] * y[0]], (0, 1), [1.0]
    ).y[:, -1],
    "solve_ivp y0": lambda t: integrate.solve_ivp(lambda s, y: -y, (0, 1), t).y[:, -1],
    "solve_ivp span": lambda t: integrate.solve_ivp(
        lambda s, y: -y, (0, t[0]), [1.0]
    ).y[:, -1],
    "quad": lambda t: integrate.quad(lambda u: t[0] * u, 0, 1)[0],
    "quad limit": lambda t: integrate.quad(lambda u: u, 0, t[0])[0],
    "quad args": lambda t: integrate.quad(lambda u, k: u * k, 0, 1, args=(t[0],))[0],
    "simpson": integrate.simpson,
    "interp1d": lambda t: interpolate.interp1d([0, 1, 2.0], [1, 4, 2.0])(t),
    "interp1d y": lambda t: interpolate.interp1d([0, 1.0], t)(0.5),
    "CubicSpline": lambda t: interpolate.CubicSpline([0, 1, 2.0], [1, 4, 2.0])(t),
    "CubicSpline y": lambda t: interpolate.CubicSpline([0, 1.0], t)(0.5),
    "brentq": lambda t: optimize.brentq(lambda u: u - t[0], 0, 9),
    "brentq limit": lambda t: optimize.brentq(lambda u: u - 0.1, 0, t[0]) * t[0],
    "fsolve": lambda t: optimize.fsolve(lambda u: u - t[0], 1.0),
    "minimize": lambda t: optimize.minimize(lambda u: ((u - t[0]) ** 2).sum(), [0.0]).x,
    "least_squares": lambda t: optimize.least_squares(lambda u: u - t[0], [0.0]).x,
    "curve_fit": lambda t: optimize.curve_fit(lambda x, a: a * x, [1.0, 2.0], t)[0],
    "nnls": lambda t: optimize.nnls(EYE, t)[0],
    "cdist": lambda t: distance.cdist(t[:, None], [[0.0]]),
    "euclidean": lambda t: distance.euclidean(t, [0.0, 0.0]),
    "sparse data": lambda t: sparse.csr_array((t, ([0, 1], [0, 1])), (2, 2)),
    "sparse @": lambda t: sparse.csr_array(EYE) @ t,
    "@ sparse": lambda t: t @ sparse.csr_array(EYE),
    "sparse *": lambda t: sparse.csr_array(EYE) * t[0],
    "sparse /": lambda t: sparse.csr_array(EYE) / t[0],
    "sparse.multiply": lambda t: sparse.csr_array(EYE).multiply(t),
    "sparse item": lambda t: put(sparse.lil_array((2, 2)), (0, 0), t[0]),
    "polygamma": lambda t: special.polygamma(1, t),
    "multigammaln": lambda t: special.multigammaln(t + 3, 2),
    "logsumexp b=": lambda t: special.logsumexp(np.ones(2), b=t),
    "spherical_jn": lambda t: special.spherical_jn(1, t),
    "comb": lambda t: special.comb(t, 1),
    "zeta": lambda t: special.zeta(2.0, t),
    "lambertw": lambda t: special.lambertw(t).real,
    "mean_squared_error": lambda t: metrics.mean_squared_error(t, [1.0, 2.0]),
    "r2_score": lambda t: metrics.r2_score([1.0, 2.0], t),
    "log_loss": lambda t: metrics.log_loss([0, 1], t / 3),
    "StandardScaler": lambda t: preprocessing.StandardScaler().fit(t[:, None]).mean_,
}


@pytest.mark.parametrize("probe", NUMPY.values(), ids=NUMPY)
def test_numpy(probe):
    judge(probe)


@pytest.mark.parametrize("probe", PYTHON.values(), ids=PYTHON)
def test_python(probe):
    judge(probe)


@pytest.mark.parametrize("probe", SCIPY.values(), ids=SCIPY)
def test_scipy_and_scikit_learn(probe):
    judge(probe)


# pandas ----------------------------------------------------------------------------

PANDAS = {
    "Series": lambda pd, t: pd.Series(t) * 1.0,
    "Series of list": lambda pd, t: pd.Series([t[0], t[1]]).astype(float),
    "DataFrame": lambda pd, t: pd.DataFrame({"a": t}),
    "series *": lambda pd, t: pd.Series([1.0, 2.0]) * t,
    "series.mul": lambda pd, t: pd.Series([1.0, 2.0]).mul(t),
    "series.dot": lambda pd, t: pd.Series([1.0, 2.0]).dot(t),
    "series[0] =": lambda pd, t: put(pd.Series([1.0, 2.0]), 0, t[0]),
    "df['b'] =": lambda pd, t: put(pd.DataFrame({"a": [1.0, 2.0]}), "b", t),
    "df.assign": lambda pd, t: pd.DataFrame({"a": [1.0, 2.0]}).assign(b=t),
    "df.apply": lambda pd, t: pd.DataFrame({"a": [1.0]}).apply(lambda c: c * t[0]),
    "series.map": lambda pd, t: pd.Series([1.0]).map(lambda v: float(v * t[0])),
    "series.where": lambda pd, t: pd.Series([1.0, 2.0]).where([True, False], t),
    "series.clip": lambda pd, t: pd.Series([1.0, 2.0]).clip(upper=t[0]),
    "np.add": lambda pd, t: np.add(pd.Series([1.0, 2.0]), t),
}


@pytest.mark.parametrize("probe", PANDAS.values(), ids=PANDAS)
def test_pandas(probe):
    pd = pytest.importorskip("pandas")
    judge(lambda t: probe(pd, t))
