"""Functions of `numpy.fft`, axis by axis as NumPy has them: see `numpy_functions`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from autograd_core.numpy_functions.arguments import operand
from autograd_core.ops import complexes as c
from autograd_core.ops import fft as f
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, single, whole


def _norm(norm: Any) -> str:
    """The name of a norm; ValueError for others."""
    known = "backward" if norm is None else norm
    if known not in f.SWAPPED:
        raise ValueError(
            f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".'
        )
    return str(known)


def _length(n: Any) -> int:
    n = whole(n)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    return n


def _resized(a: Any, n: int, axis: int) -> Any:
    """``a`` with n elements along an axis: cut, or with zeros behind."""
    old = a.shape[axis]
    if n == old:
        return a
    index = (*(slice(None),) * axis, slice(0, min(n, old)))
    if n < old:
        return s.getitem(a, index=index)
    return s.scatter(a, index=index, shape=(*a.shape[:axis], n, *a.shape[axis + 1 :]))


def _along(a: Any, n: Any, axis: Any, norm: Any, inverse: bool) -> Any:
    a = operand(a)
    axis = single(axis, len(a.shape))
    n = _length(a.shape[axis] if n is None else n)
    return f.dft(_resized(a, n, axis), axis=axis, norm=_norm(norm), inverse=inverse)


def fft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """See `numpy.fft.fft`."""
    return _along(a, n, axis, norm, False)


def ifft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """See `numpy.fft.ifft`."""
    return _along(a, n, axis, norm, True)


def rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """See `numpy.fft.rfft`."""
    a = operand(a)
    if a.dtype.kind == "c":
        raise TypeError(f"rfft: expected real numbers, got dtype {a.dtype}")
    axis = single(axis, len(a.shape))
    n = _length(a.shape[axis] if n is None else n)
    return f.rdft(_resized(a, n, axis), axis=axis, norm=_norm(norm))


def irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """See `numpy.fft.irfft`; differentiated for odd lengths too."""
    a = operand(a)
    axis = single(axis, len(a.shape))
    n = _length((a.shape[axis] - 1) * 2 if n is None else n)
    return f.irdft(_resized(a, n // 2 + 1, axis), n=n, axis=axis, norm=_norm(norm))


def hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """See `numpy.fft.hfft`."""
    return irfft(c.conj(operand(a)), n, axis, f.SWAPPED[_norm(norm)])


def ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """See `numpy.fft.ihfft`."""
    return c.conj(rfft(a, n, axis, f.SWAPPED[_norm(norm)]))


# Several axes ------------------------------------------------------------------------


def _lengths(
    name: str, a: Any, s: Any, axes: Any, inverse_real: bool = False
) -> tuple[list[Any], Sequence[int]]:
    """The length and the axis of each transform, as NumPy 2 fills them in."""
    if s is None:
        axes = tuple(range(-len(a.shape), 0)) if axes is None else dims(axes)
        for axis in axes:
            single(axis, len(a.shape))  # for its error
        lengths: list[Any] = [a.shape[axis] for axis in axes]
        if inverse_real and axes:
            lengths[-1] = (a.shape[axes[-1]] - 1) * 2
    else:
        lengths = list(s)
        if axes is None or None in lengths:
            which = "axes=None with s" if axes is None else "None in s"
            warnings.warn(
                f"{name}: {which} is deprecated in NumPy 2.0",
                DeprecationWarning,
                stacklevel=4,
            )
        axes = tuple(range(-len(lengths), 0)) if axes is None else dims(axes)
    if len(lengths) != len(axes):
        raise ValueError(f"{name}: Shape and axes have different lengths.")
    pairs = zip(lengths, axes, strict=True)
    return [a.shape[axis] if n == -1 else n for n, axis in pairs], axes


def _over(name: str, a: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    a = operand(a)
    lengths, axes = _lengths(name, a, s, axes)
    for n, axis in zip(lengths[::-1], axes[::-1], strict=True):
        a = _along(a, n, axis, norm, inverse)
    return a


def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """See `numpy.fft.fftn`."""
    return _over("fftn", a, s, axes, norm, False)


def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """See `numpy.fft.ifftn`."""
    return _over("ifftn", a, s, axes, norm, True)


def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """See `numpy.fft.fft2`."""
    return _over("fft2", a, s, axes, norm, False)


def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """See `numpy.fft.ifft2`."""
    return _over("ifft2", a, s, axes, norm, True)


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """See `numpy.fft.rfftn`."""
    return _real("rfftn", a, s, axes, norm)


def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """See `numpy.fft.rfft2`."""
    return _real("rfft2", a, s, axes, norm)


def _real(name: str, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    a = operand(a)
    lengths, axes = _lengths(name, a, s, axes)
    if not axes:
        raise ValueError(f"{name}: at least one axis is needed")
    a = rfft(a, lengths[-1], axes[-1], norm)
    for n, axis in zip(lengths[-2::-1], axes[-2::-1], strict=True):
        a = fft(a, n, axis, norm)
    return a


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """See `numpy.fft.irfftn`."""
    return _inverse_real("irfftn", a, s, axes, norm)


def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """See `numpy.fft.irfft2`."""
    return _inverse_real("irfft2", a, s, axes, norm)


def _inverse_real(name: str, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    a = operand(a)
    lengths, axes = _lengths(name, a, s, axes, inverse_real=True)
    if not axes:
        raise ValueError(f"{name}: at least one axis is needed")
    for n, axis in zip(lengths[:-1], axes[:-1], strict=True):
        a = ifft(a, n, axis, norm)
    return irfft(a, lengths[-1], axes[-1], norm)


# Order -------------------------------------------------------------------------------


def fftshift(x: Any, axes: Any = None) -> Any:
    """See `numpy.fft.fftshift`."""
    return _shifted(x, axes, lambda n: n - n // 2)


def ifftshift(x: Any, axes: Any = None) -> Any:
    """See `numpy.fft.ifftshift`."""
    return _shifted(x, axes, lambda n: n // 2)


def _shifted(x: Any, axes: Any, cut: Any) -> Any:
    """Along each axis, what is from ``cut(n)`` on first."""
    x = operand(x)
    given = range(len(x.shape)) if axes is None else dims(axes)
    for axis in [single(axis, len(x.shape)) for axis in given]:
        before, at = (slice(None),) * axis, cut(x.shape[axis])
        parts = (slice(at, None), slice(0, at))
        x = s.concatenate(*(s.getitem(x, index=(*before, p)) for p in parts), axis=axis)
    return x
