"""Numba kernels: arrays in, arrays out. They know no Tensor."""
