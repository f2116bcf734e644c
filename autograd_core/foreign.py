"""Names that PyTorch has and this library does not, and what to use instead.

One table, by where the name is looked for. Modules ask `missing` when they have no such
name; classes inherit `Elsewhere` objects, which are found without a ``__getattr__``, so
that no other attribute becomes slower.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

import numpy as np

CPU = "everything is on the CPU: leave it out"
NO_CONVOLUTION = "there are no convolutions or pooling here; PyTorch or JAX has them"
NO_SEQUENCE = "there are no recurrent or attention layers; write one as an nn.Module"
INDEX = "index as in NumPy: t[index]"
BUFFER = "self.name = nn.Buffer(array): attributes are found, nothing is registered"
PARAMETER = "self.name = nn.Parameter(array): attributes are found"
PLAIN = "a plain list: the Modules and Parameters in it are found"
DICT = PLAIN.replace("list", "dict")
HOOKS = "there are no hooks; call the layers one by one in forward"
SCHEDULERS = "schedulers are in optim itself: optim.StepLR(opt, ...)"
LOADER = "train.Batches(x, y, batch_size=..., seed=...)"
GELU_LIKE = "write it in NumPy functions, or as one loop by ag.elementwise"

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

MODULE = MappingProxyType(
    {
        "add_module": "self.name = layer: attributes are found",
        "bfloat16": "model.float()",
        "compile": "ag.compile(model)",
        "cpu": CPU,
        "cuda": CPU,
        "get_parameter": "dict(model.named_parameters())[name]",
        "get_submodule": "dict(model.named_modules())[name]",
        "half": "model.float()",
        "register_buffer": BUFFER,
        "register_forward_hook": HOOKS,
        "register_forward_pre_hook": HOOKS,
        "register_full_backward_hook": HOOKS,
        "register_module": "self.name = layer: attributes are found",
        "register_parameter": PARAMETER,
        "share_memory": "tuning.md tells how processes share a study",
        "to": "model.float(), model.double(), model.astype(dtype); " + CPU,
    }
)

AG = MappingProxyType(
    {
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
        "device": CPU,
        "enable_grad": "gradients are on; only ag.no_grad() turns them off",
        "from_numpy": "ag.tensor(array), or hand the array itself to any function",
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

NN = MappingProxyType(
    {
        "AlphaDropout": "nn.Dropout",
        "BCELoss": "nn.BCEWithLogitsLoss, without the sigmoid before it",
        "CELU": "nn.ELU",
        "DataParallel": "ag.set_num_threads(n) shares large kernels between threads",
        "Embedding": "self.table = nn.Parameter(array); self.table[indices]",
        "Hardtanh": "np.clip(x, -1, 1)",
        "LazyLinear": "nn.Linear(in_features, out_features)",
        "LogSigmoid": "-nn.functional.softplus(-x)",
        "Mish": "x * np.tanh(nn.functional.softplus(x))",
        "ModuleDict": DICT,
        "ModuleList": PLAIN,
        "NLLLoss": "nn.CrossEntropyLoss, without the log-softmax before it",
        "ParameterDict": DICT,
        "ParameterList": PLAIN,
        "PReLU": "nn.Parameter as the slope, and np.where(x > 0, x, slope * x)",
        "ReLU6": "np.clip(x, 0, 6)",
        "RMSNorm": "nn.LayerNorm; own_op.md has it as a kernel of your own",
        "Softmin": "nn.Softmax of -x",
        "Softsign": "x / (1 + np.abs(x))",
        "SyncBatchNorm": "nn.BatchNorm1d",
        "Unflatten": "x.reshape(...)",
        "parallel": "ag.set_num_threads(n) shares large kernels between threads",
        "utils": "optim.clip_grad_norm_, optim.clip_grad_value_",
    }
)
FUNCTIONAL = MappingProxyType(
    {
        "binary_cross_entropy": "binary_cross_entropy_with_logits of the logits",
        "embedding": "table[indices]",
        "hardtanh": "np.clip(x, -1, 1)",
        "kl_div": "scipy.special.rel_entr(p, q).sum()",
        "layer_norm": "nn.LayerNorm(shape)",
        "logsigmoid": "-softplus(-x)",
        "mish": "x * np.tanh(softplus(x))",
        "nll_loss": "cross_entropy of the logits",
        "normalize": "x / np.linalg.norm(x, axis=-1, keepdims=True)",
        "one_hot": "np.eye(classes)[labels]",
        "pad": "np.pad",
        "relu6": "np.clip(x, 0, 6)",
        "softmin": "softmax(-x)",
        "softsign": "x / (1 + np.abs(x))",
    }
)
OPTIM = MappingProxyType(
    {
        "ASGD": "optim.SGD with optim.EMA",
        "Adafactor": "optim.Adam",
        "LBFGS": "scipy.optimize.minimize(f, x, jac=ag.grad(f), method='L-BFGS-B')",
        "Muon": "optim.AdamW",
        "Rprop": "optim.RMSprop",
        "SparseAdam": "optim.Adam",
        "lr_scheduler": SCHEDULERS,
        "swa_utils": "optim.EMA",
    }
)
TRAIN = MappingProxyType(
    {"DataLoader": LOADER, "Dataset": LOADER, "Trainer": "train.fit"}
)

# Families of layers and of functions, where no single name is.
FAMILIES = (
    (r"(?i).*(conv|pool|upsample|pixel|interpolate|unfold|fold|grid)", NO_CONVOLUTION),
    (r"(BatchNorm|InstanceNorm|Dropout|LazyBatchNorm)[123]d|GroupNorm", NO_CONVOLUTION),
    (r"(?i)(rnn|lstm|gru|transformer|multi_?head|scaled_dot)", NO_SEQUENCE),
    (r".*(Loss|_loss)$", "write it in NumPy functions: any scalar Tensor is a loss"),
    (r"(?i)(hard|soft|tanh)?(shrink|sigmoid|swish)$|r?relu$|glu$|celu$", GELU_LIKE),
    (r".*Pad[123]d$", "np.pad"),
)
PLACES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "autograd_core": AG,
        "autograd_core.nn": NN,
        "autograd_core.nn.functional": FUNCTIONAL,
        "autograd_core.optim": OPTIM,
        "autograd_core.train": TRAIN,
        "Tensor": TENSOR,
        "Module": MODULE,
    }
)


def missing(place: str, name: str) -> AttributeError:
    """What to raise where ``place``, a module's name, has no ``name``."""
    known = f"module {place!r} has no attribute {name!r}"
    hint = advice(place, name)
    return AttributeError(f"{known}: {hint}" if hint else known)


