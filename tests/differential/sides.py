"""One call through two libraries: values, vjp, jvp and the Hessian's products.

All of them as numbers that need no agreement on containers: outputs are a flat list,
and a cotangent ``c`` of an output stands for ``sum(real(c * output))``.
"""

import numpy as np

import autograd_core as ag


def is_leaf(x):
    return type(x) is np.ndarray and x.dtype.kind == "f"


class Case:
    """The arguments of a call; its arrays of floats are what is differentiated."""

    def __init__(self, args, kwargs, through=None):
        self.args, self.kwargs, self.through = args, kwargs, through
        self.leaves = [x for x in self._items() if is_leaf(x)]

    def _items(self):
        for x in (*self.args, *self.kwargs.values()):
            yield from x if isinstance(x, list) else (x,)

    def call(self, np_like, function, leaves):
        """The outputs, a flat list, of the call with other arrays in it."""
        given = iter(leaves)

        def put(x):
            if isinstance(x, list):
                return [put(one) for one in x]
            return next(given) if is_leaf(x) else x

        args = [put(x) for x in self.args]
        kwargs = {name: put(x) for name, x in self.kwargs.items()}
        if self.through is None:
            return flat(function(*args, **kwargs))
        return flat(self.through(np_like, function, *args, **kwargs))

    def __repr__(self):
        return f"args={self.args}, kwargs={self.kwargs}"


def flat(out):
    if isinstance(out, tuple | list) or type(out).__name__ == "SequenceBox":
        return [one for part in out for one in flat(part)]
    return [out]


def plain(x):
    """An array of what a library returned."""
    if isinstance(x, ag.Tensor):
        return x.detach().numpy()
    return np.asarray(getattr(x, "data", x) if hasattr(x, "creator") else x)


def carries(x):
    """Whether an output is something that a cotangent can be given for."""
    return plain(x).dtype.kind in "fc"


def pulled(np_like, outs, weights, power=1):
    """``sum(real(c * out ** power))`` over the outputs that have a cotangent."""
    total = 0.0
    for out, weight in zip(outs, weights, strict=True):
        if weight is None:
            continue
        term = np_like.sum(weight * out if power == 1 else weight * (out * out))
        total = total + (np_like.real(term) if weight.dtype.kind == "c" else term)
    return total


# Ours -------------------------------------------------------------------------------


class Ours:
    def __init__(self, case, function):
        self.case, self.function = case, function

    def outs(self, *leaves):
        return self.case.call(np, self.function, leaves)

    def values(self):
        """The outputs for Tensors that require grad; those without a graph as well."""
        leaves = [ag.tensor(x, requires_grad=True) for x in self.case.leaves]
        outs = self.outs(*leaves)
        self.tracked = [isinstance(o, ag.Tensor) and o.requires_grad for o in outs]
        return outs

    def _tracked(self, *leaves):
        pairs = zip(self.outs(*leaves), self.tracked, strict=True)
        return tuple(out for out, tracked in pairs if tracked)

    def _of(self, many):
        return tuple(x for x, t in zip(many, self.tracked, strict=True) if t)

    def vjp(self, weights):
        if not any(self.tracked):
            return [np.zeros_like(x) for x in self.case.leaves]
        _, pull = ag.vjp(self._tracked, *self.case.leaves)
        return [plain(g) for g in pull(self._of(weights))]

    def jvp(self, tangents):
        """The derivative of each output; None for one without a graph."""
        if not any(self.tracked):
            return [None] * len(self.tracked)
        _, along = ag.jvp(self._tracked, tuple(self.case.leaves), tuple(tangents))
        given = iter(along)
        return [plain(next(given)) if t else None for t in self.tracked]

    def squared(self, weights):
        """A scalar function with a Hessian even where the outputs have none."""
        chosen = self._of(weights)
        return lambda *leaves: pulled(np, self._tracked(*leaves), chosen, power=2)

    def hvp(self, weights, tangents):
        if not any(self.tracked):
            return [np.zeros_like(x) for x in self.case.leaves]
        given = tuple(self.case.leaves)
        products = ag.hvp(self.squared(weights), given, tuple(tangents))
        return [plain(p) for p in products]


