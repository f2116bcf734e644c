"""How each function of HIPS autograd's ``numpy.linalg`` and ``numpy.fft`` is called."""


def square(d):
    return (d.square(),), {}


def solve(d):
    a = d.square()
    vector = a.ndim == 2 and d.pick(False, True)
    b = d.array(a.shape[-1] if vector else (*a.shape[:-1], 2))
    return (a, b), {}


def wide(d):
    """A matrix whose singular values are apart."""
    rows, columns = d.pick((2, 3), (3, 2), (3, 3))
    noise = d.array(rows, columns, low=-0.4, high=0.4)
    for i in range(min(rows, columns)):
        noise[i, i] += i + 1
    return (noise,), {}


def norm(d):
    axis = d.pick(None, 0, 1, (0, 1))
    choices = {
        None: (None, "fro"),
        0: (None, 2, 1, 3),
        1: (None, 2, 1, 3),
        (0, 1): ("fro", "nuc", None),
    }
    order = d.pick(*choices[axis])
    return (wide(d)[0][0],), {"ord": order, "axis": axis}


def signal(d):
    shape = d.shape(1, 2)
    return (d.array(*shape[:-1], d.pick(2, 4)),), {"norm": d.pick(None, "ortho")}


def picture(d):
    return (d.array(d.pick(1, 3), d.pick(2, 4), 4),), {"norm": d.pick(None, "ortho")}


def two(row):
    """The real and the imaginary part of what a function of complex numbers gets."""

    def both(d):
        (x,), kwargs = row(d)
        return (x, d.array(x.shape)), kwargs

    return both


LINALG = {
    "solve": solve,
    "inv": square,
    "pinv": wide,
    "det": square,
    "slogdet": square,
    "cholesky": square,
    "eigh": square,
    "eig": square,
    "svd": wide,
    "norm": norm,
}
FFT = {
    "fft": signal,
    "ifft": two(signal),
    "rfft": signal,
    "irfft": two(signal),
    "fft2": picture,
    "ifft2": two(picture),
    "rfft2": picture,
    "irfft2": two(picture),
    "fftn": picture,
    "ifftn": two(picture),
    "rfftn": picture,
    "irfftn": two(picture),
    "fftshift": lambda d: ((d.array(3, 4),), {"axes": d.pick(None, 0, (0, 1))}),
    "ifftshift": lambda d: ((d.array(3, 4),), {"axes": d.pick(None, 0, (0, 1))}),
}


def of_complex(np, f, x, y, **kwargs):
    return f(x + 1j * y, **kwargs)


def of_symmetric(np, f, x):
    """Both triangles count: libraries differ in which one they read."""
    return f(x + np.swapaxes(x, -1, -2))


def of_definite(np, f, x):
    return f(np.matmul(x, np.swapaxes(x, -1, -2)) + 0.1 * np.eye(x.shape[-1]))


def without_phase(np, f, x):
    """The phase of an eigenvector is free; its size is not."""
    values, vectors = f(x)
    return values, np.abs(vectors)


def thin(np, f, x):
    return f(x, full_matrices=False)


THROUGH = {
    "ifft": of_complex,
    "irfft": of_complex,
    "ifft2": of_complex,
    "irfft2": of_complex,
    "ifftn": of_complex,
    "irfftn": of_complex,
    "eigh": of_symmetric,
    "cholesky": of_definite,
    "eig": without_phase,
    "svd": thin,
}
