"""What other libraries' arrays and namespaces have: what to use here."""

from __future__ import annotations

from types import MappingProxyType

CPU = "everything is on the CPU: leave it out"
INDEX = "index as in NumPy: t[index]"
SCHEDULERS = "schedulers are in optim itself: optim.StepLR(opt, ...)"
NUMPY_ITSELF = "NumPy itself takes Tensors: import numpy as np"
LOADER = "train.Batches(x, y, batch_size=..., seed=...)"

# A name of NumPy's is answered by itself, see `_numpy`; these have other names there.
NUMPY = MappingProxyType(
    {
        "bmm": "a @ b",
        "clamp_max": "np.minimum",
        "clamp_min": "np.maximum",
        "dim": "t.ndim",
        "element_size": "t.itemsize",
        "eq": "a == b",
        "erf": "scipy.special.erf",
        "erfc": "scipy.special.erfc",
        "expand_as": "np.broadcast_to(t, other.shape)",
        "ge": "a >= b",
        "ger": "np.outer",
        "gt": "a > b",
        "index_select": "np.take(t, index, axis)",
        "inverse": "np.linalg.inv",
        "is_complex": "np.iscomplexobj",
        "is_floating_point": "np.issubdtype(t.dtype, np.floating)",
        "le": "a <= b",
        "lgamma": "scipy.special.gammaln",
        "logdet": "np.linalg.slogdet(a)[1]",
        "logsumexp": "ag.special.logsumexp",
        "lt": "a < b",
        "masked_select": INDEX,
        "mm": "a @ b",
        "movedim": "np.moveaxis",
        "mv": "a @ b",
        "narrow": "t[start : start + length]",
        "ndimension": "t.ndim",
        "ne": "a != b",
        "nelement": "t.size",
        "repeat_interleave": "np.repeat",
        "rsqrt": "1 / np.sqrt",
        "scatter": "np.put_along_axis",
        "scatter_add": "np.add.at",
        "swapdims": "np.swapaxes",
        "t": "t.T",
        "take_along_dim": "np.take_along_axis",
        "topk": "np.argsort(-t)[..., :k], then np.take_along_axis",
        "view_as": "t.reshape(other.shape)",
        **{name: f"np.linalg.{name}" for name in ("det", "qr", "slogdet", "svd")},
        **{name: f"np.linalg.{name}" for name in ("cholesky", "solve", "matrix_power")},
    }
)

TENSOR = MappingProxyType(
    {
        "as_subclass": "tensors are not subclassed here",
        "bfloat16": 't.astype("float32")',
        "bool": "t.astype(bool)",
        "contiguous": "every result is contiguous where it has to be: leave it out",
        "cuda": CPU,
        "data_ptr": "t.numpy().ctypes.data",
        "detach_": "t = t.detach()",
        "get_device": CPU,
        "grad_fn": "t.is_leaf says whether an op made it; print(t) names the op",
        "half": 't.astype("float32")',
        "index_add_": "np.add.at(t, index, values)",
        "int": "t.astype(np.int32)",
        "is_contiguous": "t.numpy().flags.c_contiguous",
        "is_cuda": CPU,
        "is_sparse": "all tensors are dense",
        "long": "t.astype(np.int64)",
        "new_full": "ag.full(shape, value, dtype=t.dtype)",
        "new_ones": "ag.ones(shape, dtype=t.dtype)",
        "new_tensor": "ag.tensor(data, dtype=t.dtype)",
        "new_zeros": "ag.zeros(shape, dtype=t.dtype)",
        "normal_": "nn.init.normal_(t, mean, std)",
        "pin_memory": CPU,
        "register_hook": "ag.custom_vjp: an identity whose backward is yours",
        "retain_grad": "ag.vjp, or ag.grad by the tensor in question",
        "scatter_": "np.put_along_axis(t, index, values, axis)",
        "scatter_add_": "np.add.at(t, index, values)",
        "share_memory_": "tensors share memory with NumPy arrays: t.numpy()",
        "stride": "t.strides, in bytes",
        "to": "t.astype(dtype); " + CPU,
        "type": "t.astype(dtype), or t.dtype",
        "type_as": "t.astype(other.dtype)",
        "uniform_": "nn.init.uniform_(t, low, high)",
        "xpu": CPU,
    }
)
# Functions of NumPy's that PyTorch has as methods, and those that it has in place.
NUMPYS = """absolute acos acosh allclose amax amin arccos arcsin arctan arctan2 asin
asinh atan atan2 atanh broadcast_to ceil copysign cosh count_nonzero cross diag diff
exp2 flip floor floor_divide fmax fmin fmod hypot inner isclose isfinite isinf isnan
kron log10 log2 logaddexp logical_and logical_not logical_or maximum median minimum
moveaxis multiply nan_to_num nanmean nansum negative outer quantile reciprocal
remainder roll sign sinc sinh split subtract tile tril triu trunc unique vdot"""
IN_PLACE = """abs ceil clip cos cosh exp expm1 floor log log10 log1p log2 reciprocal
sign sin sinh sqrt square tan tanh trunc"""
AWAY = {
    "clamp_": "np.clip(t, low, high, out=t)",
    "neg_": "np.negative(t, out=t)",
    "pow_": "np.power(t, p, out=t)",
    "relu_": "np.maximum(t, 0, out=t)",
    "masked_fill_": "t[mask] = value",
    "index_fill_": "t[index] = value",
    "squeeze_": "t = t.squeeze()",
    "t_": "t = t.T",
    "unsqueeze_": "t = t.unsqueeze(axis)",
}

