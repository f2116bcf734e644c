"""Errors of eager ops: where NumPy or PyTorch answers, so do they; else a sentence."""

import decimal
import enum
import fractions
import io

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

F = nn.functional
V, M = np.array([1.0, 2.0]), np.arange(6.0).reshape(2, 3)


def leaf(values=V):
    return ag.tensor(np.asarray(values, float), requires_grad=True)


class Own(nn.Module):
    """A user's, which gets lists as they are."""

    def forward(self, x):
        return x.shape


def plain(x):
    if isinstance(x, list | tuple):
        return [plain(one) for one in x]
    return x.detach().numpy() if isinstance(x, ag.Tensor) else x


# What is answered ------------------------------------------------------------------

ONE, TWO = np.int64(1), np.int64(2)

# f(np's arguments) on a Tensor beside the same on its array.
LIKE_NUMPY = {
    "sum axis": lambda m: np.sum(m, ONE),
    "mean axis": lambda m: np.mean(m, np.int8(0)),
    "max axis": lambda m: np.max(m, ONE),
    "min axis": lambda m: np.min(m, np.array(1)),
    "argmax axis": lambda m: np.argmax(m, ONE),
    "var axis": lambda m: np.var(m, ONE),
    "std axis": lambda m: np.std(m, (np.int64(0), ONE)),
    "sum method": lambda m: m.sum(axis=np.int64(0)),
    "concatenate axis": lambda m: np.concatenate([m, m], ONE),
    "stack axis": lambda m: np.stack([m, m], TWO),
    "expand_dims": lambda m: np.expand_dims(m, np.int64(0)),
    "squeeze": lambda m: np.squeeze(m[None], np.int64(0)),
    "moveaxis": lambda m: np.moveaxis(m, np.int64(0), ONE),
    "swapaxes": lambda m: np.swapaxes(m, np.uint8(0), ONE),
    "flip": lambda m: np.flip(m, ONE),
    "reshape": lambda m: np.reshape(m, (np.int64(3), TWO)),
    "reshape one": lambda m: np.reshape(m, np.int64(6)),
    "tile": lambda m: np.tile(m, TWO),
    "repeat": lambda m: np.repeat(m, TWO, np.int64(0)),
    "split": lambda m: np.split(m, np.int64(3), ONE),
    "third place is dtype": lambda m: np.sum(m, 0, np.float64),
    "mean's third place": lambda m: np.mean(m, 0, np.float64),
    "var's third place": lambda m: np.var(m, 0, None),
    "std's third place": lambda m: np.std(m, 0, None),
    "max's third place": lambda m: np.max(m, 0, None),
    "argmax's third place": lambda m: np.argmax(m, 0, None),
    "keepdims by place": lambda m: np.sum(m, 0, None, None, True),
    "out=None": lambda m: np.sum(m, out=None),
    "dtype=": lambda m: np.sum(m, dtype=np.float32),
    "a=": lambda m: np.sum(a=m),
    "x1, x2": lambda m: np.add(m, m, dtype=None),
    "take bools": lambda m: np.take(m, [True, False]),
    "clip NaN": lambda m: np.clip(m, np.nan, 9),
    "clip high NaN": lambda m: np.clip(m, 0, np.nan),
    "clip tensors of NaN": lambda m: np.clip(m, np.full(3, np.nan), None),
    "in": lambda m: 2 in m,
    "not in": lambda m: 9 in m,
    "str not in": lambda m: "a" in m,
    "None not in": lambda m: None in m,
    "ravel F": lambda m: m.ravel("F"),
    "flatten F": lambda m: m.flatten("F"),
    "array2string": np.array2string,
    "isin": lambda m: np.isin(m, [1, 2]),
    "argwhere": np.argwhere,
    "empty list": lambda m: m[[]],
    "empty lists": lambda m: m[[], []],
    "list index": lambda m: m[[0, 1], [1, 2]],
    "mask": lambda m: m[m > 1],
    "big-endian +": lambda m: m + np.array([1.0, 2.0, 3.0], ">f8"),
    "big-endian @": lambda m: m @ np.array([1.0, 2.0, 3.0], ">f8"),
    "big-endian ints": lambda m: m * np.array([1, 2, 3], ">i4"),
    "astype big-endian": lambda m: m.astype(">f8").astype(float),
    "unaligned": lambda m: m[0, :2] * np.zeros(17, np.uint8)[1:].view(float),
    "list @": lambda m: m @ [1.0, 2.0, 3.0],
    "@ list": lambda m: [1.0, 2.0] @ m,
    "minimum list": lambda m: np.minimum([1.0, 2.0, 3.0], m),
    "vstack list": lambda m: np.vstack([m, [1.0, 2.0, 3.0]]),
    "hstack list": lambda m: np.hstack([m, [[1.0], [2.0]]]),
    "outer list": lambda m: np.outer(m, [1.0, 2.0]),
    "dot list": lambda m: np.dot(m, [1.0, 2.0, 3.0]),
    "concatenate all": lambda m: np.concatenate([m, [1.0]], axis=None),
    "== None": lambda m: m.reshape(-1)[:0] is None,
}


