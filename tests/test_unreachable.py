"""What NumPy's protocols cannot reach: the right gradient, or an error; never less.

Every form of an argument is given to functions that take it, see `gradient_judge`; then
what the error says, also under transforms, and what may leave the graph.
"""

import array
import collections
import math
import statistics

import numpy as np
import pytest
from gradient_judge import (
    EYE,
    MESSAGE,
    X,
    chain,
    differences,
    filled,
    judge,
    matrix,
    objects,
    put,
)

import autograd_core as ag

linalg = pytest.importorskip("scipy.linalg")
stats = pytest.importorskip("scipy.stats")
signal = pytest.importorskip("scipy.signal")
integrate = pytest.importorskip("scipy.integrate")
ndimage = pytest.importorskip("scipy.ndimage")
fft = pytest.importorskip("scipy.fft")
special = pytest.importorskip("scipy.special")
preprocessing = pytest.importorskip("sklearn.preprocessing")

# Forms x functions -----------------------------------------------------------------

FORMS = {
    "itself": lambda t: t,
    "list": lambda t: [t[0], t[1]],
    "tuple": lambda t: (t[0], t[1]),
    "list of Tensors": list,
    "half a list": lambda t: [t[0], 1.0],
    "nested": lambda t: [[t[0], 0.5], [2.0, t[1]]],
    "list of vectors": lambda t: [t, [1.0, 2.0]],
    "tuple of vectors": lambda t: (np.array([1.0, 2.0]), t),
    "objects": lambda t: objects(t[0], t[1]),
    "values of a dict": lambda t: list({"a": t[0], "b": t[1]}.values()),
    "deque": lambda t: collections.deque([t[0], t[1]]),
    "column": lambda t: t[:, None],
    "detour": lambda t: [float(v) for v in t],
}
TAKERS = {
    "np.array": np.array,
    "np.array object=": lambda v: np.array(object=v, dtype=float),
    "np.array float32": lambda v: np.array(v, np.float32) * 0.0 + np.array(v),
    "np.asarray": np.asarray,
    "np.asarray_chkfinite": np.asarray_chkfinite,
    "np.ascontiguousarray": np.ascontiguousarray,
    "np.asfortranarray": np.asfortranarray,
    "np.require": np.require,
    "np.float64": np.float64,
    "np.matrix": np.matrix,
    "np.ma.array": np.ma.array,
    "np.sum": np.sum,
    "np.mean": np.mean,
    "np.max": np.max,
    "np.std": np.std,
    "np.sort": np.sort,
    "np.exp": np.exp,
    "np.linalg.norm": np.linalg.norm,
    "np.concatenate": lambda v: np.concatenate([np.ravel(v), np.ones(1)]),
    "a *": lambda v: 2.0 * np.ones(2) * v,
    "a @": lambda v: np.ones(2) @ v,
    "a **": lambda v: np.full(2, 2.0) ** v,
    "a.dot": lambda v: EYE.dot(v),
    "a[:] =": lambda v: put(np.zeros(2), slice(None), v),
    "a[mask] =": lambda v: put(np.zeros(2), np.array([True, True]), v),
    "np.copyto": filled(np.copyto),
    "np.full": lambda v: np.full(2, v),
    "np.insert": lambda v: np.insert(np.zeros(2), 0, v),
    "np.histogram": lambda v: np.histogram(v)[1],
    "np.unique": np.unique,
    "np.vectorize": np.vectorize(lambda v: v * v),
    "np.r_": lambda v: np.r_[v],
    "special.erf": special.erf,
    "special.logsumexp": special.logsumexp,
    "special.softmax": lambda v: (
        special.softmax(v) * np.arange(np.size(v)).reshape(np.shape(v))
    ),
    "linalg.norm": linalg.norm,
    "stats.norm.pdf": stats.norm.pdf,
    "stats.zscore": lambda v: stats.zscore(v)[0] * 3.0,
    "stats.entropy": stats.entropy,
    "signal.detrend": lambda v: signal.detrend(v, type="constant")[0] * 1.0,
    "fft.dct": fft.dct,
    "gaussian_filter": lambda v: ndimage.gaussian_filter(v, 1.0),
    "integrate.trapezoid": integrate.trapezoid,
    "array.array": lambda v: array.array("d", v)[0] * 1.0,
    "statistics.fmean": statistics.fmean,
    "math.fsum": math.fsum,
    "ag.tensor": lambda v: ag.tensor(v, dtype=np.float64),
    "preprocessing.scale": lambda v: preprocessing.scale(v)[0] * 1.0,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("taker", TAKERS.values(), ids=TAKERS)
def test_no_form_of_an_argument_loses_a_gradient(taker, form):
    def probe(t):
        return taker(form(t))

    try:
        differences(probe)
    except (TypeError, ValueError, AttributeError, IndexError, RuntimeError):
        pytest.skip("NumPy does not take this form")
    judge(probe)


# Under transforms ------------------------------------------------------------------

UNDER = {
    "grad": lambda f: ag.grad(f)(X),
    "value_and_grad": lambda f: ag.value_and_grad(f)(X),
    "vjp": lambda f: ag.vjp(f, X),
    "jvp": lambda f: ag.jvp(f, X, np.ones(2)),
    "hvp": lambda f: ag.hvp(f, X, np.ones(2)),
    "jacobian": lambda f: ag.jacobian(f)(X),
    "hessian": lambda f: ag.hessian(f)(X),
    "grad of grad": lambda f: ag.grad(lambda x: ag.grad(f)(x).sum())(X),
    "checkpoint": lambda f: ag.grad(lambda x: ag.checkpoint(f, x))(X),
    "compile": lambda f: ag.compile(ag.grad(f))(X),
}
IDIOMS = {
    "np.array of elements": lambda x: (np.array([x[0], x[1]]) * x).sum(),
    "assignment": lambda x: (put(np.zeros(2), 0, x[0]) * x).sum(),
    "math": lambda x: math.exp(x[0]) * x.sum(),
    "scipy": lambda x: (stats.norm.pdf(x) * x).sum(),
}


@pytest.mark.parametrize("under", UNDER.values(), ids=UNDER)
@pytest.mark.parametrize("f", IDIOMS.values(), ids=IDIOMS)
def test_transforms_refuse_too(under, f):
    with pytest.raises((RuntimeError, ValueError)) as caught:
        under(f)
    text = chain(caught.value)
    assert MESSAGE in text or "ag.compile" in text or "traced tensor" in text


# What the error says ---------------------------------------------------------------

SAYS = {
    "np.array of elements": lambda t: np.array([t[0], t[1]]),
    "np.array nested": lambda t: np.array([[t[0], 0.0], [0.0, t[1]]]),
    "np.array deep": lambda t: np.array([[[1.0, t[0]]], [(t[1], 2.0)]]),
    "np.array of vectors": lambda t: np.array([t, t]),
    "np.array mixed": lambda t: np.array([t, np.ones(2)]),
    "np.array float32": lambda t: np.array([t[0], t[1]], np.float32),
    "np.array of tuple": lambda t: np.array((t[0], t[1])),
    "element": lambda t: put(np.zeros(2), 0, t[0]),
    "slice": lambda t: put(np.zeros(2), slice(None), t),
    "slice by list": lambda t: put(np.zeros(2), slice(None), [t[0], t[1]]),
    "fromiter": lambda t: np.fromiter(t, float),
    "float": lambda t: float(t[0]),
    "math": lambda t: math.exp(t[0]),
    "scipy.stats": lambda t: stats.norm.pdf(t),
    "scipy.linalg": lambda t: linalg.expm(matrix(t)),
    "odeint": lambda t: integrate.odeint(lambda y, s: -t[0] * y, 1.0, [0, 1.0]),
    "logsumexp": special.logsumexp,
    "histogram": np.histogram,
}


@pytest.mark.parametrize("probe", SAYS.values(), ids=SAYS)
def test_the_error_says_how_to_go_on(probe):
    assert MESSAGE in judge(probe)


# What may leave --------------------------------------------------------------------


def test_what_may_leave_the_graph_does():
    w = ag.tensor([[0.5, 1.0], [1.5, 2.9]], requires_grad=True)
    loss = (w * w).sum()
    assert np.int64(w[:, -1]).tolist() == [1, 2]
    assert np.asarray(w, int).tolist() == [[0, 1], [1, 2]]
    assert int(w[1, 1]) == 2
    whole = w.astype(int)
    assert not whole.requires_grad
    assert np.asarray(whole).tolist() == [[0, 1], [1, 2]]
    assert w[whole[0, 0], whole[0, 1]].item() == 1.0
    assert float(loss.detach()) == pytest.approx(11.91)
    assert loss.item() == pytest.approx(11.91)
    assert f"{loss:.2f}" == "11.91"
    assert "tensor(" in repr(loss)
    assert "tensor(" in f"{loss}"
    assert np.asarray(w > 1.0).tolist() == [[False, False], [True, True]]
    assert bool(np.all(w > 0))
    assert w.tolist() == [[0.5, 1.0], [1.5, pytest.approx(2.9)]]
    assert w.numpy() is w.data
    assert np.asarray(w.shape).tolist() == [2, 2]
    assert np.zeros(w.shape).shape == (2, 2)
    assert np.argsort(w[0]).tolist() == [0, 1]
    assert np.histogram(w, bins=[0, 1, 3])[0].tolist() == [1, 3]
    assert np.histogram(w, range=(0, 3), bins=3)[0].tolist() == [1, 2, 1]
    with ag.no_grad():
        assert np.histogram(w)[0].sum() == 4
        assert math.exp(w[0, 1]) == math.e
    loss.backward()
    assert float(loss) == pytest.approx(11.91)