# Theirs -----------------------------------------------------------------------------


class Hips:
    def __init__(self, case, function):
        self.case, self.function = case, function

    def outs(self, leaves):
        import autograd.numpy as anp

        return self.case.call(anp, self.function, leaves)

    def values(self):
        return self.outs(self.case.leaves)

    def _gradient(self, weights, power):
        import autograd
        import autograd.numpy as anp

        return autograd.grad(lambda x: pulled(anp, self.outs(x), weights, power))

    def vjp(self, weights):
        return list(self._gradient(weights, 1)(tuple(self.case.leaves)))

    def jvp(self, tangents):
        """The derivative of each output; None where a rule of theirs is missing."""
        import autograd

        found = []
        for k, out in enumerate(self.values()):
            along = np.zeros(np.shape(out))
            for place, tangent in enumerate(tangents):
                push = autograd.make_jvp(self._of_one(k, place))
                try:
                    along = along + push(self.case.leaves[place])(tangent)[1]
                except NotImplementedError:
                    along = None
                    break
            found.append(along)
        return found

    def _of_one(self, k, place):
        def output(x):
            leaves = list(self.case.leaves)
            leaves[place] = x
            return self.outs(leaves)[k]

        return output

    def hvp(self, weights, tangents):
        """None where they have no rule for it."""
        import autograd
        import autograd.numpy as anp

        slope = self._gradient(weights, 2)

        def along(x):
            pairs = zip(slope(x), tangents, strict=True)
            return sum(anp.sum(g * v) for g, v in pairs)

        try:
            return list(autograd.grad(along)(tuple(self.case.leaves)))
        except (NotImplementedError, TypeError, ValueError):
            return None


class MyGrad:
    def __init__(self, case, function, differentiates=True):
        self.case, self.function = case, function
        self.differentiates = differentiates

    def _run(self):
        import mygrad as mg

        leaves = self.case.leaves
        if self.differentiates:
            leaves = [mg.tensor(x) for x in leaves]
        return leaves, self.case.call(mg, self.function, leaves)

    def values(self):
        return self._run()[1]

    def vjp(self, weights):
        import mygrad as mg

        leaves, outs = self._run()
        parts = [
            (out * weight).sum()
            for out, weight in zip(outs, weights, strict=True)
            if weight is not None and isinstance(out, mg.Tensor) and not out.constant
        ]
        if parts:
            sum(parts[1:], parts[0]).backward()
        return [
            np.zeros_like(x.data) if x.grad is None else np.asarray(x.grad)
            for x in leaves
        ]


# Central differences ----------------------------------------------------------------


def moved(leaves, tangents, step):
    return [x + step * v for x, v in zip(leaves, tangents, strict=True)]


def slope(case, function, weights, tangents, step=1e-5):
    """How ``sum(real(c * out))`` changes along the tangents, by NumPy alone."""
    ends = [
        pulled(np, case.call(np, function, moved(case.leaves, tangents, s)), weights)
        for s in (step, -step)
    ]
    return (ends[0] - ends[1]) / (2 * step)


def curve(ours, weights, tangents, step=1e-5):
    """How our gradient of `Ours.squared` changes along the tangents."""
    whole = ours.squared(weights)
    places = tuple(range(len(tangents)))
    ends = [
        ag.grad(whole, places)(*moved(ours.case.leaves, tangents, s))
        for s in (step, -step)
    ]
    return [(plain(a) - plain(b)) / (2 * step) for a, b in zip(*ends, strict=True)]


def inner(a, b):
    """``sum(real(x * y))`` over two lists, without the entries that are None."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None]
    return sum(float(np.sum(np.real(x * y))) for x, y in pairs if y is not None)


def near(found, expected, tolerance, what):
    """AssertionError unless two lists of arrays agree, relative to the largest."""
    assert len(found) == len(expected), what
    for ours, theirs in zip(found, expected, strict=True):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
        if theirs.dtype.kind not in "fc":  # masks, numbers of places, dtypes
            assert np.all(ours == theirs), (what, ours, theirs)
            continue
        largest = max(1.0, float(np.max(np.abs(theirs), initial=0.0)))
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=tolerance * largest, err_msg=what
        )
