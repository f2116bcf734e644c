"""Running values along the middle axis of a C-contiguous view (outer, n, inner)."""

from __future__ import annotations

from autograd_kernels.jit import kernel


@kernel
def recurrence(lo, hi, a, b, backwards, out):
    """out[k] = a[k] * out[k - 1] + b[k], from 0; units: outer.

    ``backwards`` is 1 to start at the end: out[k] = a[k] * out[k + 1] + b[k].
    """
    n, inner = a.shape[1], a.shape[2]
    if n > 0:
        for o in range(lo, hi):
            k = n - 1 if backwards else 0
            for j in range(inner):
                out[o, k, j] = b[o, k, j]
            for step in range(1, n):
                k = n - 1 - step if backwards else step
                before = k + 1 if backwards else k - 1
                for j in range(inner):
                    out[o, k, j] = a[o, k, j] * out[o, before, j] + b[o, k, j]
