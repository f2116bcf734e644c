"""NumPy's functions on Tensors: a file per family, and in `table` which answers which.

A function of NumPy's is answered by the function of its name in one of these files,
which has NumPy's own arguments, by NumPy's names and with NumPy's defaults, and is made
of ops; a ufunc by the op whose row names it. Arguments that are left out there are
taken if they change nothing (``subok=True``) and refused if not: see `protocols`.

To add one, write it. Nothing else has to be told.
"""