AG = MappingProxyType(
    {
        "Function": "ag.custom_vjp",
        "GradientTape": "t.backward(), or ag.grad(f)",
        "Variable": "ag.tensor(data, requires_grad=True)",
        "cat": "np.concatenate (NumPy's functions take Tensors)",
        "clamp": "np.clip (NumPy's functions take Tensors)",
        "flatten": "t.flatten()",
        "randint": "np.random.default_rng(0).integers",
        "randperm": "np.random.default_rng(0).permutation",
        "FloatTensor": 'ag.tensor(data, dtype="float32")',
        "LongTensor": 'ag.tensor(data, dtype="int64")',
        "as_tensor": "ag.tensor(array)",
        "autocast": "dtypes are those of the data: model.float(), model.double()",
        "autograd": "ag.grad, ag.vjp, ag.gradcheck; an op of your own: ag.custom_vjp",
        "backends": "ag.set_num_threads(n)",
        "bernoulli": "nn.Dropout, or np.random.default_rng(0).binomial",
        "cuda": CPU,
        "defvjp": "@ag.custom_vjp, then @f.defvjp",
        "device": CPU,
        "enable_grad": "gradients are on; only ag.no_grad() turns them off",
        "from_numpy": "ag.tensor(array), or hand the array itself to any function",
        "extend": "ag.custom_vjp, ag.elementwise, ag.primitive",
        "func": "ag.grad, ag.vjp, ag.jvp, ag.jacobian, ag.hessian",
        "Generator": "ag.manual_seed(0)",
        "inference_mode": "ag.no_grad()",
        "is_grad_enabled": "ag.no_grad() is the only thing that turns gradients off",
        "is_tensor": "isinstance(x, ag.Tensor)",
        "jacfwd": "ag.jacobian",
        "jacrev": "ag.jacobian",
        "jit": "ag.compile",
        "lr_scheduler": SCHEDULERS,
        "load": "train.load",
        "make_jvp": "ag.jvp(f, (x,), (v,))",
        "make_vjp": "ag.vjp(f, x)",
        "norm": "np.linalg.norm",
        "np": NUMPY_ITSELF,
        "numpy": NUMPY_ITSELF,
        "rand_like": "ag.rand(*t.shape)",
        "randn_like": "ag.randn(*t.shape)",
        "relu": "nn.functional.relu",
        "save": "train.save, or train.save_weights",
        "set_default_dtype": "give the dtype: ag.tensor(data, dtype), model.double()",
        "set_default_device": CPU,
        "set_grad_enabled": "ag.no_grad()",
        "sigmoid": "nn.functional.sigmoid",
        "softmax": "nn.functional.softmax",
        "log_softmax": "nn.functional.log_softmax",
        "use_deterministic_algorithms": "results are the same bits anyway",
        "utils": LOADER,
        "vmap": "write for a batch: NumPy functions broadcast",
    }
)
