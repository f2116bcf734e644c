"""Data-parallel training: one process and several, over MPI, end in the same bits."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import parallel_run
import pytest
from killed_run import blobs

from autograd_core import nn, optim, train
from autograd_core.random import manual_seed
from autograd_core.train.parallel.shards import TreeSum, blocks, bounds, cut

SCRIPT = Path(__file__).with_name("parallel_run.py")
BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")
CASES = [{}, {"compiled": True}, {"weighted": True, "epochs": 1}]


def mpi(ranks, cases, *options):
    """(exit code, lines of each rank, everything that was printed)."""
    pytest.importorskip("mpi4py")
    if MPIEXEC is None:
        pytest.skip("there is no mpiexec: pip install 'autograd-core[mpi]' brings one")
    command = [MPIEXEC, "-n", str(ranks), "-prepend-rank", sys.executable, *options]
    run = subprocess.run(
        [*command, SCRIPT, json.dumps(cases)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        env={**os.environ, "AUTOGRAD_CORE_NUM_THREADS": "1"},
    )
    lines = [
        re.findall(rf"^\[{rank}\] (.*)$", run.stdout, re.MULTILINE)
        for rank in range(ranks)
    ]
    return run.returncode, lines, run.stdout


@pytest.fixture(scope="module")
def alone():
    """What one process makes of the cases, without MPI."""
    return [parallel_run.main(**case, mpi=False) for case in CASES]


# Without MPI -----------------------------------------------------------------------


@pytest.mark.parametrize("shards", range(1, 18))
def test_the_sum_has_one_order(shards):
    rng = np.random.default_rng(shards)
    arrays = (rng.standard_normal((shards, 3)) * 10 ** rng.uniform(0, 6)).astype("f4")
    found = set()
    for ranks in range(1, shards + 1):
        whole = TreeSum()
        for run in bounds(shards, ranks):
            part = TreeSum()
            for i in range(*run):
                part.add(i, 1, arrays[i].copy())
            assert [b[:2] for b in part.blocks] == list(blocks(*run))
            for block in part.blocks:
                whole.add(*block)
        found.add(whole.total().tobytes())
    assert len(found) == 1
    np.testing.assert_allclose(np.frombuffer(found.pop(), "f4"), arrays.sum(0), 1e-4)


@pytest.mark.parametrize(
    ("rows", "shards", "sizes"),
    [(64, 8, [8] * 8), (26, 4, [7, 7, 6, 6]), (5, 8, [3, 2]), (1, 8, [1])],
)
def test_a_batch_is_cut_by_its_rows_alone(rows, shards, sizes):
    runs = cut(rows, shards)
    assert [stop - start for start, stop in runs] == sizes
    assert [start for start, _ in runs] == np.cumsum([0, *sizes])[:-1].tolist()


@pytest.mark.parametrize("shards", [1, 3, 8])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_those_of_the_batch(shards, weighted):
    manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).astype("f8")
    x, y = blobs(29, 0)
    x = x.astype("f8")
    w = np.linspace(1, 3, 29) if weighted else None
    entropy = nn.functional.cross_entropy

    def objective(x, y, *w):
        return entropy(model(x), y, sample_weight=w[0] if w else None)

    arrays = (x, y, w) if weighted else (x, y)
    value = objective(*arrays)
    value.backward()
    expected = [p.grad.numpy() for p in model.parameters()]
    parallel = train.Parallel(model, shards=shards)
    for _ in range(4):  # eagerly, and from a Program
        loss = parallel.backward(objective, *arrays, weights=w)
        assert loss == pytest.approx(value.item(), rel=1e-12)
        for p, grad in zip(model.parameters(), expected, strict=True):
            np.testing.assert_allclose(p.grad.numpy(), grad, 1e-9, 1e-12)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("shards", [1, 3, 8])
def test_batch_norm_is_of_the_whole_batch(shards, compiled):
    """A run with shards is the run without: bits differ, in float64 by rounding."""

    def run(**options):
        manual_seed(0)
        norm = nn.BatchNorm1d(8, momentum=None)
        model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 8), norm,
            nn.Linear(8, 3),
        ).astype("f8")  # fmt: skip
        x, y = blobs(75, 0)  # the last batch has 11 rows
        train.fit(
            model, optim.SGD(model.parameters(), lr=0.3, momentum=0.9),
            nn.functional.cross_entropy, (x.astype("f8") + 5, y), epochs=3,
            batch_size=32, compiled=compiled, **options,
        )  # fmt: skip
        return model.state_dict()

    whole, found = run(), run(shards=shards)
    for name, values in whole.items():
        np.testing.assert_allclose(found[name], values, 1e-9, 1e-11, err_msg=name)


class Functional(nn.Module):
    """Batch norm by the function, with statistics of its own."""

    def __init__(self):
        self.running_mean = nn.Buffer(np.zeros(4, "f4"))
        self.running_var = nn.Buffer(np.ones(4, "f4"))

    def forward(self, x):
        running = self.running_mean, self.running_var
        return nn.functional.batch_norm(x, *running, training=self.training)


class OfAClass(nn.BatchNorm1d):
    """The same in the place of a layer's own forward."""

    def forward(self, x):
        return Functional.forward(self, x)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d, lambda n: Functional(), OfAClass])
