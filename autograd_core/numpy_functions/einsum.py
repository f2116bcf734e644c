"""`numpy.einsum`, made of sums, diagonals, transposes and matrix products.

A label is a letter; those of an ellipsis are numbers, -1 for the last axis. Operands
are contracted two at a time, in the order that `numpy.einsum_path` finds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from autograd_core.numpy_functions.arguments import operand
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import whole

Label: TypeAlias = str | int
Labels: TypeAlias = tuple[Label, ...]
Term: TypeAlias = tuple[Any, Labels]  # an array, and what its axes are called

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum(*operands: Any, optimize: Any = False) -> Any:
    """See `numpy.einsum`; of three operands or more the best order is taken."""
    if not operands:
        raise ValueError("einsum: needs subscripts and an operand")
    if isinstance(operands[0], str):
        inputs, arrow, output = _compact(operands[0]).partition("->")
        texts, given = inputs.split(","), list(operands[1:])
    else:
        texts, given, last = _from_lists(operands)
        arrow, output = ("", "") if last is None else ("->", last)
    if len(texts) != len(given):
        raise ValueError(
            f"einsum: {len(texts)} terms of subscripts for {len(given)} operands"
        )
    xs = [operand(x) for x in given]
    shapes = tuple(tuple(x.shape) for x in xs)
    terms, wanted = _labels(tuple(texts), output if arrow else None, shapes)
    _check_sizes(terms, shapes)
    out = _sum_of_products(list(zip(xs, terms, strict=True)), wanted)
    dtype = np.result_type(*(x.dtype for x in xs))
    return out if out.dtype == dtype else s.astype(out, dtype=dtype)


def _compact(subscripts: str) -> str:
    """Without spaces, and with an ellipsis as one character."""
    text = subscripts.replace(" ", "").replace("...", "…")
    stray = set(text.replace("->", "", 1)) - {*LETTERS, ",", "…"}
    if stray:
        raise ValueError(
            f"einsum: {subscripts!r} holds {sorted(stray)}, and no letters"
        )
    return text


def _from_lists(
    operands: Sequence[Any],
) -> tuple[list[str], list[Any], str | None]:
    """Terms, operands and output of ``op0, list0, op1, list1, ..., [output]``."""
    even = len(operands) // 2 * 2
    texts = [_from_list(one) for one in operands[1:even:2]]
    last = _from_list(operands[-1]) if len(operands) > even else None
    return texts, list(operands[0:even:2]), last


def _from_list(labels: Any) -> str:
    return "".join("…" if i is Ellipsis else _letter(i) for i in labels)


def _letter(i: Any) -> str:
    i = whole(i)
    if not 0 <= i < len(LETTERS):
        raise ValueError(f"einsum: a label must be 0 to {len(LETTERS) - 1}, got {i}")
    return LETTERS[i]


@lru_cache(1024)
def _labels(
    texts: tuple[str, ...], output: str | None, shapes: tuple[tuple[int, ...], ...]
) -> tuple[tuple[Labels, ...], Labels]:
    """What the axes of each operand, and of the result, are called."""
    terms = tuple(
        _spelled(text, len(shape)) for text, shape in zip(texts, shapes, strict=True)
    )
    letters = "".join(texts).replace("…", "")
    dots = min((i for term in terms for i in term if isinstance(i, int)), default=0)
    if output is None:
        once = sorted(c for c in set(letters) if letters.count(c) == 1)
        return terms, (*range(dots, 0), *once)
    missing = sorted(set(output) - set(letters) - {"…"})
    if missing:
        raise ValueError(f"einsum: output labels {missing} are of no operand")
    if len(set(output)) != len(output):
        raise ValueError(f"einsum: an output label stands twice in {output!r}")
    if dots and "…" not in output:
        raise ValueError("einsum: the output has no ellipsis, the operands do")
    return terms, _filled(output, tuple(range(dots, 0)))


def _filled(text: str, dots: Labels) -> Labels:
    before, _, after = text.partition("…")
    return (*before, *(dots if "…" in text else ()), *after)


def _spelled(text: str, ndim: int) -> Labels:
    """A term with its ellipsis as numbers, as many as there are axes."""
    letters = len(text) - text.count("…")
    if text.count("…") > 1:
        raise ValueError("einsum: a term has more than one ellipsis")
    if letters > ndim or (letters < ndim and "…" not in text):
        said = text.replace("…", "...")
        raise ValueError(f"einsum: {said!r} does not fit an operand of {ndim} axes")
    return _filled(text, tuple(range(letters - ndim, 0)))


def _check_sizes(terms: Iterable[Labels], shapes: Iterable[tuple[int, ...]]) -> None:
    sizes: dict[Label, int] = {}
    for labels, shape in zip(terms, shapes, strict=True):
        own: dict[Label, int] = {}
        for label, n in zip(labels, shape, strict=True):
            known = sizes.get(label, 1)
            if own.setdefault(label, n) != n or (n != known and 1 not in (n, known)):
                raise ValueError(
                    f"einsum: label {label!r} is of length {known} and of length {n}"
                )
            sizes[label] = n if known == 1 else known


# Computing ---------------------------------------------------------------------------


def _sum_of_products(terms: list[Term], wanted: Labels) -> Any:
    terms = _without_ones([_diagonal(*term) for term in terms], wanted)
    for i, j in _pairs(terms, wanted):
        second, first = terms.pop(j), terms.pop(i)
        needed = {*wanted}.union(*(labels for _, labels in terms))
        terms.append(_product(first, second, needed, wanted))
    x, labels = _summed(*terms[0], {*wanted})
    return _turned(x, labels, wanted)


def _diagonal(x: Any, labels: Labels) -> Term:
    """Without labels that stand twice: what is left is their diagonal."""
    for label in dict.fromkeys(labels):
        count = labels.count(label)
        if count > 1:
            rest = tuple(one for one in labels if one != label)
            x = _turned(x, labels, (*rest, *(label,) * count))
            n, lead = x.shape[-1], tuple(x.shape[: len(rest)])
            x = s.reshape(x, shape=(*lead, n**count))
            step = sum(n**i for i in range(count))
            x = s.getitem(x, index=(..., slice(None, None, max(step, 1))))
            labels = (*rest, label)
    return x, labels


def _turned(x: Any, labels: Labels, wanted: Labels) -> Any:
    """``x`` with its axes in another order."""
    if labels == wanted:
        return x
    places: dict[Label, list[int]] = {}
    for i, label in enumerate(labels):
        places.setdefault(label, []).append(i)
    return s.transpose(x, axes=tuple(places[label].pop(0) for label in wanted))


def _without_ones(terms: Sequence[Term], wanted: Labels) -> list[Term]:
    """Without axes of length 1 that another operand has longer: they broadcast."""
    sizes: dict[Label, int] = {}
    for x, labels in terms:
        for label, n in zip(labels, x.shape, strict=True):
            sizes[label] = n if sizes.get(label, 1) == 1 else sizes[label]
    out = []
    for x, labels in terms:
        kept = tuple(
            label for label, n in zip(labels, x.shape, strict=True) if n == sizes[label]
        )
        if kept != labels:
            x = s.reshape(x, shape=tuple(sizes[label] for label in kept))
        out.append((x, kept))
    return out


def _pairs(terms: Sequence[Term], wanted: Labels) -> Sequence[tuple[int, int]]:
    """Which two operands to multiply next; the product goes to the end."""
    if len(terms) < 3:
        return [(0, 1)] * (len(terms) - 1)
    return _path(
        tuple(labels for _, labels in terms),
        wanted,
        tuple(tuple(x.shape) for x, _ in terms),
    )


@lru_cache(256)
def _path(
    terms: tuple[Labels, ...], wanted: Labels, shapes: tuple[tuple[int, ...], ...]
) -> Sequence[tuple[int, int]]:
    found = dict.fromkeys(label for labels in terms for label in labels)
    if len(found) > len(LETTERS):
        return [(0, 1)] * (len(terms) - 1)
    names = dict(zip(found, LETTERS, strict=False))
    texts = ["".join(names[label] for label in labels) for labels in (*terms, wanted)]
    text = f"{','.join(texts[:-1])}->{texts[-1]}"
    empty = [np.broadcast_to(np.zeros(()), shape) for shape in shapes]
    steps = np.einsum_path(text, *empty, optimize="greedy")[0][1:]
    pairs: list[tuple[int, int]] = []
    left = len(terms)
    for step in steps:
        places = sorted(step)
        pairs.append((places[0], places[1]) if len(places) > 1 else (0, 0))
        if len(places) != 2:  # several at once: from here on the first two
            return [*pairs[:-1], *[(0, 1)] * (left - 1)]
        left -= 1
    return pairs


def _summed(x: Any, labels: Labels, needed: set[Label]) -> Term:
    """Without the axes that nobody else has a use for."""
    axes = tuple(i for i, label in enumerate(labels) if label not in needed)
    if not axes:
        return x, labels
    return r.sum(x, axis=axes), tuple(one for one in labels if one in needed)


def _product(a: Term, b: Term, needed: set[Label], wanted: Labels) -> Term:
    """The product of two operands, summed over the labels that are not needed."""
    a = _summed(*a, needed.union(b[1]))
    b = _summed(*b, needed.union(a[1]))
    both = [label for label in a[1] if label in b[1]]
    batch = tuple(label for label in both if label in needed)
    summed = tuple(label for label in both if label not in needed)
    left = tuple(label for label in a[1] if label not in both)
    right = tuple(label for label in b[1] if label not in both)
    if not summed or (batch and not left and not right):
        return _by_elements(a, b, (*batch, *left, *right, *summed), summed, wanted)
    parts = [
        _grouped(*a, (batch, left, summed)),
        _grouped(*b, (batch, summed, right)),
    ]
    sizes = dict(zip(a[1], a[0].shape, strict=True))
    sizes |= zip(b[1], b[0].shape, strict=True)
    labels = (*batch, *left, *right)
    out = mm.matmul(*parts)
    return s.reshape(out, shape=tuple(sizes[label] for label in labels)), labels


def _grouped(x: Any, labels: Labels, groups: tuple[Labels, Labels, Labels]) -> Any:
    """One matrix, or with a batch several: an axis for each group of labels."""
    lengths = dict(zip(labels, x.shape, strict=True))
    x = _turned(x, labels, sum(groups, ()))
    shape = tuple(math.prod(lengths[label] for label in group) for group in groups)
    return s.reshape(x, shape=shape if groups[0] else shape[1:])


def _by_elements(
    a: Term, b: Term, labels: Labels, summed: Labels, wanted: Labels
) -> Term:
    """The product of elements, in the order of the result if it has these labels."""
    if not summed and {*labels} == {*wanted}:
        labels = wanted
    parts = [_widened(*term, labels) for term in (a, b)]
    out = e.mul(*parts)
    if not summed:
        return out, labels
    axes = tuple(range(len(labels) - len(summed), len(labels)))
    return r.sum(out, axis=axes), labels[: len(labels) - len(summed)]


def _widened(x: Any, labels: Labels, wanted: Labels) -> Any:
    """``x`` with axes of length 1 for the labels that it does not have."""
    x = _turned(x, labels, tuple(label for label in wanted if label in labels))
    sizes = iter(x.shape)
    shape = tuple(next(sizes) if label in labels else 1 for label in wanted)
    return s.reshape(x, shape=shape)
