"""Functions of MyGrad's that NumPy has not by that name, in what there is here.

`OURS` are under another name in NumPy or in `autograd_core.nn.functional`. `DEFINED`
are definitions by formula: their gradients are compared, and no function of ours.
"""

import io

import numpy as np

import autograd_core as ag
from autograd_core.nn import functional as F


def multiply_all(*xs):
    total = xs[0]
    for x in xs[1:]:
        total = total * x
    return total


def add_all(*xs):
    return sum(xs[1:], xs[0])


def windows(x, window_shape, step):
    """Every window of the last axes, ``step`` apart, in MyGrad's order of axes."""
    kept = x.ndim - len(window_shape)
    starts = [
        np.arange(0, n - w + 1, step)
        for n, w in zip(x.shape[kept:], window_shape, strict=True)
    ]
    places = []
    rank = len(window_shape)
    for k, (start, w) in enumerate(zip(starts, window_shape, strict=True)):
        inside = np.arange(w).reshape([w if i == k else 1 for i in range(rank)])
        start = start.reshape([-1 if i == k else 1 for i in range(rank)])
        places.append(start.reshape(*start.shape, *[1] * rank) + inside)
    gathered = x[(..., *places)]
    order = [
        *range(kept, kept + rank),
        *range(kept),
        *range(kept + rank, x.ndim + rank),
    ]
    return np.transpose(gathered, order)


def convolution(x, filters, *, stride, padding=0):
    """Of images ``(N, C, H, W)``, as MyGrad's layer does it."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    seen = windows(x, filters.shape[-2:], stride)
    return np.einsum("hwncij,fcij->nfhw", seen, filters)


def max_pool(x, pool, stride):
    seen = windows(x, pool, stride)
    found = np.max(seen, axis=(-2, -1))
    return np.transpose(found, (2, 3, 0, 1))


def gru(X, Uz, Wz, bz, Ur, Wr, br, Uh, Wh, bh):
    """Chung et al., 2014: the states of all steps, the first of which is zero."""
    state = np.zeros((X.shape[1], Uz.shape[-1]))
    states = [state]
    for x in X:
        z = F.sigmoid(x @ Uz + state @ Wz + bz)
        r = F.sigmoid(x @ Ur + state @ Wr + br)
        h = np.tanh(x @ Uh + (r * state) @ Wh + bh)
        state = (1 - z) * h + z * state
        states.append(state)
    return np.stack(states)


def picked(x, labels):
    return x[np.arange(len(labels)), labels]


def focal_loss(p, labels, *, alpha=1, gamma=0):
    one = picked(p, labels)
    return -alpha * np.power(1 - one, gamma) * np.log(one)


def hinge(x, labels, hinge=1.0):
    margins = np.maximum(x - picked(x, labels)[:, np.newaxis] + hinge, 0.0)
    others = 1.0 - np.eye(x.shape[1])[labels]
    return np.sum(margins * others) / len(labels)


def ranking(x1, x2, y, margin):
    return np.mean(np.maximum(0.0, margin - y * (x1 - x2)))


def glu(x, axis=-1):
    a, b = np.split(x, 2, axis=axis)
    return a * F.sigmoid(b)


def dirac(*shape):
    out = np.zeros(shape)
    for i in range(min(shape[:2])):
        out[(i, i, *(n // 2 for n in shape[2:]))] = 1.0
    return out


def batchnorm(x, gamma, beta, *, eps):
    return F.batch_norm(x, weight=gamma, bias=beta, training=True, eps=eps)


def hard_tanh(x, lower_bound, upper_bound):
    return np.clip(x, lower_bound, upper_bound)


def left(x):
    """Out of the graph."""
    return x.detach().numpy() if isinstance(x, ag.Tensor) else x


def saved(save, x):
    file = io.BytesIO()
    save(file, x)
    return len(file.getvalue()) > 0


OURS = {
    "multi_matmul": np.linalg.multi_dot,
    "tensor": left,  # theirs starts a graph
    "asarray": left,
    "astensor": lambda x: x,
    "elu": F.elu,
    "leaky_relu": F.leaky_relu,
    "logsoftmax": F.log_softmax,
    "softmax": F.softmax,
    "relu": F.relu,
    "selu": F.selu,
    "sigmoid": F.sigmoid,
    "tanh": np.tanh,
    "hard_tanh": hard_tanh,
    "softmax_crossentropy": F.cross_entropy,
    "batchnorm": batchnorm,
    "norm": np.linalg.norm,
    "constant": lambda *shape, value: np.full(shape, value),
}

DEFINED = {
    "add_sequence": add_all,
    "multiply_sequence": multiply_all,
    "sliding_window_view": windows,
    "sec": lambda x: 1 / np.cos(x),
    "csc": lambda x: 1 / np.sin(x),
    "cot": lambda x: 1 / np.tan(x),
    "sech": lambda x: 1 / np.cosh(x),
    "csch": lambda x: 1 / np.sinh(x),
    "coth": lambda x: 1 / np.tanh(x),
    "arcsec": lambda x: np.arccos(1 / x),
    "arccsc": lambda x: np.arcsin(1 / x),
    "arccot": lambda x: np.arctan(1 / x),
    "arccsch": lambda x: np.arcsinh(1 / x),
    "arccoth": lambda x: np.arctanh(1 / x),
    "glu": glu,
    "soft_sign": lambda x: x / (1.0 + np.abs(x)),
    "negative_log_likelihood": lambda x, labels: -np.mean(picked(x, labels)),
    "focal_loss": focal_loss,
    "softmax_focal_loss": lambda x, labels, **kwargs: focal_loss(
        F.softmax(x), labels, **kwargs
    ),
    "multiclass_hinge": hinge,
    "margin_ranking_loss": ranking,
    "conv_nd": convolution,
    "max_pool": max_pool,
    "gru": gru,
    "dirac": dirac,
}
