"""The matmul kernel beside NumPy's BLAS, both on one thread.

One timing is as many calls as make 5 million multiply-adds, at least one.
``python -m benchmarks.matmul`` in asv_bench prints a table of interleaved ratios.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import functools
import time

import numpy as np

from .common import if_known, on_one_thread

# m, n, k, ta, tb: forward (tb), gradient of the input, gradient of the weight (ta).
SHAPES = {
    "XS": [(32, 16, 16, 0, 1), (32, 16, 16, 0, 0), (16, 16, 32, 1, 0)],
    "S": [(64, 128, 64, 0, 1), (64, 64, 128, 0, 0), (128, 64, 64, 1, 0)],
    "M": [(128, 512, 784, 0, 1), (128, 512, 256, 0, 0), (512, 784, 128, 1, 0)],
    "L": [(256, 2048, 2048, 0, 1), (256, 2048, 2048, 0, 0), (2048, 2048, 256, 1, 0)],
    "odd": [(33, 33, 33, 0, 0), (257, 257, 257, 0, 0), (1, 1000, 1000, 0, 1)],
}


@functools.cache
def repeated():
    """Many calls in one, as a replayed Program makes them: no dispatch."""
    import numba

    from autograd_kernels.matmul import matmul

    @numba.njit(nogil=True)
    def repeat(count, units, ta, tb, mode, a, b, bias, scratch, out):
        for _ in range(count):
            matmul(0, units, ta, tb, mode, a, b, bias, scratch, out)

    return repeat


class Matmul:
    params = (list(SHAPES), [0, 1, 2], ["float32", "float64"])
    param_names = ("size", "case", "dtype")
    repeat = (3, 7, 0.5)
    warmup_time = 0  # setup is

    def setup(self, size, case, dtype):
        on_one_thread()
        with if_known():
            self.prepare(size, case, dtype)

    def prepare(self, size, case, dtype):
        from autograd_kernels.matmul import plan

        m, n, k, ta, tb = SHAPES[size][case]
        rng = np.random.default_rng(0)
        a = rng.standard_normal((k, m) if ta else (m, k)).astype(dtype)
        b = rng.standard_normal((n, k) if tb else (k, n)).astype(dtype)
        units, scratch, *mode = plan(m, n, k, ta, tb, 1, dtype)  # older ones: two
        self.out = np.empty((m, n), dtype)
        rest = (np.empty(0, dtype), np.empty((1, scratch), dtype), self.out)
        self.args = (units, ta, tb, *(mode or [0]), a, b, *rest)
        self.views = a.T if ta else a, b.T if tb else b
        self.count = 1 + 5_000_000 // (m * n * k)
        self.flops = 2 * m * n * k * self.count
        self.repeated = repeated()
        self.repeated(1, *self.args)

    def time_kernel(self, size, case, dtype):
        self.repeated(self.count, *self.args)

    def time_numpy(self, size, case, dtype):
        for _ in range(self.count):
            np.matmul(*self.views, out=self.out)


def main():
    print("size case dtype      GFLOP/s   NumPy  ratio (median of interleaved runs)")
    for size, case, dtype in (
        (s, c, d) for d in Matmul.params[2] for s in SHAPES for c in range(3)
    ):
        bench, times = Matmul(), []
        bench.setup(size, case, dtype)
        for _ in range(15):
            start = time.perf_counter()
            bench.time_kernel(size, case, dtype)
            middle = time.perf_counter()
            bench.time_numpy(size, case, dtype)
            times.append((middle - start, time.perf_counter() - middle))
        ours, theirs = bench.flops / np.array(times).min(0) / 1e9
        ratio = np.median([b / a for a, b in times])
        print(f"{size:4} {case}    {dtype} {ours:8.1f} {theirs:8.1f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
