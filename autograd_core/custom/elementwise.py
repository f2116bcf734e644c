"""``elementwise``: a function of numbers as an op of arrays, one loop long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import calls, front
from autograd_core.custom.kernels import run
from autograd_core.custom.numbers import check_numbers, numbers
from autograd_core.custom.primitive import Primitive
from autograd_core.custom.source import Captured, function_of, parameters_of
from autograd_core.hooks import Array
from autograd_core.launch import empty, flat
from autograd_core.op import Op
from autograd_core.ops import broadcasting as b
from autograd_core.samples import Sample, sample
from autograd_kernels import user as loops

MOST = 4  # inputs


class Scalars:
    """A function of numbers, and its loops over arrays, compiled when they are used.

    ``part`` picks one of several results. Raises TypeError for what no such function
    can be, see `check_numbers`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str,
        part: int | None = None,
        results: int = 1,
    ) -> None:
        check_numbers(fn, name, results)
        self.function, self.name, self.part = fn, name, part
        self.wanted = numbers(results)
        self.shown = name.replace(": its backward", "_backward")  # by `explain`
        self.captured = Captured(fn, name)
        self._loops: dict[Any, Any] = {}

    def loop(self, kind: Callable[..., Any], *pattern: int) -> Any:
        """The loop ``kind(f, name, module, *pattern)``."""
        key = kind, pattern, self.captured.now()
        found = self._loops.get(key)
        if found is None:
            f = loops.scalar(self.function, self.part)
            made = kind(f, self.shown, self.function.__module__, *pattern)
            found = self._loops[key] = made
        return found

    def over(self, arrays: Sequence[Array], shape: tuple[int, ...]) -> Array:
        """Results for operands of one dtype that broadcast to ``shape``."""
        out = empty(shape, arrays[0].dtype)
        one = out.size == 1
        pattern = [int(one or a.size != 1 or not out.size) for a in arrays]
        args = [
            flat(b.expanded(a, shape) if p else a)
            for a, p in zip(arrays, pattern, strict=True)
        ]
        self.run(self.loop(loops.many, *pattern), [*args, out.reshape(-1)])
        return out

    def run(self, loop: Any, args: list[Array]) -> None:
        """Launch a loop over all elements of the last argument."""
        try:
            run(self.name, loop, args[-1].size, args)
        except TypeError as error:
            raise TypeError(f"{error}. It must return {self.wanted}") from error


