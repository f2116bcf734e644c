"""``min`` and ``max`` of two integers as instructions.

Numba compiles a function for each pair of types that Python's own are called with.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD


def _extremum(name: str) -> Any:
    @intrinsic
    def extremum(context: Any, a: Any, b: Any) -> Any:
        def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
            kind = ir.FunctionType(WORD, [WORD, WORD])
            function = builder.module.declare_intrinsic(name, [WORD], kind)
            return builder.call(function, args)

        return types.intp(types.intp, types.intp), codegen

    return extremum


least = _extremum("llvm.smin")
most = _extremum("llvm.smax")
