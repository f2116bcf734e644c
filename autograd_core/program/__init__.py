"""Record a function once, plan its memory, replay it as one native call."""

from autograd_core.program.compile import Compiled, compile
from autograd_core.program.program import Program

__all__ = ["Compiled", "Program", "compile"]
