"""Methods of Tensor against ndarray's, and PyTorch's against NumPy's functions."""

import io

import numpy as np
import pytest
from numpy_forms import ARRAYS, OTHERS
from test_numpy_forms import evaluate, forms, leaf, same

import autograd_core as ag

# Methods of ndarray that Tensor has not, or has by another meaning, and why.
WITHOUT = {
    "base": "whose memory it is, is the tape's to know",
    "byteswap": "Tensors are in the machine's own byte order",
    "ctypes": "an address is no value: t.numpy().ctypes",
    "dump": "pickle.dump(t, file) keeps the Tensor",
    "dumps": "pickle.dumps(t) keeps the Tensor",
    "flags": "of the memory: t.numpy().flags",
    "getfield": "Tensors have no fields",
    "setfield": "Tensors have no fields",
    "setflags": "of the memory: t.numpy().setflags()",
}

VALUES = """
x.prod()
x.prod(0, np.float32)
x.prod(axis=n1, keepdims=True)
x.cumsum()
x.cumsum(1)
x.cumsum(axis=k0, dtype=np.float32, out=None)
x.cumprod(0)
i.cumsum()
m.all()
m.all(0)
x.any(axis=n1, keepdims=True)
x.argmin()
x.argmin(0, None, keepdims=True)
x.argsort()
x.argsort(0, 'stable')
x.argsort(axis=None)
x.argpartition(1, 0)[1]
x.take([0, 5])
x.take([0, 7], 1, None, 'wrap')
x.take(indices=i, mode='clip')
x.repeat(2)
x.repeat([1, 2], axis=0)
x.copy()
x.copy('F')
x.round()
x.round(1)
x.round(decimals=-1)
x.conj()
x.conjugate()
x.real
x.trace()
x.trace(1, dtype=np.float32)
x.diagonal()
x.diagonal(1, axis1=1, axis2=0)
x.compress([True, False, True], 1)
x.compress([1], axis=0)
(i > 2).choose([x, f])
(i > 2).choose((x, f), mode='clip')
(i > 2).choose(x, f)
x.nonzero()
v[[1, 2, 0]].searchsorted(x)
v[[1, 2, 0]].searchsorted(2.0, 'right')
v.searchsorted(2.5, sorter=[1, 2, 0])
x.tolist()
x.item(4)
x.item(1, 2)
x.item((0, n1))
v[:1].item()
x.nbytes
f.itemsize
x.T.strides
x.flat[4]
x.T.flat[2:4]
x.T.mT
x.tobytes()
x.tobytes('F')
x.device
x.ravel().tolist()
x.to_device('cpu')
"""

REFUSED = """
x.sort(order='a')
x.argsort(order='a')
i.sort(5)
x.resize((3, 2))
x.resize(3, 2)
x.prod(0, None, room(3))
x.cumsum(0, None, room(2, 3))
x.all(0, room(3))
x.take([9])
x.take([0], None, room(1))
x.compress([1], 0, room(1, 3))
i.choose([x, x])
x.trace(0, 0, 1, None, room())
x.round(0, room(2, 3))
x.item(9)
x.item(0, 0, 0)
x.view('f4')
x.to_device('gpu')
x.sum(axis=0, dim=0)
"""

# PyTorch's names, and NumPy's of the same meaning
TORCHS = """
x.sum(dim=0) : np.sum(x, 0)
x.sum(dim=(0, 1), keepdim=True) : np.sum(x, (0, 1), keepdims=True)
x.sum(0, keepdim=True) : np.sum(x, 0, keepdims=True)
x.mean(dim=1, keepdim=True) : np.mean(x, 1, keepdims=True)
x.var(dim=1, correction=1) : np.var(x, 1, ddof=1)
x.std(dim=0) : np.std(x, 0)
x.max(dim=0) : np.max(x, 0)
x.min(dim=0, keepdim=True) : np.min(x, 0, keepdims=True)
x.argmax(dim=1) : np.argmax(x, 1)
x.argmin(dim=1, keepdim=True) : np.argmin(x, 1, keepdims=True)
x.prod(dim=1) : np.prod(x, 1)
x.cumsum(dim=1) : np.cumsum(x, 1)
m.any(dim=0) : np.any(m, 0)
m.all(dim=1, keepdim=True) : np.all(m, 1, keepdims=True)
x.sin() : np.sin(x)
x.cos() : np.cos(x)
x.tan() : np.tan(x)
v.log1p() : np.log1p(v)
x.expm1() : np.expm1(x)
x.neg() : -x
x.softmax(dim=0) : np.exp(x) / np.sum(np.exp(x), 0)
x.log_softmax(-1) : np.log(np.exp(x) / np.sum(np.exp(x), 1, keepdims=True))
x.add(v) : x + v
x.sub(1.0) : x - 1.0
x.mul(v) : x * v
x.div(v) : x / v
x.matmul(v) : x @ v
v.expand(2, 3) : np.broadcast_to(v, (2, 3))
v.expand((4, -1)) : np.broadcast_to(v, (4, 3))
x.masked_fill(m, 7) : np.where(m, 7.0, x)
f.masked_fill(m, -1.5) : np.where(m, np.float32(-1.5), f)
x.numel() : np.size(x)
x.unbind() : tuple(x)
x.unbind(1) : tuple(np.moveaxis(x, 1, 0))
x.chunk(2, 1) : tuple(np.split(x, [2], 1))
x.chunk(5, dim=1) : tuple(np.split(x, [1, 2], 1))
x.chunk(2) : tuple(np.split(x, 2))
x.norm() : np.sqrt(np.sum(x * x))
x.norm(dim=1) : np.sqrt(np.sum(x * x, 1))
x.norm(2, -1, True) : np.sqrt(np.sum(x * x, 1, keepdims=True))
x.cpu() : x
x.gather(1, np.sign(i[:, :2])) : np.take_along_axis(x, np.sign(i[:, :2]), 1)
x.gather(0, np.array([[1, 0]])) : np.array([x[1, 0], x[0, 1]])[None]
"""


