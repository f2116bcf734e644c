"""Forms of NumPy's functions of shapes, places and orders, one a line.

Each is an expression in ``np``, ``x`` and the other names of `numpy_forms`, and is
differentiated in all that are floats.
"""

# ... those that move values or combine them: NumPy's value, and its gradient
MOVING = """
np.atleast_1d(v[0])
np.atleast_1d(v, x)[1]
np.atleast_2d(v)
np.atleast_2d(v[1], x)[0]
np.atleast_3d(v[0])
np.atleast_3d(v)
np.atleast_3d(x)
np.atleast_3d(one)
np.column_stack((v, x.T))
np.column_stack([v, v])
np.vstack([v, x, v])
np.dstack((x, x))
np.dstack([v, v])
np.concat([x, x], axis=1)
np.block([[x, x], [x, x]])
np.block([v, v])
np.block([[x], [v]])
np.block([one, np.ones((1, 2, 2))])
np.block(x)
np.append(x, v)
np.append(x, [v], 0)
np.append(x, x, axis=k1)
np.append([1.0, 2.0], v)
np.insert(x, 1, v, axis=0)
np.insert(x, 1, v[:2], axis=1)
np.insert(x, [1], v[:2].reshape(2, 1), axis=1)
np.insert(x, [0, 2], 9.0, 1)
np.insert(v, [2, 0, 2], v)
np.insert(x, slice(0, 5, 2), 1.0)
np.insert(x, -1, v[0])
np.insert(i, 1, v)
np.insert(v, np.array([True, False, True]), v[:2])
np.insert(v, [], 1.0)
np.delete(x, 1)
np.delete(x, 1, 0)
np.delete(x, [0, -1], axis=k1)
np.delete(x, slice(None, None, 2), 1)
np.delete(v, np.array([True, False, True]))
np.resize(x, (3, 4))
np.resize(x, 2)
np.resize(a=v, new_shape=(2, 0))
np.array_split(v, 2)
np.array_split(x, [1, 1], 1)
np.array_split(x, 5, axis=-1)
np.hsplit(x, 3)
np.hsplit(v, [1])
np.vsplit(x, 2)
np.dsplit(one, 1)
np.unstack(x)
np.unstack(x, axis=-1)
np.roll(x, 1)
np.roll(x, -2, 1)
np.roll(x, (1, 2), (0, 1))
np.roll(x, 1, (0, 1))
np.roll(x, shift=7, axis=k1)
np.roll(v[0], 3)
np.rollaxis(one, 2)
np.rollaxis(one, 0, 3)
np.rollaxis(one, 1, -1)
np.rot90(x)
np.rot90(x, 2)
np.rot90(x, -1)
np.rot90(x, 4)
np.rot90(one, k=3, axes=(2, 0))
np.flip(x, 0)
np.flipud(x)
np.flipud(v)
np.fliplr(x)
np.pad(x, 1)
np.pad(x, ((1, 2), (0, 3)))
np.pad(x, (1, 2), 'constant', constant_values=3)
np.pad(x, 1, constant_values=((1, 2.5), (3, 4)))
np.pad(x, 2, constant_values=v[1])
np.pad(i, 1, constant_values=1.7)
np.pad(x, {1: (1, 2)}, 'edge')
np.pad(x, {-1: 1, 0: (0, 1)})
np.pad(x, 2, 'edge')
np.pad(x, ((1, 3), (4, 2)), mode='reflect')
np.pad(x, 5, 'reflect', reflect_type='odd')
np.pad(x, (4, 1), 'symmetric')
np.pad(x, (4, 1), 'symmetric', reflect_type='odd')
np.pad(x, 5, 'wrap')
np.pad(x, 2, 'linear_ramp')
np.pad(f, (3, 1), 'linear_ramp', end_values=(1, 2))
np.pad(x, 2, 'mean')
np.pad(x, 2, 'mean', stat_length=2)
np.pad(x, 1, 'maximum')
np.pad(x, 1, 'minimum', stat_length=((1, 2), (2, 1)))
np.pad(x, 1, 'median')
np.pad(x, 1, 'median', stat_length=2)
np.pad(i, 1, 'mean')
np.pad(i, 2, 'linear_ramp', end_values=9)
np.pad(v[:0], 2)
np.tril(x)
np.tril(x, -1)
np.triu(x, k=1)
np.triu(i)
np.tril(m)
np.tril(v)
np.triu(np.stack([x, x]), -1)
np.diag(v)
np.diag(v, 2)
np.diag(v, k=-1)
np.diag(x)
np.diag(x, 1)
np.diag(x, -1)
np.diag(x, 7)
np.diag(v[:0], 1)
np.diagflat(x)
np.diagflat(v[:2], -1)
np.diagonal(x)
np.diagonal(x, 2)
np.diagonal(x, -5)
np.diagonal(one, 0, 1, 2)
np.diagonal(one, axis1=2, axis2=0)
np.diagonal(x.T, 1)
np.trace(x)
np.trace(x, 1)
np.trace(one, 0, 0, 2)
np.trace(f, dtype=np.float64)
np.trace(i, -1)
np.take(x, [7, -9], mode='wrap')
np.take(x, [7, -9], mode='clip')
np.take(x, 5, 1, mode='wrap')
np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1)
np.take_along_axis(x, np.array([[-1, 0, 0]]), axis=0)
np.take_along_axis(x, np.array([5, 5]), None)
np.take_along_axis(x, np.argsort(x, 1), 1)
np.take_along_axis(x, np.argmax(x, 1, keepdims=True), -1)
np.compress([True, False, True], x, 1)
np.compress([0, 1], x, axis=0)
np.compress(m.ravel(), x)
np.extract(x > 0.4, x)
np.extract(m, x)
np.choose([0, 1, 1], [v, x[0]])
np.choose(np.bitwise_and(i, 1), [x, f])
np.choose(i, (x, 0.0, f), mode='wrap')
np.choose(i, [x, f], mode='clip')
np.choose(m, [x, v])
np.sort(x)
np.sort(x, 0)
np.sort(x, axis=None)
np.sort(x, kind='stable')
np.sort(x, stable=True)
np.sort(x, 1, 'quicksort')
np.sort(i)
np.partition(v, 1)
np.partition(v, kth=[0, 2])
np.sort(np.partition(x, 1, 0), 0)
np.trim_zeros(np.pad(v, 2))
np.trim_zeros(np.pad(v, 2), 'f')
np.trim_zeros(np.pad(v, 2), trim='b')
np.trim_zeros(np.pad(x, 2), axis=0)
np.trim_zeros(np.zeros_like(v))
np.meshgrid(v, x[0])
np.meshgrid(v, x[:, 0], indexing='ij')[1]
np.meshgrid(v, x[0], v, sparse=True)
np.meshgrid(v, copy=False)
np.broadcast_arrays(x, v, 1)[:2]
np.broadcast_arrays(x, v[0])[1]
np.permute_dims(one, (2, 0, 1))
np.matrix_transpose(x)
np.linspace(v, 1.0, 5)
np.linspace(x[0], v, num=4, axis=1)
np.linspace(v[0], v[1], 3, False)
np.linspace(0, v[0], 4, retstep=True)
np.linspace(v[0], v[1], 1)
np.linspace(v, v, 0)
np.linspace(v, i[0], 7, dtype=int)
np.linspace(f, 2, 3)
np.linspace(-4, i, 6, dtype='i4')
np.logspace(v, 1.0, 5)
np.logspace(0, v[0], 4, endpoint=False, base=2)
np.logspace(0, 1, 4, base=v)
np.logspace(v, x[1], 3, base=v, axis=-1)
np.geomspace(v, 10.0, 4)
np.geomspace(-v, -2 * v, 4, axis=1)
np.geomspace(f[0, 2], 2, 3, endpoint=False)
np.vander(v)
np.vander(v - 1.0, 4, increasing=True)
np.vander(v, N=0)
np.vander(i[0])
np.lib.stride_tricks.sliding_window_view(x, 2, axis=1)
np.lib.stride_tricks.sliding_window_view(x, (2, 2))
np.full_like(x, v)
np.rollaxis(np.moveaxis(one, 0, -1), 1)
"""