def advice(place: str, name: str) -> str | None:
    """What to use instead of a name, None for one that nobody knows."""
    layers = place in ("autograd_core.nn", "autograd_core.nn.functional")
    if name in PLACES[place]:
        return PLACES[place][name]
    if layers and (fit := [text for rule, text in FAMILIES if re.match(rule, name)]):
        return fit[0]
    if name in NN and not layers:
        return NN[name]
    if name in TRAIN:
        return TRAIN[name]
    if place == "autograd_core":
        return _numpy(name)
    return None


def _numpy(name: str) -> str | None:
    """NumPy's name of it; dtypes and functions of NumPy's are used as they are."""
    if name in NUMPY:
        return f"{NUMPY[name]} (NumPy's functions take Tensors)"
    if name.startswith("_") or not callable(getattr(np, name, None)):
        return None
    kind = "dtypes" if isinstance(getattr(np, name), type) else "functions"
    return f"np.{name} (NumPy's {kind} are used as they are)"


class Elsewhere:
    """A name that a class does not have: looking it up says what to use."""

    __slots__ = ("name", "use")

    def __init__(self, name: str, use: str) -> None:
        self.name, self.use = name, use

    def __get__(self, instance: object, owner: type) -> NoReturn:
        """As if it were not there, with a better message."""
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}: {self.use}"
        )

    def __repr__(self) -> str:
        return f"<not here: {self.use}>"


class ElsewhereInTensor:
    """What PyTorch's Tensors have and these do not."""

    __slots__ = ()

    def __dir__(self) -> list[str]:
        """What there is."""
        return _there(self)


class ElsewhereInModule:
    """What PyTorch's Modules have and these do not."""

    def __dir__(self) -> list[str]:
        """What there is."""
        return _there(self)


def _there(value: object) -> list[str]:
    own = getattr(value, "__dict__", {})
    names = object.__dir__(value)
    kind = type(value)
    return [
        name
        for name in names
        if name in own
        or not isinstance(inspect.getattr_static(kind, name, None), Elsewhere)
    ]


def _tensor() -> dict[str, str]:
    """All of a Tensor's, by their names."""
    return {
        **NUMPY,
        **{name: f"np.{name}(t)" for name in NUMPYS.split()},
        **{f"{name}_": f"np.{name}(t, out=t)" for name in IN_PLACE.split()},
        **AWAY,
        **TENSOR,
    }


for _place, _names in ((ElsewhereInTensor, _tensor()), (ElsewhereInModule, MODULE)):
    for _name, _use in _names.items():
        setattr(_place, _name, Elsewhere(_name, _use))