@pytest.mark.parametrize("name", [n for n in dir(np.ndarray) if n[0] != "_"])
def test_a_name_of_ndarray_is_there_or_has_a_reason_not_to_be(name):
    assert hasattr(ag.Tensor, name) or name == "data" or name in WITHOUT
    assert not (name in WITHOUT and hasattr(ag.Tensor, name))


@forms(VALUES)
def test_a_method_gives_ndarrays_value(form):
    got, expected = evaluate(form, leaf), evaluate(form, np.asarray)
    if isinstance(expected, bytes):
        assert got == expected
    else:
        same(got, expected, form)


@forms(REFUSED)
def test_a_form_is_refused(form):
    with pytest.raises((TypeError, ValueError, IndexError)) as caught:
        evaluate(form, leaf)
    assert 10 < len(str(caught.value)) < 200


@forms(TORCHS)
def test_a_method_of_pytorch_is_numpys_function(form):
    theirs, ours = form.split(" : ")
    got, expected = evaluate(theirs, leaf), evaluate(ours, np.asarray)
    same(got, expected, form)


# In place ---------------------------------------------------------------------------

WRITES = """
x.sort()
x.sort(0)
x.T.sort(0)
x.sort(axis=-1, kind='stable')
i.sort(0)
v.partition(1)
x.fill(3)
i.fill(2)
x.put([0, 4], [7.0, 8.0])
x.put(-1, 5)
x.put(i, v, 'clip')
x.put([8, 9], -1.0, mode='wrap')
x.T.put([1, 2], 9.0)
np.put(x, [0, 1], x[1])
np.copyto(x, v)
np.copyto(x, 1.5)
np.copyto(f, x)
np.copyto(x, 0.0, where=m)
np.copyto(x, f, where=m[0])
np.copyto(i, m)
np.copyto(i, x, casting='unsafe')
np.fill_diagonal(x, 9.0)
np.fill_diagonal(x.T, v[:2])
np.fill_diagonal(x.reshape(6, 1), [1.0, 2.0], wrap=True)
np.fill_diagonal(x.reshape(3, 2), 4.0, True)
np.fill_diagonal(one[:, :1], 2.0)
np.put_along_axis(x, np.array([[1], [2]]), 9.0, 1)
np.put_along_axis(x, np.argmax(x, 1, keepdims=True), 0.0, axis=1)
np.put_along_axis(x, np.array([3]), v[0], None)
np.place(x, m, [1.0, 2.0])
np.place(x, x > 1, v)
np.putmask(x, m, 0.0)
np.putmask(x, x > 1, v)
x.real.fill(2.0)
"""


@forms(WRITES)
def test_a_write_in_place_is_numpys(form):
    arrays = {n: a.copy() for n, a in ARRAYS.items()}
    tensors = {n: ag.tensor(a) for n, a in ARRAYS.items()}
    before = {n: t.version[0] for n, t in tensors.items()}
    assert eval(form, {**OTHERS, **arrays}) is None  # noqa: S307
    assert eval(form, {**OTHERS, **tensors}) is None  # noqa: S307
    for name, array in arrays.items():
        np.testing.assert_array_equal(tensors[name].data, array, err_msg=name)
        if not np.array_equal(array, ARRAYS[name]):
            assert tensors[name].version[0] > before[name]


@forms(WRITES)
def test_a_write_over_what_requires_grad_is_refused(form):
    if form[0] == "i" or "(i" in form:
        pytest.skip("no gradient")
    with pytest.raises(RuntimeError, match=r"requires grad|sees its memory"):
        evaluate(form, leaf)


@forms("""
np.copyto(room(3), v)
np.put(room(3), [0], v[:1])
np.place(room(3), v > 2, v)
np.putmask(room(3), v > 2, v)
np.put_along_axis(room(3), np.array([0]), v[:1], 0)
np.fill_diagonal(room(3, 3), v)
""")
def test_a_write_into_an_array_does_not_lose_a_gradient(form):
    with pytest.raises(RuntimeError, match="lose its gradient"):
        evaluate(form, leaf)
    assert evaluate(form, ag.tensor) is None


def test_an_in_place_sort_names_the_function_that_is_differentiated():
    x = ag.tensor([3.0, 1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"np\.sort\(x\)"):
        x.sort()
    with ag.no_grad():
        x.sort()
    assert x.tolist() == [1.0, 3.0]


def test_flat_of_a_copy_cannot_be_written_to():
    x = ag.tensor(np.arange(6.0).reshape(2, 3))
    x.flat[1] = 9.0
    assert x.tolist()[0] == [0.0, 9.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        x.T.flat[1] = 9.0


def test_files_take_the_bare_data():
    x, file = ag.tensor([1.0, 2.0], requires_grad=True), io.BytesIO()
    np.save(file, x)
    assert x.tobytes() == np.float32([1, 2]).tobytes()


def test_the_norm_of_nothing_but_zeros_has_gradient_0():
    x = ag.tensor(np.zeros((2, 3)), requires_grad=True)
    (x.norm() + x.norm(dim=1).sum()).backward()
    np.testing.assert_array_equal(x.grad.data, 0.0)
