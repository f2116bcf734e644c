"""Benchmarks in the form of airspeed velocity: see ../README.md."""

import contextlib

# Once, in the process that asv forks for each benchmark. It starts no thread.
with contextlib.suppress(ImportError):
    import autograd_core as autograd_core
