"""Random straight-line programs of ops, with writes to their operands in between.

A program is a list of instructions over a few tensors that persist (``W``, ``v`` are
leaves, ``B``, ``D``, ``c`` are not), an argument and temporaries. `run` gives it to an
eager and to a compiled machine, with several inputs, and compares in bits.
``python tests/program/fuzz_writes.py SEED [HOW_MANY]`` prints programs that differ.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fuzz_explore import main
from truth_run import Verdict, compared, failed
from truth_world import difference, seen

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.random import default_generator

F = nn.functional
CALLS, STEADY = 14, 4  # calls, and how many in a row with nothing changed between
LABELS = np.array([1, 0, 3, 2])
MATRICES, VECTORS, LEAVES = ("B", "D", "W"), ("c", "v"), ("W", "v")

# name: (kinds of the operands, kind of the result, function)
OPS: dict[str, tuple[str, str, Any]] = {
    "matmul": ("MM", "M", lambda a, b: a @ b),
    "linear": ("MMV", "M", F.linear),
    "relu": ("M", "M", F.relu),
    "dropout": ("M", "M", lambda a: F.dropout(a, 0.5)),
    "gelu": ("M", "M", F.gelu),
    "gelu_tanh": ("M", "M", lambda a: F.gelu(a, "tanh")),
    "tanh": ("M", "M", np.tanh),
    "exp": ("M", "M", lambda a: np.exp(np.tanh(a))),
    "softmax": ("M", "M", F.softmax),
    "add": ("MM", "M", lambda a, b: a + b),
    "mul": ("MM", "M", lambda a, b: a * b),
    "sub_row": ("MV", "M", lambda a, b: a - b),
    "mul_row": ("MV", "M", lambda a, b: a * b),
    "scale": ("M", "M", lambda a: a * 0.5),
    "where": ("MMM", "M", lambda a, b, c: np.where(a > 0, b, c)),
    "transpose": ("M", "M", lambda a: a.T),
    "reshape": ("M", "M", lambda a: a.reshape(16).reshape(4, 4)),
    "flip": ("M", "M", lambda a: a[::-1]),
    "clone": ("M", "M", lambda a: a.clone()),
    "detach": ("M", "M", lambda a: a.detach()),
    "row": ("M", "V", lambda a: a[1]),
    "sum_rows": ("M", "V", lambda a: a.sum(0)),
    "mean_rows": ("M", "V", lambda a: a.mean(0)),
    "relu_v": ("V", "V", F.relu),
    "mul_v": ("VV", "V", lambda a, b: a * b),
    "dropout_v": ("V", "V", lambda a: F.dropout(a, 0.3)),
    "product_v": ("MV", "V", lambda a, b: a @ b),
    "sum": ("M", "S", lambda a: a.sum()),
    "squares": ("M", "S", lambda a: (a * a).mean()),
    "sum_v": ("V", "S", lambda a: a.sum()),
    "cross_entropy": ("M", "S", lambda a: F.cross_entropy(a, LABELS)),
    "mse": ("MM", "S", F.mse_loss),
}
FOLLOWS = {"matmul": "relu", "linear": "relu", "relu": "dropout", "relu_v": "dropout_v"}
WRITES = (
    "mul_",
    "add_",
    "copy_",
    "fill_",
    "zero_",
    "part",
    "part_of",
    "view",
    "transposed",
    "iadd",
)
AT_LEAVES = (
    "backward",
    "grad_mul",
    "grad_set",
    "grad_part",
    "clip",
    "clip_value",
    "sgd",
)
BETWEEN = ("nothing", "rebound", "written", "array", "seed", "grad", "swapped")
Instruction = tuple[Any, ...]
OUTCOMES: Counter[str] = Counter()  # of eager calls: how many gave results


@dataclass
class Program:
    """Instructions ("op", name, operands, result), ("write", how, target, source, by)
    and ("leaf", what, leaf or scalar); what is returned; what happens between calls."""

    steps: list[Instruction] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    between: list[tuple[str, float]] = field(default_factory=list)
    clears: bool = True


def draw(seed: int) -> Program:
    """The program of a seed."""
    rng = np.random.default_rng(seed)
    known = {"M": [*MATRICES, "x"], "V": [*VECTORS], "S": []}
    program, last = Program(clears=bool(rng.random() < 0.7)), ("", "")
    differentiates = rng.random() < 0.5
    for i in range(rng.integers(5, 14)):
        last = _op(rng, program, known, i, last)
        while rng.random() < 0.35:
            program.steps.append(_write(rng, program, known))
        if differentiates and known["S"] and rng.random() < 0.4:
            what = AT_LEAVES[0] if rng.random() < 0.5 else _one(rng, AT_LEAVES)
            name = known["S"].pop() if what == "backward" else _one(rng, LEAVES)
            program.steps.append(("leaf", what, name))
    names = [name for kind in "MVS" for name in known[kind] if name not in LEAVES]
    count = min(len(names), int(rng.integers(1, 4)))
    program.results = [str(n) for n in rng.choice(names, count, replace=False)]
    for n in range(CALLS):
        how = _one(rng, BETWEEN) if n % STEADY == STEADY - 1 else "nothing"
        program.between.append((how, float(rng.random())))
    return program


def _one(rng: np.random.Generator, items: Any) -> Any:
    return items[int(rng.integers(len(items)))]


def _recent(rng: np.random.Generator, names: list[str]) -> str:
    return names[-1] if rng.random() < 0.5 else str(_one(rng, names))


def _op(
    rng: np.random.Generator, program: Program, known: Any, i: int, last: Any
) -> tuple[str, str]:
    """Append one op, often one that can be fused with the last."""
    before, result = last
    if before in FOLLOWS and rng.random() < 0.6:
        name, operands = FOLLOWS[before], [result]
    else:
        name = str(_one(rng, list(OPS)))
        if rng.random() < 0.3:
            name = str(_one(rng, ("matmul", "linear", "relu")))
        if rng.random() < 0.1 and program.steps:
            program.steps.append(("norm", _recent(rng, known["M"]), f"n{i}"))
            known["M"].append(f"n{i}")
        operands = [_recent(rng, known[kind]) for kind in OPS[name][0]]
    program.steps.append(("op", name, operands, f"t{i}"))
    known[OPS[name][1]].append(f"t{i}")
    return name, f"t{i}"


def _write(rng: np.random.Generator, program: Program, known: Any) -> Instruction:
    """A write, mostly to what the last ops have touched."""
    kind = "M" if rng.random() < 0.7 else "V"
    ops = [step for step in program.steps[-4:] if step[0] == "op"]
    near = {name for step in ops for name in (*step[2], step[3])}
    names = [name for name in known[kind] if name in near] or known[kind]
    target, source = str(_one(rng, names)), str(_one(rng, known[kind]))
    by = float(rng.integers(-2, 4)) / 2
    return ("write", str(_one(rng, WRITES)), target, source, by)


class Machine:
    """The tensors of one run, and the function that carries a program out."""

    def __init__(self, seed: int, program: Program, stale: bool = False) -> None:
        rng = np.random.default_rng(seed + 1)
        sizes = {**dict.fromkeys(MATRICES, (4, 4)), **dict.fromkeys(VECTORS, 4)}
        self.program = program
        self.held: dict[str, ag.Tensor] = {}
        for name, size in sizes.items():
            values = rng.standard_normal(size).astype(np.float32)
            self.held[name] = ag.tensor(values, requires_grad=name in LEAVES)
        self.mean, self.var = ag.zeros(4), ag.ones(4)
        self.fixed = {n: ag.Tensor(self.held[n].data) for n in "BD"} if stale else {}
        self.random = np.array([seed, 0], np.uint64)

    def __call__(self, x: Any) -> Any:
        """Carry the program out."""
        now = {**self.held, **self.fixed, "x": x}
        if self.program.clears:
            for leaf in LEAVES:
                now[leaf].grad = None
        # No getattr: code that looks attributes up by computed names is guarded by all.
        do = {
            "op": self.do_op,
            "norm": self.do_norm,
            "write": self.do_write,
            "leaf": self.do_leaf,
        }
        for step in self.program.steps:
            do[step[0]](now, *step[1:])
        return [now[name] for name in self.program.results]

    def do_op(self, now: Any, name: str, operands: Any, result: str) -> None:
        now[result] = OPS[name][2](*(now[operand] for operand in operands))

    def do_norm(self, now: Any, operand: str, result: str) -> None:
        value = now[operand]
        now[result] = F.batch_norm(value, self.mean, self.var, training=True)

    def do_write(self, now: Any, how: str, target: str, source: str, by: float) -> None:
        t, s = now[target].detach(), now[source].detach()
        with ag.no_grad():
            if how == "mul_":
                t.mul_(by)
            elif how == "fill_":
                t.fill_(by)
            elif how == "add_":
                t.add_(s)
            elif how == "copy_":
                t.copy_(s)
            elif how == "zero_":
                t.zero_()
            elif how == "part":
                t[1:3] = by
            elif how == "part_of":
                t[:2] = s[2:]
            elif how == "view":
                t[2].mul_(by)
            elif how == "transposed":
                t.T.add_(s)
            else:
                t += s

    def do_leaf(self, now: Any, what: str, name: str) -> None:
        t = now[name]
        if what == "backward":
            if t.requires_grad:
                t.backward(retain_graph=True)
            return
        grads = [now[leaf] for leaf in LEAVES if now[leaf].grad is not None]
        if what == "clip":
            optim.clip_grad_norm_(grads, 0.5)
        elif what == "clip_value":
            optim.clip_grad_value_(grads, 0.25)
        elif what == "grad_set":
            t.grad = t.detach() * 2.0
        elif t.grad is None:
            return
        elif what == "grad_mul":
            t.grad.mul_(0.5)
        elif what == "grad_part":
            t.grad[0] = 0.25
        else:
            with ag.no_grad():
                t.sub_(0.1 * t.grad)

    # Between calls ---------------------------------------------------------------

    def change(self, how: str, by: float) -> None:
        """What happens between two calls."""
        d, w = self.held["D"], self.held["W"]
        if how == "rebound":
            d.data = d.data * np.float32(by)
            w.data = w.data * np.float32(by)
        elif how == "written":
            d.mul_(by)
            self.held["c"].add_(by)
        elif how == "array":
            self.held["B"].data[...] = np.float32(by)
        elif how == "seed":
            self.random = np.array([int(by * 100), 0], np.uint64)
        elif how == "grad" and w.grad is not None:
            w.grad.data = w.grad.data + np.float32(by)
        elif how == "swapped":
            d.data, self.held["B"].data = self.held["B"].data, d.data

    def look(self) -> Any:
        """All state, to compare."""
        return seen((self.held, self.mean, self.var, self.random), deep=True)

    def call(self, function: Any, x: Any) -> tuple[Any, Any]:
        """Outcome and state of one call, with the machine's own random numbers."""
        default_generator.set_state(self.random)
        try:
            outcome: Any = ("result", seen(function(x)))
        except Exception as error:
            outcome = failed(error)
        self.random = default_generator.get_state()
        return outcome, self.look()