@pytest.mark.parametrize("f", LIKE_NUMPY.values(), ids=LIKE_NUMPY)
def test_answers_are_numpys(f):
    got, want = plain(f(leaf(M))), f(M)
    if isinstance(want, np.ndarray) and not want.size:
        assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)


SMALL = np.array([1, 200], np.uint8)


@pytest.mark.parametrize(
    "compare",
    [
        lambda u: u == -1,
        lambda u: u < 300,
        lambda u: np.greater(300, u),
        lambda u: np.equal(u, -1),
        lambda u: np.greater(u, -(10**30)),
        lambda u: u != 2**70,
        lambda u: u >= 1.5,
    ],
)
def test_bytes_beside_numbers_they_cannot_hold(compare):
    np.testing.assert_array_equal(plain(compare(ag.tensor(SMALL))), compare(SMALL))


@pytest.mark.parametrize("other", [None, "a", {}, {1}, object(), fractions.Fraction(1)])
def test_equality_with_anything(other):
    t = leaf()
    assert (t == other) is False  # as of PyTorch's tensors
    assert (t != other) is True
    assert other not in [t]
    assert [t].count(other) == 0


class Size(enum.IntEnum):
    LARGE = 2


class Rate(float):
    """A number with a name."""


@pytest.mark.parametrize("number", [Size.LARGE, Rate(2.0)])
@pytest.mark.parametrize("f", [lambda a, b: a * b, lambda a, b: b / a, np.power])
def test_numbers_of_a_class_are_numbers(number, f):
    t = ag.tensor(np.array([1, 2], np.float32), requires_grad=True)
    out = f(t, number)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(plain(out), f(t.detach().numpy(), 2.0))


def test_files_hold_values():
    t = leaf(M)
    for save in (np.save, np.savez):
        file = io.BytesIO()
        save(file, t)
        file.seek(0)
        loaded = np.load(file)
        loaded = loaded["arr_0"] if save is np.savez else loaded
        np.testing.assert_array_equal(loaded, M)


# What is refused -------------------------------------------------------------------

TYPE_ERRORS = {
    "Fraction": (lambda t: t + fractions.Fraction(1, 2), "unsupported operand"),
    "Decimal": (lambda t: decimal.Decimal(1) * t, "unsupported operand"),
    "dict": (lambda t: t + {}, "unsupported operand"),
    "longdouble": (lambda t: t + np.longdouble(1), "^add: cannot compute with"),
    "objects": (lambda t: t + np.array([None, 1.0]), "^add: cannot compute with"),
    "None in a list": (lambda t: [None, 1.0] * t, "^mul: cannot compute with dtype ob"),
    "written longdouble": (lambda t: ag.zeros(2).copy_(np.longdouble(1)), "cannot c"),
    "cotangent": (lambda t: (t * 2).backward(np.ones(2, np.longdouble)), "cannot com"),
    "joined objects": (lambda t: np.concatenate([t, np.array([None])]), "cannot com"),
    "joined strings": (lambda t: np.concatenate([t, ["a"]]), "cannot compute"),
    "joined wide": (
        lambda t: np.concatenate([t, np.array([1], np.longdouble)]),
        "cannot compute",
    ),
    "float16": (lambda t: ag.tensor(SMALL) + np.ones(2, np.float16), "with .astype"),
    "to float16": (lambda t: t.astype("f2"), "^astype: expected float32, float64"),
    "to wide complex": (lambda t: t.astype("G"), "^astype: expected float32, float64"),
    "max out": (
        lambda t: np.max(t, 0, np.float64),
        "expected a Tensor or an array as out=",
    ),
    "minus a mask": (lambda t: -ag.tensor([True]), "^neg: .*boolean negative"),
    "argmax axes": (lambda t: np.argmax(t, axis=()), "^argmax: 'tuple'"),
    "argmax axis": (lambda t: np.argmax(t, axis=(0,)), "^argmax: 'tuple'"),
    "float axis": (lambda t: np.sum(t, 0.0), "^sum: 'float'"),
    "bool axis": (lambda t: np.sum(t, True), "^sum: expected integers"),
    "layer of integers": (lambda t: nn.Linear(2, 1)([[1, 2]]), "^Linear.*got int64"),
    "layer of None": (lambda t: nn.Linear(2, 1)(None), "^Linear.*got NoneType"),
    "norm of text": (lambda t: nn.BatchNorm1d(2)([["a"]]), "Norm.*got <U1"),
    "norm of objects": (lambda t: nn.LayerNorm(2)([[{}]]), "Norm.*got list"),
    "module of a list": (lambda t: Own()([[1.0]]), "^Own.*got list"),
    "statistics in lists": (
        lambda t: F.batch_norm(M, [0.0] * 3, [1.0] * 3, training=True),
        "running statistics that move in place",
    ),
    "integers in a tree": (
        lambda t: ag.grad(lambda p: p["a"].sum())({"a": V, "b": 3}),
        r"^grad: needs float32 or float64 inputs, argument 0\['b'\] is int64",
    ),
    "tangent None": (lambda t: ag.jvp(lambda x: x, (V,), None), "is NoneType, not"),
}