# ... those whose answers are places, or no values at all
PLACES = """
np.argsort(x)
np.argsort(x, axis=None)
np.argsort(i, 0, kind='stable')
np.argsort(i, stable=True)
np.argmin(x)
np.argmin(x, 1)
np.argmin(i, axis=n0, keepdims=True)
np.argpartition(v, 1)[1]
np.argpartition(x, [0, 1], axis=0)
np.searchsorted(v[[1, 2, 0]], x, side='right')
np.flatnonzero(x > 0.4)
np.nonzero(x > 1)
np.argwhere(m)
np.unique(i)
np.unique(i, return_index=True, return_counts=True)
np.ix_(i[0], i[1])
np.ix_(m[0], [0, 1])[1]
np.diag_indices_from(x[:, :2])
np.shape(x)
np.ndim(x)
"""

# ... indices
INDICES = """
x[m]
x[x > 0.4]
x[np.logical_not(m)]
x[True]
x[False]
x[np.True_]
x[None]
x[..., None]
x[..., 0]
x[...]
x[()]
x[1, ...]
x[::-1]
x[::-1, ::-2]
x[-1:-3:-1, 1:]
x[[1, 0, 1]]
x[[0, 1], [2, 2]]
x[np.array([[0, 1], [1, 1]])]
x[:, [0, 0, 2]]
x[[0, 0], ::-1]
x[None, [1, 0], None, [0, 2]]
x[np.bitwise_and(i, 1), np.bitwise_and(i, 1)]
x[np.argsort(v[:2])]
x[np.ix_([1, 0], [0, 2])]
x[[True, False]]
x[[True, False], 1:]
x[:, [True, False, True]]
x[:, m[0]]
x[m[:, 0], 1]
x[0][m[1]]
x[n1, k0]
x[n0:k2]
x[n2 - 2]
x[[]]
x[[[0], [1]], [0, 2]]
x[((0, 1), (1, 1))]
x[1:0]
one[0, :, 0, None]
one[[0], ..., [0]]
one[..., [0, 0], :]
one[:, 0, [0, 0]]
v[np.nonzero(v > 1.5)]
v[np.bitwise_and(i, 1)]
v[-np.arange(3)]
x.T[[2, 0]]
x[np.logical_or(i == 5, m)]
"""

