"""Cases of functions of many kinds: defaults, partials, memos, iterators, loops."""

from __future__ import annotations

from functools import lru_cache, partial, reduce
from typing import Any

import numpy as np
from truth_tensors import filled
from truth_things import linear, module
from truth_world import ROWS, World, case, rows, vector

import autograd_core as ag
from autograd_core import nn, optim

F = nn.functional

# Functions of other kinds --------------------------------------------------------


def _default(c: Any) -> World:
    def f(x: Any, by: Any = [0.0]) -> Any:  # noqa: B006  that is what is tested
        return x * by[0]

    return World(c(f), lambda k: f.__defaults__[0].__setitem__(0, k))


def _default_replaced(c: Any) -> World:
    def f(x: Any, by: float = 0.0) -> Any:
        return x * by

    return World(c(f), lambda k: setattr(f, "__defaults__", (float(k),)))


def _keyword_default(c: Any) -> World:
    def f(x: Any, *, by: float = 0.0) -> Any:
        return x * by

    return World(c(f), lambda k: f.__kwdefaults__.update(by=float(k)))


def _default_that_remembers(c: Any) -> World:
    def f(x: Any, log: Any = []) -> Any:  # noqa: B006
        log.append(1)
        return x * len(log)

    return World(c(f))


def _partial(c: Any) -> World:
    by = [0.0]
    f = partial(lambda by, x: x * by[0], by)
    return World(c(f), lambda k: by.__setitem__(0, k))


def _partial_keyword(c: Any) -> World:
    f = partial(lambda x, by: x * by, by=0.0)
    return World(c(f), lambda k: f.keywords.update(by=float(k)))


def _partial_of_a_layer(c: Any) -> World:
    m = module(lambda m, x, by: x * m.s * by, s=1.0)
    return World(c(partial(m, by=2.0)), lambda k: setattr(m, "s", k))


def _function_attribute(c: Any) -> World:
    def f(x: Any) -> Any:
        f.calls += 1  # type: ignore[attr-defined]
        return x * f.calls  # type: ignore[attr-defined]

    f.calls = 0  # type: ignore[attr-defined]
    return World(c(f))


def _callable_object(c: Any) -> World:
    class Scaled:
        by = 0.0

        def __call__(self, x: Any) -> Any:
            return x * self.by

    scaled = Scaled()
    return World(c(scaled), lambda k: setattr(scaled, "by", k))


def _nonlocal(c: Any) -> World:
    n = 0

    def f(x: Any) -> Any:
        nonlocal n
        n += 1
        return x * n

    return World(c(f))


def _nonlocal_tensor(c: Any) -> World:
    h = ag.zeros(4)

    def f(x: Any) -> Any:
        nonlocal h
        h = np.tanh(h + x).detach()
        return h * 1.0

    return World(c(f))


def _code_replaced(c: Any) -> World:
    def f(x: Any) -> Any:
        return x * 2.0

    def g(x: Any) -> Any:
        return x * 3.0

    def change(k: int) -> None:
        f.__code__ = (f, g)[k % 2].__code__ if k else f.__code__

    return World(c(f), change)


def _batches(c: Any) -> World:
    batches = iter([ROWS[i % 5] * i for i in range(100)])
    return World(c(lambda x: x + next(batches)), args=rows)


def _batches_labels(c: Any) -> World:
    m, labels = linear(1, 4, 3), iter([(np.arange(6) + i) % 3 for i in range(100)])
    opt = optim.SGD(m.parameters(), lr=0.1)

    def f(x: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(m(x), next(labels))
        loss.backward()
        opt.step()
        return loss

    return World(c(f), args=rows, state=(m, opt))


def _enumerated(c: Any) -> World:
    data = list(range(100))
    return World(c(lambda x: x * data.pop()))


def _cached_function(c: Any) -> World:
    by = [1.0]

    @lru_cache
    def factor() -> float:
        return by[0]

    return World(c(lambda x: x * factor()), lambda k: by.__setitem__(0, k))


def _cached_cleared(c: Any) -> World:
    by = [1.0]

    @lru_cache
    def factor() -> float:
        return by[0]

    def change(k: int) -> None:
        by[0] = k
        factor.cache_clear()

    return World(c(lambda x: x * factor()), change)


def _memo(c: Any) -> World:
    memo: dict[str, Any] = {}

    def f(x: Any) -> Any:
        if "mean" not in memo:
            memo["mean"] = x.mean()
        return x - memo["mean"]

    return World(c(f))


def _history(c: Any) -> World:
    history: list[Any] = []

    def f(x: Any) -> Any:
        loss = (x * x).sum()
        history.append(loss)
        return loss + history[0]

    return World(c(f), state=lambda: history[:1])


def _running_mean(c: Any) -> World:
    history: list[Any] = []

    def f(x: Any) -> Any:
        history.append(x.sum())
        return reduce(lambda a, b: a + b, history[-3:])

    return World(c(f))


def _environment(c: Any) -> World:
    return World(c(lambda x: x if x.data.mean() > 0 else -x))


def _number_branch(c: Any) -> World:
    return World(c(lambda x: x - float(x.data.mean())))


def _loop_until(c: Any) -> World:
    def f(x: Any) -> Any:
        while np.abs(x.data).max() > 0.1:
            x = x * 0.5
        return x

    return World(c(f))


def _closed_generator(c: Any) -> World:
    def numbers() -> Any:
        k = 0.0
        while True:
            k += 1
            yield k

    source = numbers()
    return World(c(lambda x: x * source.send(None)))


def _type_of_state(c: Any) -> World:
    return World(c(lambda x: x * (2.0 if ag.get_num_threads() > 1 else 3.0)), _threads)


def _threads(k: int) -> None:
    ag.set_num_threads(1 + k % 2)


def _grad_mode(c: Any) -> World:
    w = filled(4, value=2, grad=True)
    fast = c(lambda x: (w * x).sum())

    def f(x: Any, quiet: bool) -> Any:
        if quiet:
            with ag.no_grad():
                return fast(x)
        return fast(x)

    return World(f, args=lambda n: (*vector(n), n % 3 == 0))


def _inside_a_with(c: Any) -> World:
    def f(x: Any) -> Any:
        with np.errstate(all="ignore"), ag.no_grad():
            return np.log(x)

    return World(c(f))


OTHERS = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        _default,
        _default_replaced,
        _keyword_default,
        _default_that_remembers,
        _partial,
        _partial_keyword,
        _partial_of_a_layer,
        _function_attribute,
        _callable_object,
        _nonlocal,
        _nonlocal_tensor,
        _code_replaced,
        _batches,
        _batches_labels,
        _enumerated,
        _cached_function,
        _cached_cleared,
        _memo,
        _history,
        _running_mean,
        _environment,
        _number_branch,
        _loop_until,
        _closed_generator,
        _type_of_state,
        _grad_mode,
        _inside_a_with,
    )
}


@case("2 Python", OTHERS)
def other(c: Any, make: Any) -> World:
    return make(c)