def moved(program: Program) -> Program | None:
    """The program with a write before the op that reads its target; None without."""
    steps = list(program.steps)
    for i in range(1, len(steps)):
        op, write = steps[i - 1 : i + 1]
        if (op[0], write[0]) != ("op", "write") or write[2] not in op[2]:
            continue
        if op[3] not in write[2:4]:
            steps[i - 1 : i + 1] = write, op
            return Program(steps, program.results, program.between, program.clears)
    return None


def run(seed: int, fault: str = "") -> Verdict:
    """Compare an eager and a compiled run of the program of ``seed``.

    A ``fault`` is planted in the compiled one: "stale" (arrays rebound outside are not
    seen), "frozen" (the argument is the first call's) or "early" (a write is moved).
    """
    program = draw(seed)
    other = moved(program) if fault == "early" else program
    if other is None:
        return Verdict("same", "nothing to plant a fault in")
    eager, compiled = Machine(seed, program), Machine(seed, other, fault == "stale")
    fast = ag.compile(lambda x: compiled(x))
    rng, first = np.random.default_rng(seed + 2), None
    for n, (how, by) in enumerate(program.between):
        x = rng.standard_normal((4, 4)).astype(np.float32)
        first = x if first is None else first
        given = first if fault == "frozen" else x
        truth = eager.call(lambda x: eager(ag.tensor(x)), x)
        OUTCOMES[truth[0][0]] += 1
        verdict = compared(truth, compiled.call(fast, given.copy()), f"call {n}")
        if verdict is not None:
            return verdict
        eager.change(how, by)
        compiled.change(how, by)
    OUTCOMES["recorded"] += fast.recordings
    found = difference(eager.look(), compiled.look())
    return Verdict("different", found) if found else Verdict("same")


if __name__ == "__main__":
    main(run, OUTCOMES, draw)