def test_shards_share_statistics(layer):
    x, _ = blobs(32, 0)
    x[:16] += 3
    norm, last, seen = layer(4), nn.Linear(4, 1), []
    model = nn.Sequential(norm, last)

    def objective(x):
        seen.append(norm(x))
        return last(seen[-1]).mean()

    parallel = train.Parallel(model, shards=4)
    parallel.backward(objective, x)
    found = np.concatenate([h.numpy() for h in seen])
    np.testing.assert_allclose(found, (x - x.mean(0)) / x.std(0), 1e-4, 1e-5)
    mean, var = 0.1 * x.mean(0), 0.9 + 0.1 * x.var(0, ddof=1)
    np.testing.assert_allclose(norm.running_mean.numpy(), mean, 1e-5)
    np.testing.assert_allclose(norm.running_var.numpy(), var, 1e-5)
    if layer is nn.BatchNorm1d:
        assert norm.num_batches_tracked.item() == 1
    before = norm.running_mean.numpy().copy()
    norm.eval()  # a frozen layer
    parallel.backward(objective, x)
    np.testing.assert_array_equal(norm.running_mean.numpy(), before)


def test_shards_must_gather_alike():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))

    def objective(x):
        return model(x).mean() if x.mean().item() > 0 else model[1](x).mean()

    x = np.repeat(np.array([1, -1, 1], "f4"), 4)[:, None].repeat(4, 1)
    parallel = train.Parallel(model, shards=3)
    before = {n: a.copy() for n, a in model.state_dict().items()}
    with pytest.raises(RuntimeError, match="must go through the same layers"):
        parallel.backward(objective, x)
    for name, values in model.state_dict().items():
        np.testing.assert_array_equal(values, before[name])


def test_shards_drop_units_of_their_own():
    model = nn.Sequential(nn.Linear(64, 64), nn.Dropout(0.5))
    seen = []

    def objective(x):
        seen.append(model(x))
        return seen[-1].mean()

    manual_seed(0)
    parallel = train.Parallel(model, shards=2)
    x = np.ones((2, 64), "f4").repeat(2, 0)
    for _ in range(2):
        parallel.backward(objective, x)
    masks = {(output.numpy() != 0).tobytes() for output in seen[:4]}
    assert len(masks) == 4


def fitted(compiled=False, **options):
    manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(16, 3),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=0.01)
    history = train.fit(
        model, opt, nn.functional.cross_entropy, blobs(90, 0), blobs(30, 1),
        epochs=2, batch_size=16, compiled=compiled, l2=1e-3,
        metrics={"accuracy": train.accuracy}, **options,
    )  # fmt: skip
    rows = [{**row, "seconds": 0} for row in history.rows]
    return rows, {n: a.tobytes() for n, a in model.state_dict().items()}


@pytest.mark.parametrize("compiled", [False, True])
def test_many_shards_train_as_well(compiled):
    rows, _ = fitted(compiled, shards=4)
    plain, _ = fitted(compiled)
    assert rows[-1]["valid_loss"] == pytest.approx(plain[-1]["valid_loss"], rel=0.2)
    assert rows[-1]["valid_loss"] < rows[0]["valid_loss"]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"shards": 0}, ValueError, "shards must be at least 1, got 0"),
        ({"shards": 2.5}, TypeError, "shards must be an integer, got 2.5"),
        ({"comm": 4}, TypeError, r"MPI communicator.*autograd-core\[mpi\].*got 4"),
    ],
)
def test_refused(options, error, said):
    with pytest.raises(error, match=said):
        fitted(**options)


def test_a_loss_that_is_no_mean_of_rows_is_refused():
    with pytest.raises(ValueError, match=r"must be a mean over rows.*sample_weight"):
        parallel_run.main(mpi=False, classes=True)


