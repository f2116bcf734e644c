"""pandas' operands on either side of a Tensor, if pandas is there."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

pd = pytest.importorskip("pandas")
F = nn.functional

V = np.array([1.0, 2.0])
M = np.array([[1.0, 2.0], [3.0, 4.0]])
S, D = pd.Series(V), pd.DataFrame(M)

# Each with NumPy's arrays in pandas' place as the oracle.
KEPT = {
    "series *": lambda t, s, d: s * t,
    "series -": lambda t, s, d: (s - t) ** 2,
    "series /": lambda t, s, d: s / t,
    "series **": lambda t, s, d: s**t,
    "* series": lambda t, s, d: t * s,
    "** series": lambda t, s, d: t**s,
    "frame +": lambda t, s, d: (d + t) * t,
    "@ frame": lambda t, s, d: t @ d,
    "add": lambda t, s, d: np.add(s, t) * t,
    "maximum": lambda t, s, d: np.maximum(s * 3, t),
    "where": lambda t, s, d: np.where(s > 1, t, s),
    "concatenate": lambda t, s, d: np.concatenate([s, t]) * 2,
    "stack": lambda t, s, d: np.stack([s, t]) * t,
    "dot": lambda t, s, d: np.dot(d, t),
    "mask": lambda t, s, d: t[s > 1],
    "indices": lambda t, s, d: t[s.astype(int) - 1] * s,
    "row": lambda t, s, d: (d.iloc[0] if hasattr(d, "iloc") else d[0]) * t,
    "list": lambda t, s, d: [s, t] * t,
    "mse": lambda t, s, d: F.mse_loss(t, s),
    "mean": lambda t, s, d: ((s - t) ** 2).mean(),
}


def gradient(f, series, frame):
    t = ag.tensor(np.array([3.0, 5.0]), requires_grad=True)
    out = f(t, series, frame)
    assert isinstance(out, ag.Tensor)
    out.sum().backward()
    return t.grad.numpy()


@pytest.mark.parametrize("f", KEPT.values(), ids=KEPT)
def test_operands_of_pandas_are_arrays(f):
    np.testing.assert_array_equal(gradient(f, S, D), gradient(f, V, M))


REFUSED = {
    "frame @": lambda t: D @ t,
    "series @": lambda t: S @ t,
    "matmul": lambda t: np.matmul(D, t),
    "series dot": lambda t: S.dot(t),
    "frame mul": lambda t: D.mul(t),
    "series where": lambda t: S.where(S > 1, t),
    "series clip": lambda t: S.clip(t),
    "Series": lambda t: pd.Series(t),
}


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED)
def test_what_pandas_would_convert_is_refused(f):
    t = ag.tensor(np.array([3.0, 5.0]), requires_grad=True)
    with pytest.raises(RuntimeError, match="would lose its gradient"):
        f(t)


def test_a_series_is_read_when_forward_runs():
    t, s = ag.tensor(np.array([3.0, 5.0]), requires_grad=True), S.copy()
    y = (t * s).sum()
    s[:] = 9.0
    y.backward()
    assert t.grad.tolist() == [1, 2]


@pytest.mark.parametrize(
    "layer", [nn.Linear(2, 1), nn.BatchNorm1d(2), nn.Sequential(nn.Linear(2, 1))]
)
def test_layers_take_a_frame_as_its_array(layer):
    np.testing.assert_array_equal(layer(D).data, layer(M).data)
    with pytest.raises(TypeError, match=r"expected numbers, got DataFrame$"):
        layer(D.assign(name="text"))


@pytest.mark.parametrize("data", [S, D, [S, S]], ids=["series", "frame", "list"])
def test_data_of_pandas_keep_their_dtype(data):
    assert ag.tensor(data).dtype == np.float64
    np.testing.assert_array_equal(ag.tensor(data).numpy(), np.array(data))
