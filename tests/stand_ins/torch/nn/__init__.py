"""Functions."""

from autograd_core.nn import functional

__all__ = ["functional"]
