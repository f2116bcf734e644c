"""From a Python call into the native driver, and back, with next to nothing between.

`enter` takes the call's own tuple of arguments as a Python object and reads NumPy's
arrays in it by their C layout: types, dtypes and shapes are compared, the bytes copied
to the Program's inputs, the launches run, and the results copied to new arrays. All of
it holds the GIL, so nothing else sees a Program half way.

``frame`` is the address of [table, rows, inputs, outputs, array type, watched, count,
shared, count, counts, whole], then a place for each input and output: [address, dtype
object, bytes, axes, *shape].

- ``whole`` is 0 for a Program that takes long: then `enter` only takes the arguments.
- ``counts`` is the address of [calls left, calls so far]: a call does not fit when none
  is left.
- ``watched`` is the address of ``count`` pairs [address, word]: the words that are
  there, or the call does not fit.
- ``shared`` is that of pairs [object, references]: no object may have more, or somebody
  else holds it.
"""

from __future__ import annotations

from numba import types

from autograd_kernels.driver.objects import (
    BORROWED,
    DATA,
    DTYPE,
    FLAGS,
    HALF,
    ITEMS,
    LENGTH,
    NDIM,
    SHAPE,
    TYPE,
    address_of,
    copy,
)
from autograd_kernels.driver.objects import layout_known as layout_known
from autograd_kernels.driver.replay import FIRST, store, walk, word
from autograd_kernels.jit import holding, rule
from autograd_kernels.native import C

AXES = 8  # of an input or output at most
HEAD, PLACE = 11, 4 + AXES  # words
WATCHED, SHARED, COUNTS, WHOLE = 5, 7, 9, 10  # of the frame
LEFT, SO_FAR = 0, 1  # of the counts
ENTER = (types.intp, BORROWED, BORROWED)  # types of the arguments
UNCHANGED = (types.intp, types.intp)


@rule
def _fits(array, place, array_type):
    """Whether an object is an array of a place's dtype and shape, in C order."""
    if word(array, TYPE) != array_type or word(array, DTYPE) != word(place, 1):
        return False
    axes, shape = word(array, NDIM) & HALF, word(array, SHAPE)
    if axes != word(place, 3) or not word(array, FLAGS) & C:
        return False
    fits = True
    for axis in range(axes):
        fits = fits and word(shape, axis) == word(place, 4 + axis)
    return fits


@rule
def _take(place, count, args, array_type):
    """Copy arguments to their places, if all fit."""
    if word(args, LENGTH) != count:
        return False
    fits = True
    for i in range(count):
        array = word(args, ITEMS + i)
        fits = fits and _fits(array, place + 8 * PLACE * i, array_type)
    if fits:
        for i in range(count):
            to, size = word(place, i * PLACE), word(place, i * PLACE + 2)
            copy(to, word(word(args, ITEMS + i), DATA), size)
    return fits


@rule
def _unchanged(watched, count):
    """Whether all words are what they were; none is read after one that is not."""
    i = 0
    while i < count and word(word(watched, 2 * i), 0) == word(watched, 2 * i + 1):
        i += 1
    return i == count


@rule
def _unshared(objects, count):
    """Whether no object has more references than it had."""
    fine = True
    for i in range(count):
        references = word(word(objects, 2 * i), 0) & HALF
        fine = fine and references <= word(objects, 2 * i + 1)
    return fine


@holding
def unchanged(watched, count):
    """Whether the words at ``count`` addresses are those that stand beside them."""
    return _unchanged(watched, count)


@holding
def enter(frame, args, outs):
    """Take ``args``, run all rows, fill the arrays ``outs``.

    Returns the row of a failed check, the number of rows, or -1 if args do not fit.
    """
    table, rows, inputs = word(frame, 0), word(frame, 1), word(frame, 2)
    place = frame + 8 * HEAD
    counts = word(frame, COUNTS)
    if word(counts, LEFT) <= 0:
        return -1
    if not _unchanged(word(frame, WATCHED), word(frame, WATCHED + 1)):
        return -1
    if not _unshared(word(frame, SHARED), word(frame, SHARED + 1)):
        return -1
    if not _take(place, inputs, address_of(args), word(frame, 4)):
        return -1
    if word(frame, WHOLE) == 0:
        return 0
    store(counts, LEFT, word(counts, LEFT) - 1)
    store(counts, SO_FAR, word(counts, SO_FAR) + 1)
    stopped = walk(table, FIRST, rows)
    place += 8 * PLACE * inputs
    for i in range(word(frame, 3)):
        to, size = (
            word(word(address_of(outs), ITEMS + i), DATA),
            word(place, i * PLACE + 2),
        )
        copy(to, word(place, i * PLACE), size)
    return stopped
