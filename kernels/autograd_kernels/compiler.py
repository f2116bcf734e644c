"""Numba's pipeline without what kernels do not need.

`Kernel` is the pipeline of kernels, `Helper` that of the functions they call. Numba
makes machine code of both, though a helper is only ever compiled into its callers: here
it stays LLVM code that is linked into them and optimised there, once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering, NopythonRewrites


@contextmanager
def without_collector() -> Iterator[None]:
    """What the compiler makes is mostly kept: to look for garbage in it takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Kernel(Compiler):  # type: ignore[misc]
    """No array expressions are looked for: kernels have loops."""

    def compile_extra(self, func: Any) -> Any:
        """See numba's."""
        with without_collector():
            return super().compile_extra(func)

    def define_pipelines(self) -> list[Any]:
        """See numba's."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes[:] = [p for p in passes.passes if p[0] is not NopythonRewrites]
        passes.finalize()
        return [passes]


class Helper(Kernel):
    """Of a function that only kernels call."""

    def define_pipelines(self) -> list[Any]:
        """See numba's."""
        (passes,) = super().define_pipelines()
        passes.passes[:] = [
            (Linking, "linking") if p[0] is NativeLowering else p for p in passes.passes
        ]
        return [passes]


class Linked(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code that is optimised and made machine code where it is linked to.

    That is a kernel, which links to what its helpers call as well: nothing is copied
    from one helper into the next.
    """

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        """See numba's."""
        self._raise_if_finalized()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class Linking(NativeLowering):  # type: ignore[misc]
    """Lowering into such a library."""

    _name = "linking"

    def run_pass(self, state: Any) -> bool:
        """See numba's."""
        state.library = Linked(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        entry = [state.library].copy  # a built-in: callers find it by this, unused
        state.cr = state.cr._replace(cfunc=entry)
        needed = [state.library, *state.library._linking_libraries]
        state.targetctx.insert_user_function(entry, state.cr.fndesc, needed)
        return True
