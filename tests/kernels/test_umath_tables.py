"""NumPy's own tables of values, and wide random data: float32 within 2 ULP."""

import csv
from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import protocols

FOLDER = Path(np.__file__).parent / "_core" / "tests" / "data"
BITS = {"float32": np.uint32, "float64": np.uint64}
UNARY_NAMES = """
    arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh exp exp2 expm1 log log10
    log1p log2 sin sinh tan tanh
"""
UNARY = UNARY_NAMES.split()
UNITS = {"float32": 2, "float64": 2}  # the tables ask for 1 to 4


def units(got, right):
    """The largest distance in units of the last place of ``right``."""
    np.testing.assert_array_equal(np.isnan(got), np.isnan(right))
    with np.errstate(all="ignore"):
        distance = np.abs(got.astype(float) - right.astype(float))
        distance /= np.spacing(np.abs(right))
    distance[(got == right) | np.isnan(right)] = 0
    assert not np.isnan(distance).any()
    return distance.max()


def table(name, dtype):
    """Inputs and right values of NumPy's table for a function."""
    file = FOLDER / f"umath-validation-set-{name}.csv"
    if not file.exists():
        pytest.skip("NumPy is installed without its tables")
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    rows = [row for row in csv.DictReader(lines) if row["dtype"] == f"np.{dtype}"]
    return [
        np.array([int(row[column], 16) for row in rows], BITS[dtype]).view(dtype)
        for column in ("input", "output")
    ]


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", BITS)
def test_a_function_gives_the_values_of_numpys_table(name, dtype):
    x, right = table(name, dtype)
    assert len(x) > 100
    got = getattr(np, name)(ag.tensor(x)).data
    assert got.dtype == dtype
    assert units(got, right) <= UNITS[dtype]


def test_every_table_of_a_function_that_we_have_is_held_against_it():
    files = FOLDER.glob("umath-validation-set-*.csv")
    names = {file.stem.removeprefix("umath-validation-set-") for file in files}
    answered = {ufunc.__name__ for ufunc in protocols.UFUNCS}
    assert names & answered <= set(UNARY)


# Wide random data ------------------------------------------------------------------

WIDE_NAMES = """
    add subtract multiply divide power float_power arctan2 hypot logaddexp logaddexp2
    remainder fmod floor_divide copysign fmax fmin maximum minimum heaviside
    exp log sqrt square absolute sin cos tan sinh cosh tanh arcsin arccos arctan
    arcsinh arccosh arctanh exp2 expm1 log2 log10 log1p cbrt reciprocal deg2rad rad2deg
    degrees radians floor ceil rint trunc fabs sign negative positive sinc i0 fix
"""
WIDE = WIDE_NAMES.split()


def draws(rng, n=20_000):
    """float32 of all magnitudes, of usual ones, and whole numbers."""
    signs = rng.choice([-1.0, 1.0], n)
    parts = (
        10 ** rng.uniform(-38, 38, n),
        rng.uniform(0, 20, n),
        rng.integers(0, 9, n),
    )
    return np.concatenate([signs * part for part in parts]).astype(np.float32)


@pytest.mark.parametrize("name", WIDE)
def test_float32_is_within_2_ulp_of_float64(name, rng):
    function = getattr(np, name)
    x = draws(rng)
    pairs = (x, rng.permutation(x)), (x, rng.permutation(x[: len(x) // 3].repeat(3)))
    for args in pairs if getattr(function, "nin", 1) == 2 else [(x,)]:
        got = function(*map(ag.tensor, args)).data
        with np.errstate(all="ignore"):
            right = function(*[a.astype(np.float64) for a in args])
            if name != "float_power":
                assert got.dtype == np.float32
                right = right.astype(np.float32)
        assert units(got, right) <= 2


DENSE_NAMES = """
    exp log sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh
    exp2 expm1 log2 log10 log1p cbrt sqrt
"""


@pytest.mark.parametrize("name", DENSE_NAMES.split())
def test_every_4099th_float32_is_within_2_ulp(name):
    x = np.arange(0, 1 << 32, 4099, dtype=np.uint64).astype(np.uint32)
    x = x.view(np.float32)
    x = x[np.isfinite(x)]
    got = getattr(np, name)(ag.tensor(x)).data
    with np.errstate(all="ignore"):
        right = getattr(np, name)(x.astype(np.float64)).astype(np.float32)
    assert units(got, right) <= 2