def test_another_number_of_shards_does_not_resume(tmp_path):
    path = tmp_path / "run"
    fitted(shards=2, callbacks=[train.Checkpoint(path)])
    for shards in (None, 4):
        with pytest.raises(train.ResumeError, match="saved with shards=2"):
            fitted(shards=shards, resume=path)


# Over MPI --------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", [2, 4])
def test_the_same_bits_on_any_number_of_ranks(ranks, alone):
    code, lines, text = mpi(ranks, [*CASES, {"mixed": True}])
    assert code == 0, text
    assert lines == [[*alone, alone[0]]] * ranks


def test_killed_and_resumed_on_another_number_of_ranks(tmp_path, alone):
    """With eight, of which some have no shard of the last batch."""
    path = str(tmp_path / "run")
    start = time.monotonic()
    code, _, text = mpi(2, [{"path": path, "kill": [1, 11]}])
    assert code == 9, text
    assert "BAD TERMINATION" in text
    assert "Killed (signal 9)" in text
    assert time.monotonic() - start < 30
    code, lines, text = mpi(8, [{"path": path}, {"path": path, "epochs": 3}])
    assert code == 0, text
    assert [of_rank[0] for of_rank in lines] == alone[:1] * 8
    whole = parallel_run.main(epochs=3, mpi=False)
    assert [of_rank[1] for of_rank in lines] == [whole] * 8


BAD = {  # what is otherwise on rank 1: what both say
    "seed": "rank 1 differs in weights: .*ag.manual_seed",
    "shapes": r"rank 1 differs in model: .*Linear\(24, 4\).*Linear\(24, 3\)",
    "optimizer": "rank 1 differs in optimizer: .*lr=0.02.*lr=0.01",
    "data": r"rank 1 differs in data: it has \d+, rank 0 \d+$",
    "rows": "rank 1 differs in rows: it has 102, rank 0 103; ",
    "code": "rank 1 differs in code of the loss: ",
}
ERRORS = [  # a case, and what ranks 0 and 1 say
    (
        {"shards": 1},
        *["ValueError: Parallel: 2 ranks share 1 shard, .*start fewer"] * 2,
    ),
    ({"epochs": -1}, *["ValueError: fit: epochs cannot be negative, got -1"] * 2),
    ({"blow": True}, *["FloatingPointError: the loss is NaN or infinite"] * 2),
    ({"error": [1, 3]}, "OtherRankError: rank 1 failed: KeyError: 'mine'", "KeyError"),
    ({"moves": [1, 3]}, *["ValueError: rank 1 differs in model: .*after epoch 1"] * 2),
    ({"own": {"rows": [9, 9], "batch": [0, 0]}}, *[r"0\.\d+$"] * 2),
    (
        {"own": {"rows": [9, 8], "batch": [0, 0]}},
        *["ValueError: the ranks are not at the same batch: they have 9, 8 rows"] * 2,
    ),
    (
        {"own": {"rows": [9, 9], "batch": [0, 1]}},
        *["ValueError: rank 1 differs in first batch: "] * 2,
    ),
    (
        {"layer": "raises"},
        "OtherRankError: rank 1 failed: KeyError: 'mine'",
        "KeyError: 'mine'",
    ),
    (
        {"layer": "skips"},
        *["ValueError: the ranks are not at the same layer: they gather 64, 32 bytes"]
        * 2,
    ),
    ({"layer": "does"}, *[r"0\.\d+$"] * 2),
    ({"stop": [1, 3]}, *[r"0 epochs \w+"] * 2),
]


def test_bad_use_is_an_error_on_all_ranks():
    cases = [
        ({"other": name}, *[f"ValueError: {said}"] * 2) for name, said in BAD.items()
    ]
    cases += ERRORS
    code, lines, text = mpi(2, [case for case, *_ in cases])
    assert code == 0, text
    for (case, *expected), *found in zip(cases, *lines, strict=True):
        for said, line in zip(expected, found, strict=True):
            assert re.match(said, line), (case, line)


def test_an_error_ends_all_ranks():
    """Whether it comes within `fit`, or before it on one of them."""
    for case in ({"error": [1, 3]}, {"outside": True}):
        code, _, text = mpi(2, [{**case, "raises": True}], "-m", "mpi4py")
        assert code != 0
        # Labels come where a rank's writes were cut, which may be within a line.
        assert "KeyError: 'mine'" in re.sub(r"\[\d\] ?", "", text)