# ... what is refused, unless it gives NumPy's value
REFUSED = """
np.block([])
np.block([x, [x]])
np.block((x, x))
np.block([x, v])
np.insert(x, 9, 1.0)
np.insert(x, [0, 9], 1.0)
np.insert(x, [[0]], 1.0)
np.insert(x, 0, x, axis=0)
np.delete(x, 9)
np.delete(x, 0.5)
np.resize(x, -1)
np.array_split(v, 0)
np.hsplit(v[0], 1)
np.vsplit(v, 1)
np.dsplit(x, 1)
np.unstack(v[0])
np.roll(x, 1, 5)
np.roll(x, (1, 2), (0, 1, 0))
np.rot90(x, axes=(0, 0))
np.rot90(x, axes=(0, 3))
np.fliplr(v)
np.pad(x, -1)
np.pad(x, 1.0)
np.pad(x, (1, 2, 3))
np.pad(x, 1, 'nothing')
np.pad(x, 1, 'edge', constant_values=1)
np.pad(v[:0], 1, 'reflect')
np.pad(v[:0], 1, 'mean')
np.pad(x, 1, 'mean', stat_length=0)
np.tril(v[0])
np.diag(one)
np.diagonal(v)
np.diagonal(x, 0, 1, 1)
np.diagonal(x, 0, 0, 5)
np.take(x, [9])
np.take(x, [9], mode='nothing')
np.take_along_axis(x, np.array([1]), 1)
np.take_along_axis(x, np.array([[1.0]]), 1)
np.take_along_axis(x, np.array([[5]]), 1)
np.compress(m, x)
np.compress([0, 0, 0, 1], x, 1)
np.choose(i, [x, f])
np.choose(x, [x, f])
np.sort(x, 3)
np.sort(x, order='a')
np.sort(x, kind='nothing')
np.sort(x, kind='stable', stable=True)
np.partition(x, 9)
np.partition(x, 1.0)
np.trim_zeros(v, 'x')
np.meshgrid(v, indexing='no')
np.broadcast_arrays(x, v[:2])
np.matrix_transpose(v)
np.linspace(v, 1.0, -1)
np.linspace(v, 1.0, 2.5)
np.geomspace(v, 0.0, 3)
np.vander(x)
x[7]
x[0, 0, 0]
x[1.0]
x['a']
x[[0.5]]
x[[True, False, True]]
x[m.T]
x[None, ..., ...]
x[[0, 1], [0, 1, 2]]
"""
