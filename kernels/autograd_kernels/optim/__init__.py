"""Update rules of the optimizers, a file each: in-place passes over all parameters.

A rule is a pair of kernels. ``*_advance(lo, hi, scalars, table)`` counts the step and
works out, in double precision, the numbers that the rule needs. Its units are rows, the
columns of its table (see `pointers`) are clock and settings: ``clock`` is a parameter's
float64 [steps taken, two numbers carried along], the settings are its group's, float64.
Both are read when the kernel runs, so that a replayed step sees every change. The rule
itself, ``(lo, hi, scalars, table)`` with columns parameter, gradient, *state, is then
one launch over chunks. ``scalars`` has the data's dtype and a row of `SCALARS` per row
of the tables.

Both are laid out by a named tuple of the rule's file, and read by its names: what
advance reads of a group is `Settings`, what the rule reads of a step is `Numbers`.

NaN and infinity in a gradient pass into the state and the parameter, as in PyTorch.
`autograd_core.optim` has the rules in plain array operations, with their sources.
"""