class Elementwise(Primitive):
    """An op of numbers in arrays that broadcast. Made by `elementwise`."""

    def __init__(self, fn: Any, composition: Any, samples: Sequence[Sample]) -> None:
        fn = function_of(fn, "elementwise")
        names = [p.name for p in parameters_of(fn, f"elementwise {fn.__name__}")]
        if not 1 <= len(names) <= MOST:
            raise TypeError(
                f"elementwise {fn.__name__}: takes {len(names)} numbers; it must be "
                f"from 1 to {MOST}"
            )
        self.scalars = Scalars(fn, fn.__name__)
        options: dict[str, Any] = {
            "saves": " ".join(names),
            "samples": samples or (sample(*[(3, 4)] * len(names)),),
            "elementwise": True,
        }
        super().__init__(fn, (), composition or fn, None, **options)
        self._rule: Any = None
        if not self.scalars.captured.names and len(names) < 3:
            self.call = self._fronted(len(names))

    def __call__(self, *args: Any) -> Any:
        if len(args) != len(self.names):
            raise TypeError(
                f"{self.name}: expected {len(self.names)} inputs "
                f"({', '.join(self.names)}), got {len(args)}"
            )
        return self.call(*args)

    def _fronted(self, count: int) -> Callable[..., Any]:
        """Small arrays go to the kernel in one built-in, see `calls`."""
        if count == 1:
            return calls.unary(self, front.unary(self.scalars.loop(loops.unary)))
        return calls.binary(self, front.binary(self.scalars.loop(loops.binary)))

    @property
    def follows(self) -> tuple[Any, ...]:
        """What a Program's guards look into."""
        return (self.composed, self._rule)

    def defvjp(self, fn: Any) -> Any:
        """Set the backward: ``fn(g, *inputs)`` of numbers, a cotangent for each input.

        It is compiled as the op itself is, for gradients of which no graph is wanted.
        Gives ``fn`` back, so that it may be a decorator.
        """
        who = f"{self.name}.defvjp"
        rule = function_of(fn, who)
        count = len(parameters_of(rule, who))
        if count != len(self.names) + 1:
            raise TypeError(
                f"{who}: must take (g, {', '.join(self.names)}), takes {count} numbers"
            )
        several = len(self.names) > 1
        name = f"{self.name}: its backward"
        self._rules = [
            Scalars(rule, name, i if several else None, len(self.names))
            for i in range(len(self.names))
        ]
        self._rule = rule
        return fn

    # Arrays -------------------------------------------------------------------------

    def _named(self, error: Exception) -> Exception:
        return Op._named(self, error)  # nothing here is the user's own Python

    def _forward(self, *args: Any) -> Array:
        arrays = _promoted(args)
        if len(arrays) == 1:
            out = empty(arrays[0].shape, arrays[0].dtype)
            loop = self.scalars.loop(loops.unary)
            self.scalars.run(loop, [flat(arrays[0]), out.reshape(-1)])
            return out
        shape = _shape(arrays)
        if (
            len(arrays) == 2
            and (strides := b.geometry(arrays[0].shape, arrays[1].shape)[1]) is not None
        ):
            out = empty(shape, arrays[0].dtype)
            loop = self.scalars.loop(loops.binary)
            self.scalars.run(loop, [strides, *map(flat, arrays), out.reshape(-1)])
            return out
        return self.scalars.over(arrays, shape)

    def by_rule(
        self, g: Any, needs: Sequence[bool], out: Any, inputs: Any, attrs: Any
    ) -> list[Any]:
        """By the compiled backward on arrays, else by the composition."""
        if self._rule is None or not isinstance(g, np.ndarray):
            return super().by_rule(g, needs, out, inputs, attrs)
        return self._slopes(g, needs, inputs)

    def _slopes(
        self, g: Array, needs: Sequence[bool], inputs: Sequence[Any]
    ) -> list[Any]:
        arrays = [g, *(b.as_dtype(_array(x, g), g.dtype) for x in inputs)]
        return [
            b.unbroadcast(self._rules[i].over(arrays, g.shape), inputs[i])
            if need
            else None
            for i, need in enumerate(needs)
        ]


def _array(x: Any, g: Array) -> Any:
    """An input as an array, or a number."""
    return x if isinstance(x, np.ndarray | float | int) else np.asarray(x)


def _promoted(args: Sequence[Any]) -> list[Array]:
    """Operands in one dtype, as NumPy promotes them; integers become float64."""
    given = [
        x if isinstance(x, np.ndarray | float | int) else np.asarray(x) for x in args
    ]
    dtype = np.result_type(*given)
    if dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    return [b.as_dtype(x, dtype) for x in given]


def _shape(arrays: Sequence[Array]) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    for x in arrays:
        shape, _ = b.geometry(shape, x.shape)  # for its error
    return shape


def elementwise(
    fn: Any = None, *, composition: Any = None, samples: Sequence[Sample] = ()
) -> Any:
    """A function of numbers as an op: one compiled loop over arrays that broadcast.

    ``fn`` takes up to four numbers and returns one. Numba compiles it for float32 and
    float64 (floats in it are weak, as in NumPy), and a Program replays it natively. Its
    gradients, of any order, are those of ``fn`` run on Tensors, so write it in ``np.*``
    functions; where it cannot be (it has an ``if``, or calls ``math.*``), give
    ``composition``, the same in NumPy functions. A backward of one loop makes the first
    gradient as quick:

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> @ag.elementwise
    ... def decay(x, rate):
    ...     return x * np.exp(-rate)
    >>> @decay.defvjp
    ... def slopes(g, x, rate):
    ...     e = g * np.exp(-rate)
    ...     return e, -x * e
    >>> ag.grad(lambda x: decay(x, 0.0).sum())(np.ones(3))
    tensor([1., 1., 1.], dtype=float64)

    ``samples`` are operands for tests, as the library's own table has them. Plain
    globals that ``fn`` reads are constants to Numba; it is compiled anew when one has
    changed. Raises TypeError for signatures and sources that cannot be compiled.
    """
    if fn is None:
        return lambda fn: Elementwise(fn, composition, samples)
    return Elementwise(fn, composition, samples)