@pytest.mark.parametrize(("f", "text"), TYPE_ERRORS.values(), ids=TYPE_ERRORS)
def test_types_that_are_refused(f, text):
    with pytest.raises(TypeError, match=text):
        f(leaf())


VALUE_ERRORS = {
    "where None": (lambda t: np.where(np.array([True, False]), t, None), "^where: eit"),
    "tangents": (lambda t: ag.jvp(np.multiply, (V, V), (V,)), "expected 2, got 1"),
    "tangent": (
        lambda t: ag.jvp(np.square, (V,), (np.ones(3),)),
        r"the tangent of argument 0 has shape \(3,\), the argument \(2,\)",
    ),
    "cotangents": (lambda t: ag.vjp(lambda x: (x, x), V)[1]((V,)), "expected 2, got 1"),
    "hvp": (lambda t: ag.hvp(np.sum, (V,), [1.0, 2.0]), "^hvp: v: expected 1, got 2"),
    "cotangent shape": (
        lambda t: (t * 3).backward(np.ones((1, 2))),
        r"\(1, 2\), the t",
    ),
    "cotangent number": (lambda t: (t * 3).backward(1.0), r"has shape \(\), the tens"),
    "no cotangent": (lambda t: (t * 3).backward(), "the loss must be a scalar"),
    "number as weight": (lambda t: F.batch_norm(M, weight=2.0, training=True), "shape"),
    "label": (
        lambda t: F.cross_entropy(M, np.array([0, 3])),
        "label 3 in row 1 is not",
    ),
    "labels": (lambda t: F.cross_entropy(M, np.array([0])), "need labels of shape"),
    "target": (lambda t: F.mse_loss(t, np.ones(3)), "differ in shape"),
    "negative power": (lambda t: ag.tensor([2]) ** -1, "^pow: Integers to negative"),
    "max of nothing": (lambda t: np.max(t[:0]), "^max: nothing to compare"),
    "axis": (lambda t: np.sum(t, 7), "^sum: axis 7 is out of range"),
    "axis twice": (lambda t: np.sum(leaf(M), (0, -2)), "^sum: an axis is named twice"),
}


@pytest.mark.parametrize(("f", "text"), VALUE_ERRORS.values(), ids=VALUE_ERRORS)
def test_values_that_are_refused(f, text):
    with pytest.raises(ValueError, match=text):
        f(leaf())


@pytest.mark.parametrize(
    "index", [9, [9], 1.0, "a", (0, 0), np.array([0.5]), np.array([True, False, True])]
)
def test_indices_are_refused_as_numpy_does(index):
    with pytest.raises(IndexError) as want:
        V[index]
    with pytest.raises(IndexError) as got:
        leaf()[index]
    assert str(got.value) == str(want.value) or "too many indices" in str(got.value)


# Backward again --------------------------------------------------------------------


def test_a_graph_is_walked_once_unless_retained():
    x = leaf()
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(RuntimeError, match="Pass retain_graph=True"):
        y.backward()
    h = x * x
    first, second = h.sum(), (h * 2).sum()
    first.backward()
    with pytest.raises(RuntimeError, match=r"'mul'.*freed by an earlier backward"):
        second.backward()


@pytest.mark.parametrize("seed", [[1.0, 10.0], np.array([1, 10]), ag.tensor([1, 10])])
def test_cotangents_of_any_kind(seed):
    x = leaf()
    (x**3).backward(seed)
    assert x.grad.tolist() == [3, 120]
    assert not x.grad.requires_grad


def test_trees_with_none():
    found = ag.grad(lambda p: (p["a"] * p["a"]).sum())({"a": V, "b": None})
    assert found["b"] is None
    assert found["a"].tolist() == [2, 4]
    assert ag.hvp(lambda x: (x * x).sum(), V, [1.0, 2.0]).tolist() == [2, 4]
    assert bool(ag.gradcheck(lambda x: (x * x).sum(), [1.0, 2.0]))


@pytest.mark.parametrize("dtype", ["f2", "G", "g", "O", "U1"])
def test_tensors_around_arrays_of_other_dtypes(dtype):
    t = ag.Tensor(np.zeros(3).astype(dtype))
    for call in (lambda: t + 1, lambda: t == 1, lambda: -t, lambda: np.exp(t)):
        with pytest.raises(TypeError):
            call()
