"""How much of HIPS autograd and MyGrad has a row here: python coverage_lists.py."""

import calls_linalg
import calls_mygrad
import calls_numpy
import calls_special
import mygrad_ours
import wheels

HIPS = {
    "numpy": calls_numpy.NUMPY,
    "numpy.linalg": calls_linalg.LINALG,
    "numpy.fft": calls_linalg.FFT,
    "scipy.special": calls_special.SPECIAL,
}


def counts():
    """``(library, part, called, listed)``: what tests call, of the wheels' lists."""
    for kind, library in (
        ("vjp", "HIPS autograd"),
        ("no gradient", "HIPS autograd, no gradient"),
    ):
        for space, rows in wheels.hips().items():
            called = HIPS[space] if kind == "vjp" else calls_numpy.SILENT
            listed = {name for name, found in rows.items() if found == kind}
            if listed:
                yield library, space, len(listed & called.keys()), len(listed)
    for space, rows in wheels.mygrad().items():
        part = space.removeprefix("mygrad").strip(" .") or "functions"
        yield "MyGrad", part, len(rows.keys() & calls_mygrad.ROWS.keys()), len(rows)


def defined():
    """How many of MyGrad's are compared with a definition, not with a function."""
    names = {name for rows in wheels.mygrad().values() for name in rows}
    return len(names & mygrad_ours.DEFINED.keys())


def summary():
    """A line for each library."""
    parts = {}
    for library, part, called, listed in counts():
        parts.setdefault(library, []).append(f"{part} {called} of {listed}")
    parts["MyGrad"].append(f"of them through definitions in NumPy: {defined()}")
    return [f"{library}: {', '.join(found)}" for library, found in parts.items()]


def left_out():
    """What the counts leave out: second names, and names with a reason."""
    for space, names in wheels.aliases().items():
        if names:
            yield f"HIPS {space}, second names: {' '.join(sorted(names))}"
    for space, reasons in wheels.OUTSIDE.items():
        for name, reason in sorted(reasons.items()):
            yield f"left out of {space}: {name}: {reason}"


if __name__ == "__main__":
    print(*summary(), *left_out(), sep="\n")
