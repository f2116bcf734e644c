"""What the tests of the optimizers share: options, published values, helpers."""

import itertools

import numpy as np

import autograd_core as ag
from autograd_core.hooks import listen
from autograd_core.program.record import Recorder
from autograd_kernels.pointers import CHUNK

SHAPES = [(3, 5), (0, 4), (), (1,), (70, 131), (CHUNK,), (2 * CHUNK + 1,)]

# (optimizer, options, the values that torch.optim of PyTorch 2.13 gives in float64 to a
# parameter [1, -2, 0.5] in 10 steps with the gradient [1, 2, 3] * p + cos(t), t from 0)
TORCH = [
    ("SGD", {}, [0.9896298088445871, -1.9607666578796215, 0.48479876570814506]),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.9},
        [-0.6068876900388089, -0.05719532484354809, 0.0859148560064645],
    ),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        [-0.34645449495221914, -0.1399952579502002, 0.07021357233455928],
    ),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.5, "dampening": 0.3, "maximize": True},
        [3.5422949402145276, -14.996431391028501, 10.343111393308236],
    ),
    ("RMSprop", {}, [0.6774241879663963, -1.4959624803225724, 0.1903327636695801]),
    (
        "RMSprop",
        {"momentum": 0.9, "centered": True, "weight_decay": 0.1},
        [-0.30125757357158983, 0.1417337258618786, -0.31600032029810243],
    ),
    (
        "RMSprop",
        {"centered": True, "alpha": 0.9},
        [0.8586581790863452, -1.7750113317717495, 0.3445144672783284],
    ),
    ("Adagrad", {}, [0.9639246544661101, -1.947637462772829, 0.4598847138297729]),
    (
        "Adagrad",
        {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5},
        [0.9716565290764544, -1.959624172050028, 0.4689880356350038],
    ),
    ("Adam", {}, [0.9916116124988165, -1.9900557854259466, 0.49092286364710036]),
    (
        "Adam",
        {"amsgrad": True, "weight_decay": 0.1, "lr": 0.05},
        [0.5949587509136541, -1.5068940159575528, 0.09575714619592793],
    ),
    (
        "Adam",
        {"betas": (0.5, 0.8), "eps": 0.1, "maximize": True},
        [1.0074572215690625, -2.0097533658265485, 0.5084180612155155],
    ),
    ("AdamW", {}, [0.9915121043462886, -1.9898562736628078, 0.49087336097544004]),
    (
        "AdamW",
        {"amsgrad": True, "weight_decay": 0.1, "lr": 0.05},
        [0.5679630223059134, -1.421689728392803, 0.08639257343602455],
    ),
    ("NAdam", {}, [0.9879309601431182, -1.9833915727669043, 0.4865143913386681]),
    (
        "NAdam",
        {
            "weight_decay": 0.1,
            "decoupled_weight_decay": True,
            "lr": 0.05,
            "momentum_decay": 0.1,
        },
        [0.6852778740770948, -1.5144595351604202, 0.20642430893091374],
    ),
    (
        "NAdam",
        {"weight_decay": 0.1},
        [0.9875439095065826, -1.9834056502207806, 0.4864179793201604],
    ),
]
# What PyTorch has not, or not with all of it.
MORE = [
    ("Lion", {}),
    ("Lion", {"weight_decay": 0.1, "lr": 0.01, "maximize": True}),
    ("NAdam", {"amsgrad": True, "maximize": True}),
    ("RMSprop", {"momentum": 0.5, "maximize": True}),
    ("Adagrad", {"maximize": True, "eps": 0.1}),
    ("AdamW", {"maximize": True, "betas": (0.0, 0.0)}),
    ("Adam", {"lr": 0.0}),
    ("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.3}),
    # Below: `trajectories` has PyTorch's values.
    ("Adadelta", {"weight_decay": 0.1, "rho": 0.5}),
    ("Adamax", {"weight_decay": 0.1, "betas": (0.5, 0.8)}),
    ("RAdam", {"betas": (0.9, 0.99)}),
    ("RAdam", {"decoupled_weight_decay": True, "weight_decay": 0.3, "maximize": True}),
    ("ScheduleFreeSGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("ScheduleFreeSGD", {"lr": 0.1, "warmup_steps": 7, "r": 0.5, "momentum": 0.5}),
    ("ScheduleFreeSGD", {"lr": 0.0, "weight_lr_power": 0.0}),
]
TABLE = [(name, options) for name, options, _ in TORCH] + MORE
# Options that bring all state of an optimizer to use.
FULL = [
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"amsgrad": True}),
    ("NAdam", {"amsgrad": True}),
    ("Lion", {"weight_decay": 0.1}),
    ("Adadelta", {"weight_decay": 0.1}),
    ("Adamax", {}),
    ("RAdam", {"betas": (0.9, 0.9)}),
    ("ScheduleFreeSGD", {"lr": 0.1, "warmup_steps": 4}),
]
EVERY = [name for name, _ in FULL]


def label(value):
    return None if isinstance(value, list) else str(value)


def parameters(rng, dtype=np.float64, shapes=SHAPES):
    draws = [np.asarray(rng.normal(size=shape), dtype) for shape in shapes]
    return [ag.tensor(d, requires_grad=True) for d in draws]


def give(params, grads):
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else ag.Tensor(np.asarray(g, p.dtype))


def copies(opt):
    return [{n: a.copy() for n, a in s.items()} for s in opt.state.values()]


def assert_same_bits(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(
            x.view(np.uint64 if x.itemsize == 8 else np.uint32).reshape(-1),
            y.view(np.uint64 if y.itemsize == 8 else np.uint32).reshape(-1),
        )


def leaf(*shape, dtype=np.float64):
    return ag.tensor(np.ones(shape), dtype, requires_grad=True)


class Split(Recorder):
    """Runs each launch cut at these units, last part first; notes the kernels."""

    def __init__(self, cuts):
        super().__init__([])
        self.cuts, self.kernels = cuts, []

    def __enter__(self):
        self.listening = listen(self)
        self.listening.__enter__()
        return self

    def __exit__(self, *error):
        self.listening.__exit__(*error)

    def launch_many(self, kernel, pointers, args):
        self.launch(kernel, pointers.units, (*args, pointers.table))

    def launch(self, kernel, units, args):
        self.kernels.append(kernel)
        edges = [0, *(c for c in self.cuts if c < units), units]
        for lo, hi in reversed(list(itertools.pairwise(edges))):
            kernel(lo, hi, *args)
