"""Layers and functions."""

from autograd_core.nn import BatchNorm1d, Dropout, Linear, ReLU, Sequential, functional

__all__ = ["BatchNorm1d", "Dropout", "Linear", "ReLU", "Sequential", "functional"]
