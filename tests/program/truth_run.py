"""Runs a case eager and compiled and judges what came out."""

from __future__ import annotations

import random
import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from truth_world import Make, World, difference, eager, seen

import autograd_core as ag

# Calls after each change; with every one of them a case is run once.
PATTERNS = {
    "every call": (1,) * 8,
    "every fourth": (4,) * 4,
    "long": (9, 3, 1, 6),
}
KEEPS = ("every fourth",)  # where the results of all calls stay alive, to the end
LINE = re.compile(r"\.py:\d+")
GOOD = ("same", "warned", "raised")
ORDER = (*GOOD, "nagged", "unnamed", "late", "different")
FURTHER = 40  # calls in which a difference may still be found and said


class Verdict(NamedTuple):
    """What came of a case, and why."""

    kind: str
    why: str = ""

    @property
    def good(self) -> bool:
        """Eager's results, or a word that they are not."""
        return self.kind in GOOD


@dataclass
class Trace:
    """All that was seen in one run."""

    steps: list[tuple[Any, Any]] = field(default_factory=list)  # (outcome, state)
    kept: Any = None
    warned: Counter[str] = field(default_factory=Counter)


def trace(make: Make, compiler: Any, pattern: tuple[int, ...], keep: bool) -> Trace:
    """Run a case with ``compiler`` in the place of `ag.compile`."""
    ag.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  functions under test use it
    random.seed(0)
    result, threads = Trace(), ag.get_num_threads()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            _calls(make(compiler), pattern, keep, result)
        except Exception as error:  # what the user does around the calls
            result.steps.append((failed(error, "refused"), None))
        finally:
            ag.set_num_threads(threads)
    named = [str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)]
    result.warned.update(named)
    return result


def _calls(world: World, pattern: tuple[int, ...], keep: bool, result: Trace) -> None:
    n, kept = 0, []
    for k, times in enumerate(pattern):
        world.change(k)
        for _ in range(times):
            try:
                out = world.f(*world.args(n))
            except Exception as error:
                outcome = failed(error, "error")
            else:
                outcome = "result", seen(out)
                world.after(n, out)
                kept.append(out if keep else None)
            result.steps.append((outcome, world.look()))
            n += 1
            out = None
    result.kept = seen(kept)


def failed(error: Exception, how: str = "error") -> tuple[str, str, str]:
    """An error as an outcome."""
    return how, type(error).__name__, str(error)


def judge(eager: Trace, compiled: Trace) -> Verdict:
    """Compare two runs, call by call."""
    for n, (mine, theirs) in enumerate(zip(eager.steps, compiled.steps, strict=False)):
        verdict = compared(mine, theirs, f"call {n}")
        if verdict is not None:
            return verdict
    if len(eager.steps) != len(compiled.steps):
        return Verdict("different", "another number of calls")
    found = difference(eager.kept, compiled.kept)
    if found:
        return Verdict("different", f"results of earlier calls: {found}")
    said = compiled.warned - eager.warned
    if any(times > 1 for times in said.values()):
        return Verdict("nagged", f"{max(said.values())} times: {next(iter(said))}")
    return Verdict("warned", next(iter(said))) if said else Verdict("same")


def compared(eager: Any, compiled: Any, where: str) -> Verdict | None:
    """Compare what one call gave and left; None if there is nothing to say."""
    (mine, before), (theirs, after) = eager, compiled
    if theirs[0] != "result" and mine[0] == "result":
        how, kind, text = theirs
        loud = LINE.search(text) or how == "refused"
        return Verdict("raised" if loud else "unnamed", f"{where}: {kind}: {text}")
    found = difference(before, after)
    if found:
        return Verdict("different", f"{where}, state {found}")
    if mine[0] == "result" or mine[:2] != theirs[:2]:
        found = difference(mine, theirs)
        return Verdict("different", f"{where}, result {found}") if found else None
    if mine[2] in theirs[2] or LINE.search(theirs[2]):  # says as much, or where
        return None
    return Verdict("unnamed", f"{where}: {theirs[2]} for {mine[2]}")


def options() -> list[dict[str, Any]]:
    """Ways to compile that the table is run with."""
    checked = "check_every" in signature(ag.compile).parameters
    return [{}, {"check_every": 3}] if checked else [{}]


def compiler(given: dict[str, Any]) -> Any:
    """`ag.compile` with these options beside a case's own."""

    def compile_with(function: Any, bare: bool = False, **more: Any) -> Any:
        return ag.compile(function, **{**given, **more})

    return compile_with


def verdict(make: Make, quick: bool = False) -> Verdict:
    """The worst of all patterns and options."""
    found = Verdict("same")
    for name, pattern in list(PATTERNS.items())[: 2 if quick else None]:
        keep = name in KEEPS
        truth = trace(make, eager, pattern, keep)
        again = trace(make, eager, pattern, keep)
        assert (truth.steps, truth.kept) == (again.steps, again.kept), (
            "not a case: chance"
        )
        outcome = truth.steps[-1][0]
        assert outcome[0] != "refused", f"not a case: {outcome}"
        for given in options()[: 1 if quick else None]:
            compiled = trace(make, compiler(given), pattern, keep)
            here = judge(truth, compiled)
            if here.kind == "different":
                here = _perhaps_late(make, pattern, compiler(given), here)
            if ORDER.index(here.kind) > ORDER.index(found.kind):
                found = Verdict(here.kind, f"{name} {given or ''}: {here.why}")
    return found


def _perhaps_late(make: Make, pattern: Any, how: Any, here: Verdict) -> Verdict:
    """A difference that a later check finds and tells."""
    longer = (*pattern[:-1], pattern[-1] + FURTHER)
    for outcome, _ in trace(make, how, longer, False).steps:
        if outcome[0] == "error" and "doubt" in outcome[2] and LINE.search(outcome[2]):
            return Verdict("late", f"{here.why}; then {outcome[2]}")
    return here
