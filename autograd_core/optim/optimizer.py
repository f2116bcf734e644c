"""What every optimizer shares: groups, state, the launches of a step, checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import is_not
from typing import Any, ClassVar
from weakref import ReferenceType

import numpy as np

from autograd_core.foreign import ElsewhereInOptimizer
from autograd_core.hooks import Array, recorder
from autograd_core.launch import (
    FLOATS,
    Pointers,
    contiguous,
    empty,
    launch_many,
)
from autograd_core.optim.checks import (
    as_list,
    check_layout,
    check_leaf,
    check_names,
    describe,
)
from autograd_core.optim.group import Group
from autograd_core.optim.settings import Setting
from autograd_core.tape import TensorBase, forget_grads
from autograd_core.writes import overwrite
from autograd_kernels.native import data_of
from autograd_kernels.optim.rules import CLOCK, SCALARS
from autograd_kernels.pointers import CHUNK

State = dict[str, Any]


class Batch:
    """Parameters of one dtype: a launch counts their step, a second updates them."""

    def __init__(
        self, members: Sequence[tuple[TensorBase, Group, State]], names: Sequence[str]
    ) -> None:
        self.params = [p for p, _, _ in members]
        data = [p._data for p in self.params]
        columns = [[s[name] for _, _, s in members] for name in names]
        clocks = [s["clock"] for _, _, s in members]
        self.arrays = Pointers([data, data, *columns], CHUNK)
        self.clocks = Pointers(
            [clocks, [group.hyper for _, group, _ in members]], CLOCK
        )
        self.dtype = data[0].dtype

    def step(self, kernels: tuple[Any, Any]) -> None:
        """Two launches, however many parameters and groups there are."""
        advance, rule = kernels
        self.arrays.point(1, [contiguous(p._grad._data) for p in self.params])
        scalars = empty((len(self.params), SCALARS), self.dtype)
        launch_many(advance, self.clocks, scalars)
        launch_many(rule, self.arrays, scalars)
        self.arrays.columns[1] = ()  # gradients are not kept beyond zero_grad
        for p in self.params:
            p.wrote()


class Optimizer(ElsewhereInOptimizer):
    """Base of the optimizers; updates parameters in place from their ``.grad``.

    ``params`` is an iterable of tensors, or of dicts like
    ``{"params": [...], "lr": 0.01}``, each a group with its own settings; ``defaults``
    are those of all others. Parameters whose ``.grad`` is None are skipped, and their
    state stays as it is. NaN or infinity in a gradient passes into parameter and state.

    Raises TypeError for what is no Tensor, ValueError for no parameters, one given
    twice, one that does not require grad or is no leaf, and settings out of range.

    A subclass names its settings with their kinds, its kernels, what these read of the
    settings, and its state; it writes its rule as `spec`.

    >>> from autograd_core import nn, optim
    >>> body, head = nn.Linear(4, 8), nn.Linear(8, 1)
    >>> slow = {"params": body.parameters(), "lr": 1e-4}
    >>> opt = optim.Adam([slow, {"params": head.parameters()}], lr=1e-2)
    >>> [group["lr"] for group in opt.param_groups]
    [0.0001, 0.01]
    """

    settings: ClassVar[Mapping[str, Setting]]
    kernels: ClassVar[tuple[Any, Any]]
    reads: ClassVar[tuple[str, ...]]  # the fields of the kernels' own `Settings`
    state_names: ClassVar[tuple[str, ...]] = ()
    # State that only a setting brings to use, and what a clock carries after the steps.
    optional: ClassVar[Mapping[str, str]] = {}
    carried: ClassVar[tuple[str, ...]] = ()

    def __init__(self, params: Iterable[Any], **defaults: Any) -> None:
        self.name = type(self).__name__
        self.defaults = defaults
        self.schedule: ReferenceType[Any] | None = None  # see `Scheduler`
        self.param_groups: list[Group] = []
        self.state: dict[TensorBase, State] = {}
        self._batches: list[Batch] = []
        self._seen: list[Array] = []
        groups = as_list(self.name, params)
        if not groups:
            raise ValueError(f"{self.name}: got no parameters at all")
        if not any(isinstance(g, dict) for g in groups):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        if not self.state:
            raise ValueError(f"{self.name}: got no parameters at all, in any group")

    def __getstate__(self) -> dict[str, Any]:
        """All but the tables of addresses and the schedule: copies make their own."""
        return {**vars(self), "_batches": [], "_seen": [], "schedule": None}

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add ``{"params": [...], "lr": ...}``; what is not given is as in the others.

        Raises TypeError or ValueError, and adds nothing, for parameters that are not
        leaves requiring grad, appear twice or are not contiguous, and for settings that
        are unknown or out of range.
        """
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(
                f'{self.name}: expected tensors only, or dicts {{"params": [...]}} '
                f"only, got {describe(group)} among them"
            )
        given = {name: value for name, value in group.items() if name != "params"}
        params = as_list(self.name, group["params"])
        self._check_params(params)
        new = self._group(params, given)
        self._check_group(new)
        self.param_groups.append(new)
        for p in params:
            self.state[p] = self._new_state(p, new)
        self._seen = []

    def _check_params(self, params: list[Any]) -> None:
        seen: dict[int, int] = {}
        for i, p in enumerate([*self.state, *params]):
            label = f"{self.name}: parameter {i}"
            if i >= len(self.state):
                check_leaf(label, p)
                check_layout(label, p._data)
            other = seen.setdefault(data_of(p._data) if p._data.size else id(p), i)
            if other != i:
                raise ValueError(
                    f"{label}, shape {p._data.shape}, is parameter {other} again, or "
                    "shares its memory; give each once"
                )

    def _group(self, params: list[TensorBase], given: Mapping[str, Any]) -> Group:
        unknown = [name for name in given if name not in self.settings]
        if unknown:
            known = ", ".join(self.settings)
            raise KeyError(
                f"{self.name}: no setting {unknown[0]!r}; there are: {known}"
            )
        values = {**self.defaults, **given}
        if missing := sorted(set(self.settings) - set(values)):
            raise TypeError(f"{self.name}: there is no default of {missing}")
        return Group(self.name, params, self.settings, self.reads, values)

    def _check_group(self, group: Group) -> None:
        """For settings that exclude each other."""

    def _new_state(self, p: TensorBase, group: Group) -> State:
        # Memory of zeros that nobody touches is not taken from the system, so state
        # that a setting may bring to use later costs nothing until then.
        arrays = {n: np.zeros(p._data.shape, p._data.dtype) for n in self.state_names}
        return {"clock": np.zeros(CLOCK), **arrays}

    # Steps -----------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: every ``.grad`` becomes None.

        Raises ValueError for ``set_to_none=False``: there is no other way here.
        """
        if not set_to_none:
            raise ValueError("zero_grad: gradients become None, never zeros")
        forget_grads(self.state)

    def step(self) -> None:
        """Update every parameter that has a gradient; raises before it writes.

        TypeError if a gradient is not a Tensor, ValueError if it does not have its
        parameter's shape and dtype.
        """
        if (listener := recorder()) is not None:
            what = f"{self.name}'s parameters"
            listener.on_setting(lambda: len(self.state), what, self.state)
            for p in self.state:
                listener.on_leaf(p)
        live, data = [], []
        for p in self.state:
            grad = p.grad
            if grad is None:
                continue
            array = p._data
            if not isinstance(grad, TensorBase) or (
                grad._data.shape != array.shape or grad._data.dtype != array.dtype
            ):
                raise self._wrong_gradient(p)
            live.append(p)
            data.append(array)
        if len(data) != len(self._seen) or any(map(is_not, data, self._seen)):
            self._make_batches(live)
            self._seen = data
        for batch in self._batches:
            batch.step(self.kernels)

    def train(self) -> None:
        """Parameters as they are trained; only `ScheduleFreeSGD` has others to show."""

    def eval(self) -> None:
        """Parameters as they are to be evaluated and used; see `train`."""

    def _make_batches(self, live: list[TensorBase]) -> None:
        """Lay out the tables, again only when other parameters have gradients."""
        for i, (p, mine) in enumerate(self.state.items()):
            label = f"{self.name}.step: parameter {i}"
            check_layout(label, p._data)
            before = mine[self.state_names[0]]
            if (p._data.shape, p._data.dtype) != (before.shape, before.dtype):
                raise ValueError(
                    f"{label} was {before.shape} {before.dtype} and became "
                    f"{p._data.shape} {p._data.dtype}; make a new optimizer"
                )
        groups = {p: group for group in self.param_groups for p in group.params}
        self._batches = []
        for dtype in FLOATS:
            same = [p for p in live if p._data.dtype == dtype]
            members = [(p, groups[p], self.state[p]) for p in same]
            if members:
                self._batches.append(Batch(members, self.state_names))

    def _wrong_gradient(self, p: TensorBase) -> Exception:
        i = next(i for i, q in enumerate(self.state) if q is p)
        want = f"{self.name}.step: the gradient of parameter {i} must be a Tensor of "
        want += f"shape {p._data.shape} and dtype {p._data.dtype}, got "
        if not isinstance(p.grad, TensorBase):
            return TypeError(want + describe(p.grad))
        return ValueError(f"{want}shape {p.grad._data.shape} and {p.grad._data.dtype}")

    # Checkpoints -----------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that training needs to go on, bit for bit.

        ``{"state": {i: {"step": number, name: array, ...}}, "param_groups": [{"params":
        [i, ...], "lr": number, ...}]}``, parameters counted in order.
        """
        number = {p: i for i, p in enumerate(self.state)}
        saved: dict[int, Any] = {}
        for group in self.param_groups:
            for p in group.params:
                s = self.state[p]
                steps, *more = s["clock"].tolist()
                row = saved[number[p]] = {"step": int(steps)}
                row |= dict(zip(self.carried, more, strict=False))
                row |= {name: s[name].copy() for name in self._used(group)}
        groups = [
            {"params": [number[p] for p in group.params], **group.settings()}
            for group in self.param_groups
        ]
        return {"state": saved, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the `state_dict` of an optimizer of this kind over like parameters.

        Raises ValueError, naming what differs, and changes nothing, if groups, names,
        shapes or dtypes do not fit. Arrays are copied.
        """
        where = f"{self.name}.load_state_dict"
        check_names(where, state_dict, ("state", "param_groups"))
        saved, given = state_dict["state"], state_dict["param_groups"]
        for group in given:
            check_names(f"{where}: settings", group, ("params", *self.settings))
        sizes = [len(group["params"]) for group in given]
        expected = [len(group.params) for group in self.param_groups]
        if sizes != expected:
            raise ValueError(
                f"{where}: groups of {sizes} parameters, expected {expected}"
            )
        order = [i for group in given for i in group["params"]]
        groups = [
            self._loaded_group(g, new)
            for g, new in zip(self.param_groups, given, strict=True)
        ]
        owners = [group for group in groups for _ in group.params]
        for i, p, group in zip(order, self.state, owners, strict=True):
            self._check_saved(i, p, group, saved.get(i, {}))
        for i, mine in zip(order, self.state.values(), strict=True):
            row = saved[i]
            clock = np.zeros(CLOCK)
            clock[: 1 + len(self.carried)] = [row[n] for n in ("step", *self.carried)]
            overwrite(mine["clock"], clock)
            for name in self.state_names:
                overwrite(mine[name], row.get(name, 0.0))
        for group, new in zip(self.param_groups, groups, strict=True):
            overwrite(group.hyper, new.hyper)

    def _loaded_group(self, group: Group, given: Mapping[str, Any]) -> Group:
        settings = {name: value for name, value in given.items() if name != "params"}
        return self._group(group.params, settings)

    def _check_saved(
        self, i: int, p: TensorBase, group: Group, row: Mapping[str, Any]
    ) -> None:
        label = f"{self.name}.load_state_dict: state of parameter {i}"
        names = self._used(group)
        check_names(label, row, ("step", *self.carried, *names))
        for name in names:
            a = np.asarray(row[name])
            if a.shape != p._data.shape or a.dtype != p._data.dtype:
                raise ValueError(
                    f"{label}: {name} has shape {a.shape} and dtype {a.dtype}, "
                    f"expected {p._data.shape} and {p._data.dtype}"
                )

    def _used(self, group: Group) -> list[str]:
        """Names of the state that is in use under the group's settings."""
        need = self.optional
        return [n for n in self.state_names if n not in need or group[need[n]]]

    def __repr__(self) -> str:
        groups = (
            f"  group {i}: {group}\n" for i, group in enumerate(self.param_groups)
        )
        return f"{self.name}(\n{''.join(groups)})"
