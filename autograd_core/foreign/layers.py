"""What other libraries' layers and models have: what to use here."""

from __future__ import annotations

from types import MappingProxyType

from autograd_core.foreign.arrays import CPU

NO_CONVOLUTION = "there are no convolutions or pooling here; PyTorch or JAX has them"
NO_SEQUENCE = "there are no recurrent or attention layers; write one as an nn.Module"
BUFFER = "self.name = nn.Buffer(array): attributes are found, nothing is registered"
PARAMETER = "self.name = nn.Parameter(array): attributes are found"
PLAIN = "a plain list: the Modules and Parameters in it are found"
DICT = PLAIN.replace("list", "dict")
HOOKS = "there are no hooks; call the layers one by one in forward"
GELU_LIKE = "write it in NumPy functions, or as one loop by ag.elementwise"

MODULE = MappingProxyType(
    {
        "add_module": "self.name = layer: attributes are found",
        "bfloat16": "model.float()",
        "build": "leave it out: a layer is told its sizes when it is made",
        "compile": "ag.compile(model)",
        "cpu": CPU,
        "cuda": CPU,
        "evaluate": "train.evaluate(model, loss, x, y)",
        "fit": "train.fit(model, opt, loss, (x, y), epochs=...)",
        "get_parameter": "dict(model.named_parameters())[name]",
        "get_submodule": "dict(model.named_modules())[name]",
        "get_weights": "model.state_dict()",
        "half": "model.float()",
        "layers": "model.children(), model.named_modules()",
        "load": "train.load_weights(model, path)",
        "load_weights": "train.load_weights(model, path)",
        "predict": "train.predict(model, x)",
        "register_buffer": BUFFER,
        "register_forward_hook": HOOKS,
        "register_forward_pre_hook": HOOKS,
        "register_full_backward_hook": HOOKS,
        "register_module": "self.name = layer: attributes are found",
        "register_parameter": PARAMETER,
        "save": "train.save_weights(model, path)",
        "save_weights": "train.save_weights(model, path)",
        "set_weights": "model.load_state_dict(state)",
        "share_memory": "tuning.md tells how processes share a study",
        "summary": "print(model)",
        "to": "model.float(), model.double(), model.astype(dtype); " + CPU,
    }
)

NN = MappingProxyType(
    {
        "AlphaDropout": "nn.Dropout",
        "BCELoss": "nn.BCEWithLogitsLoss, without the sigmoid before it",
        "CELU": "nn.ELU",
        "Activation": "nn.ReLU, nn.Tanh, ... by their names",
        "DataParallel": "ag.set_num_threads(n) shares large kernels between threads",
        "Dense": "nn.Linear(in_features, out_features)",
        "Embedding": "self.table = nn.Parameter(array); self.table[indices]",
        "Hardtanh": "np.clip(x, -1, 1)",
        "Input": "leave it out: each layer is told its sizes",
        "Layer": "nn.Module",
        "LazyLinear": "nn.Linear(in_features, out_features)",
        "LogSigmoid": "-nn.functional.softplus(-x)",
        "Mish": "x * np.tanh(nn.functional.softplus(x))",
        "Model": "nn.Module",
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
# Keras's initialisers; PyTorch's old names lack the underscore, see `advice`.
INIT = MappingProxyType(
    {
        "glorot_normal": "nn.init.xavier_normal_",
        "glorot_normal_": "nn.init.xavier_normal_",
        "glorot_uniform": "nn.init.xavier_uniform_",
        "glorot_uniform_": "nn.init.xavier_uniform_",
        "he_normal": "nn.init.kaiming_normal_",
        "he_normal_": "nn.init.kaiming_normal_",
        "he_uniform": "nn.init.kaiming_uniform_",
        "he_uniform_": "nn.init.kaiming_uniform_",
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
# Families of layers and of functions, where no single name is.
FAMILIES = (
    (r"(?i).*(conv|pool|upsample|pixel|interpolate|unfold|fold|grid)", NO_CONVOLUTION),
    (r"(BatchNorm|InstanceNorm|Dropout|LazyBatchNorm)[123]d|GroupNorm", NO_CONVOLUTION),
    (r"(?i)(rnn|lstm|gru|transformer|multi_?head|scaled_dot)", NO_SEQUENCE),
    (r".*(Loss|_loss)$", "write it in NumPy functions: any scalar Tensor is a loss"),
    (r"(?i)(hard|soft|tanh)?(shrink|sigmoid|swish)$|r?relu$|glu$|celu$", GELU_LIKE),
    (r".*Pad[123]d$", "np.pad"),
)
