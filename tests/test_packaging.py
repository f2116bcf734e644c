"""The wheel and the sdist: what is in them, and a training step away from here."""

import email
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TRAIN = """
import json, sys
import numpy as np
import autograd_core as ag
from autograd_core import nn, optim

ag.manual_seed(0)
hidden = [nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2)] if "all" in sys.argv else []
model = nn.Sequential(nn.Linear(4, 16), *hidden, nn.Linear(16, 3))
opt = optim.Adam(model.parameters(), lr=1e-2)
rng = np.random.default_rng(0)
y = rng.integers(0, 3, 32)
x = (np.eye(3, 4)[y] + 0.1 * rng.standard_normal((32, 4))).astype("f4")
losses = []
for _ in range(20):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
    losses.append(loss.item())
print(json.dumps({
    "losses": losses,
    "from": [ag.__file__, sys.modules["autograd_kernels"].__file__],
}))
"""


def run(*command, **options):
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, text=True, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(wheel, sdist); the wheel is built from the sdist, which so is complete."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def python(built, tmp_path_factory):
    """The Python of a fresh environment into which pip installed the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", built[0])
    return python


def names(paths):
    """Files as POSIX paths without caches."""
    found = {path.as_posix() for path in paths if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


def test_the_wheel_holds_both_packages_and_nothing_else(built):
    with zipfile.ZipFile(built[0]) as wheel:
        held = set(wheel.namelist())
    info = {name for name in held if re.match(r"autograd_core-.*\.dist-info/", name)}
    assert any(name.endswith("/licenses/LICENSE") for name in info)
    core = {ROOT: "autograd_core", ROOT / "kernels": "autograd_kernels"}
    sources = {
        Path(name).relative_to(root).as_posix()
        for root, package in core.items()
        for name in names((root / package).rglob("*"))
    }
    assert {"autograd_core/py.typed", "autograd_kernels/py.typed"} <= sources
    assert held - info == sources


def test_the_sdist_holds_what_building_and_testing_need(built):
    with tarfile.open(built[1]) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    top = (
        "CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md pyproject.toml .ci/run"
    )
    assert set(top.split()) <= held
    for folder in ("autograd_core", "kernels", "tests"):
        there = names((ROOT / folder).rglob("*"))
        assert {Path(name).relative_to(ROOT).as_posix() for name in there} <= held


def test_an_index_would_take_both(built):
    printed = run(sys.executable, "-m", "twine", "check", "--strict", *built)
    assert printed.count("PASSED") == 2


def test_metadata(built):
    with zipfile.ZipFile(built[0]) as wheel:
        (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(wheel.read(name))
    requires = metadata.get_all("Requires-Dist")
    always = {re.match(r"[\w-]+", r)[0] for r in requires if "extra ==" not in r}
    assert always == {"numpy", "numba"}
    assert set(metadata.get_all("Provides-Extra")) >= {"demo", "test", "dev", "bench"}
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] in {">=3.11,<3.15", "<3.15,>=3.11"}


def test_what_it_needs_is_there_and_is_no_more(python):
    def pip(*command):
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        start = sys.executable, "-m", "pip", "--python", python
        return run(*start, *command, env=env)

    assert "No broken requirements" in pip("check")
    installed = {row["name"] for row in json.loads(pip("list", "--format=json"))}
    assert installed == {"autograd-core", "llvmlite", "numba", "numpy"}


@pytest.mark.parametrize("cache", ["home", "unwritable"])
def test_it_trains_away_from_the_checkout(cache, python, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "file").write_text("no folder can be made under a file")
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    if cache == "unwritable":
        env["AUTOGRAD_CORE_CACHE"] = str(tmp_path / "file" / "cache")
    # Where nothing is kept, few kernels do.
    layers = "all" if cache == "home" else "linear"
    result = json.loads(run(python, "-c", TRAIN, layers, cwd=tmp_path, env=env))
    for file in result["from"]:
        assert Path(file).is_relative_to(python.parents[1])
    assert result["losses"][-1] < 0.7 * result["losses"][0]
    kept = [path.name for path in home.rglob("*") if path.is_file()]
    assert bool(kept) is (cache == "home")
    # Helper processes may still be at it: a claim, or a file half written.
    assert all(".nbc" in name or name.endswith(".lock") for name in kept)
