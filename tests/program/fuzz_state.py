"""Random models, optimizers and steps whose state is changed between calls at random.

A scenario is drawn from a seed as plain data: what the model is, what a step does, and
for each round what is changed and with which arguments the step is called. Two twins
live through it, one eager and one compiled, and are compared in bits after each call.
``python tests/program/fuzz_state.py SEED [HOW_MANY]`` prints scenarios that differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from fuzz_explore import main
from fuzz_values import LAYOUTS, VALUES, WIDTH, Knob, laid_out
from truth_run import Verdict, compared, failed
from truth_things import Cfg, linear
from truth_world import Eager, seen

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.random import default_generator

F = nn.functional
ROUNDS, CLASSES = 6, 3
Change = tuple[str, Any]
OUTCOMES: Counter[str] = Counter()  # of eager calls: how many gave results

OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "SGD": partial(optim.SGD, lr=0.1),
    "momentum": partial(optim.SGD, lr=0.1, momentum=0.9),
    "Adam": partial(optim.Adam, lr=0.01),
    "AdamW": partial(optim.AdamW, lr=0.01, weight_decay=0.1),
    "RMSprop": partial(optim.RMSprop, lr=0.01),
    "Lion": partial(optim.Lion, lr=0.01),
}
LAYERS = ("Linear", "BatchNorm1d", "Dropout", "ReLU", "Tanh", "Knob", "Knob")
STEPS = ("train", "gradients", "accumulate", "forward", "clipped", "averaged")


@dataclass(frozen=True)
class Scenario:
    """All that chance decides, as plain data."""

    seed: int
    layers: tuple[str, ...]
    optimizer: str
    step: str
    rounds: tuple[tuple[tuple[Change, ...], int], ...]  # (changes, calls after them)
    batches: int


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    rng = np.random.default_rng(seed)
    layers = tuple(str(rng.choice(LAYERS)) for _ in range(rng.integers(1, 5)))
    names = [*CHANGES, "knob", "knob", "inside a knob"]
    rounds = []
    for _ in range(ROUNDS):
        picked = [str(rng.choice(names)) for _ in range(rng.integers(0, 3))]
        changes = tuple((name, rng.random(4).tolist()) for name in picked)
        rounds.append((changes, int(rng.choice([1, 1, 2, 3, 5]))))
    step, opt = str(rng.choice(STEPS)), str(rng.choice(list(OPTIMIZERS)))
    return Scenario(seed, layers, opt, step, tuple(rounds), int(rng.integers(1, 4)))


class Twin:
    """One of two that live through the same; ``fault`` is planted in its function."""

    def __init__(self, scenario: Scenario, compiler: Any, fault: str = "") -> None:
        ag.manual_seed(scenario.seed)
        self.fault, self.kept, self.wrong = fault, [], False
        self.layout, self.dtype, self.quiet = "C", "f4", False
        layers = [self._layer(kind, i) for i, kind in enumerate(scenario.layers)]
        self.model = nn.Sequential(linear(1, 4, WIDTH), *layers, linear(2, WIDTH, 3))
        self.opt = OPTIMIZERS[scenario.optimizer](self.model.parameters())
        self.ema = optim.EMA(self.model.parameters(), 0.9)
        self.scale = ag.ones(3)
        self.saved = self.model.state_dict(), self.opt.state_dict()
        self.f = compiler(self._step(scenario.step))
        self.random = default_generator.get_state()

    def _layer(self, kind: str, i: int) -> nn.Module:
        if kind == "Linear":
            return linear(10 + i, WIDTH, WIDTH)
        if kind == "Knob":
            return Knob()
        sized = {"BatchNorm1d": WIDTH, "Dropout": 0.3}
        return getattr(nn, kind)(*filter(None, [sized.get(kind)]))

    def _step(self, kind: str) -> Any:
        """The function that is compiled; it closes over locals, as users' do."""
        model, opt, scale, early = (
            self.model,
            self.opt,
            self.scale,
            self.fault == "early",
        )
        ema = self.ema

        def forward(x: Any) -> Any:
            if early:
                scale.mul_(0.9)
            factor = scale * 1.5
            if not early:
                scale.mul_(0.9)
            return model(x) * factor

        def step(x: Any, y: Any) -> Any:
            if kind == "forward":
                return forward(x)
            if kind != "accumulate":
                opt.zero_grad()
            loss = F.cross_entropy(forward(x), y)
            loss.backward()
            if kind == "clipped":
                optim.clip_grad_norm_(model.parameters(), 0.1)
            if kind not in ("gradients", "accumulate"):
                opt.step()
            if kind == "averaged":
                ema.update()
            return loss

        return step

    def call(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Outcome and state of one call."""
        default_generator.set_state(self.random)
        try:
            if self.quiet:
                with ag.no_grad():
                    outcome: Any = ("result", seen(self.f(x, y)))
            else:
                outcome = ("result", seen(self.f(x, y)))
        except Exception as error:
            outcome = failed(error)
        self.random = default_generator.get_state()
        return outcome, self.look()

    def look(self) -> Any:
        """All state, to compare."""
        held = self.model, self.opt, self.ema, self.scale, self.kept, self.random
        return seen(held, deep=True)

    def change(self, name: str, numbers: list[float]) -> None:
        """Apply one change; what it cannot be applied to stays as it is."""
        default_generator.set_state(self.random)
        CHANGES[name](self, *numbers)
        self.random = default_generator.get_state()

    # What changes pick from, by a number from 0 to 1 -------------------------------

    def parameter(self, at: float) -> Any:
        parameters = list(self.model.parameters())
        return parameters[int(at * len(parameters))]

    def layer(self, at: float) -> Any:
        return self.model[int(at * len(self.model))]

    def of(self, kind: type, at: float) -> Any:
        """One of the layers of a kind, or one that nobody calls."""
        found = [m for m in self.model.modules() if isinstance(m, kind)]
        return found[int(at * len(found))] if found else kind()


# Changes: (twin, four numbers from 0 to 1) ------------------------------------------


def _knob(t: Twin, a: float, b: float, *_: float) -> None:
    kinds = list(VALUES)
    t.of(Knob, 0.0).value = VALUES[kinds[int(a * len(kinds))]](round(b, 2))


def _knob_inside(t: Twin, a: float, b: float, *_: float) -> None:
    value = t.of(Knob, 0.0).value
    if isinstance(value, Cfg):
        value.k = b
    elif isinstance(value, list):
        value[0] = b
    elif isinstance(value, dict):
        value["k"] = b
    elif isinstance(value, np.ndarray):
        value[...] = b
    elif isinstance(value, ag.Tensor):
        value.fill_(b)


def _new_data(t: Twin, a: float, b: float, *_: float) -> None:
    p = t.parameter(a)
    p.data = p.data * p.dtype.type(b)


def _data_written(t: Twin, a: float, b: float, *_: float) -> None:
    t.parameter(a).data[...] *= b


def _new_parameter(t: Twin, a: float, b: float, *_: float) -> None:
    layer = t.layer(a)
    if getattr(layer, "weight", None) is not None:
        layer.weight = nn.Parameter(layer.weight.data * np.float32(b))


def _new_layer(t: Twin, a: float, b: float, *_: float) -> None:
    i = int(a * len(t.model))
    if isinstance(t.model[i], nn.Linear):
        n, m = t.model[i].weight.shape[::-1]
        t.model[i] = linear(int(100 * b), n, m)
    else:
        t.model[i] = (nn.Tanh, nn.ReLU, nn.Identity)[int(3 * b)]()


def _setting(t: Twin, a: float, b: float, *_: float) -> None:
    t.opt.param_groups[0].update(lr=0.1 * a)
    if b > 0.5:
        t.opt.param_groups[0].update(weight_decay=0.1 * b)


def _group(t: Twin, *_: float) -> None:
    extra = ag.tensor(np.ones(2, np.float32), requires_grad=True)
    t.opt.add_param_group({"params": [extra], "lr": 0.5})


def _clip_data(t: Twin, a: float, *_: float) -> None:
    for p in t.model.parameters():
        if p.grad is not None:
            p.grad.data = np.clip(p.grad.data, -a / 10, a / 10)


def _keep(t: Twin, a: float, *_: float) -> None:
    t.kept.append(t.parameter(a).grad)


def _grad_scaled(t: Twin, a: float, *_: float) -> None:
    p = t.parameter(a)
    if p.grad is not None:
        p.grad.mul_(0.5)


def _grad_new(t: Twin, a: float, b: float, *_: float) -> None:
    p = t.parameter(a)
    p.grad = ag.tensor(np.full(p.shape, b, p.dtype))


def _grad_gone(t: Twin, a: float, *_: float) -> None:
    t.parameter(a).grad = None


def _frozen(t: Twin, a: float, b: float, *_: float) -> None:
    t.parameter(a).requires_grad_(b > 0.5)


def _loaded(t: Twin, a: float, *_: float) -> None:
    if a < 0.5 and [p.shape for p in t.model.parameters()] == [
        v.shape for k, v in t.saved[0].items() if "running" not in k and "num" not in k
    ]:
        t.model.load_state_dict(t.saved[0], strict=False)
    elif len(t.opt.param_groups) == 1:
        t.opt.load_state_dict(t.saved[1])


def _mode_of_layer(t: Twin, a: float, b: float, *_: float) -> None:
    t.layer(a).train(b > 0.5)


def _set(name: str, value: Callable[[float], Any]) -> Any:
    return lambda t, a, *_: setattr(t, name, value(a))


def _step_outside(t: Twin, *_: float) -> None:
    t.opt.step()


CHANGES: dict[str, Callable[..., Any]] = {
    "knob": _knob,
    "inside a knob": _knob_inside,
    "mode": lambda t, a, *_: t.model.train(a > 0.4),
    "mode of a layer": _mode_of_layer,
    "dropout": lambda t, a, b, *_: setattr(t.of(nn.Dropout, b), "p", round(a, 1) * 0.9),
    "momentum": lambda t, a, *_: setattr(t.model[1], "momentum", a),
    "setting": _setting,
    "group": _group,
    "new data": _new_data,
    "data written": _data_written,
    "new parameter": _new_parameter,
    "new layer": _new_layer,
    "seed": lambda t, a, *_: ag.manual_seed(int(100 * a)),
    "threads": lambda t, a, *_: ag.set_num_threads(1 + int(2 * a)),
    "gradients clipped": _clip_data,
    "gradient kept": _keep,
    "gradient scaled": _grad_scaled,
    "gradient set": _grad_new,
    "gradient gone": _grad_gone,
    "gradients zeroed": lambda t, *_: t.opt.zero_grad(),
    "step outside": _step_outside,
    "ema outside": lambda t, *_: t.ema.update(),
    "frozen": _frozen,
    "loaded": _loaded,
    "scale": lambda t, a, *_: t.scale.fill_(a),
    "new scale": lambda t, a, *_: setattr(t.scale, "data", np.full(3, a, np.float32)),
    "layout": _set("layout", lambda a: LAYOUTS[int(5 * a)]),
    "dtype": _set("dtype", lambda a: ("f4", "f8", "i4")[int(3 * a)]),
    "no_grad": _set("quiet", lambda a: True),
    "bad label": _set("wrong", lambda a: True),
}


def arguments(scenario: Scenario, t: Twin, n: int) -> tuple[Any, Any]:
    """Arguments of call n; a bad label is given once."""
    rng = np.random.default_rng((scenario.seed, n % scenario.batches))
    rows = 4 + 2 * (n % 2 if scenario.seed % 4 == 0 else 0)
    x = (3 * rng.standard_normal((rows, 4))).astype(t.dtype)
    y = rng.integers(0, CLASSES, rows)
    if t.wrong:
        y[1], t.wrong = CLASSES, False
    return laid_out(x, t.layout), y


def frozen(compiler: Any) -> Any:
    """A planted fault: the first call's argument in all calls of a shape and dtype."""

    def compile_with(function: Any) -> Any:
        fast, first = compiler(function), {}

        def call(x: Any, y: Any) -> Any:
            return fast(first.setdefault((x.shape, str(x.dtype)), x.copy()), y)

        return call

    return compile_with


def run(seed: int, fault: str = "") -> Verdict:
    """Live through the scenario of a seed twice, and compare.

    A ``fault`` is planted in the compiled twin's function: "stale" (a setting of a
    module is not looked at again), "frozen" or "early" (a write is done too soon).
    """
    scenario, threads = draw(seed), ag.get_num_threads()
    compiler = frozen(ag.compile) if fault == "frozen" else ag.compile
    twins = Twin(scenario, Eager), Twin(scenario, compiler, fault)
    if fault == "stale":
        knob = twins[1].of(Knob, 0.0)
        knob.forward = lambda x: x * 1.0 + 1.0
    try:
        return _live(scenario, twins)
    finally:
        ag.set_num_threads(threads)


def _live(scenario: Scenario, twins: tuple[Twin, Twin]) -> Verdict:
    n = 0
    for changes, calls in scenario.rounds:
        for twin in twins:
            twin.dtype, twin.quiet = "f4", False
        for name, numbers in changes:
            for twin in twins:
                twin.change(name, numbers)
        for _ in range(calls):
            steps = [twin.call(*arguments(scenario, twin, n)) for twin in twins]
            OUTCOMES[steps[0][0][0]] += 1
            verdict = compared(*steps, f"call {n} after {[c[0] for c in changes]}")
            if verdict is not None:
                return verdict
            n += 1
    return Verdict("same")


if __name__ == "__main__":
    main(run, OUTCOMES, draw)
