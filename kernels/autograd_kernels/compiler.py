"""Numba's pipeline without what kernels do not need.

`KernelPipeline` is that of kernels, `HelperPipeline` of the functions they call. Numba
makes machine code of both, though a helper is only ever compiled into its callers: here
it stays LLVM code that is linked into them and optimised there, once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering, NopythonRewrites
from numba.core.untyped_passes import InlineClosureLikes


@contextmanager
def without_collector() -> Iterator[None]:
    """For what makes many objects of which none is garbage: looking takes a tenth."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class KernelPipeline(Compiler):  # type: ignore[misc]
    """No array expressions are looked for, and no functions within where none are."""

    def compile_extra(self, func: Any) -> Any:
        """See numba's."""
        with without_collector():
            return super().compile_extra(func)

    def define_pipelines(self) -> list[Any]:
        """See numba's."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        unneeded = {NopythonRewrites}
        constants = self.state.func_id.code.co_consts
        if not any(isinstance(one, CodeType) for one in constants):
            unneeded.add(InlineClosureLikes)
        passes.passes[:] = [p for p in passes.passes if p[0] not in unneeded]
        passes.finalize()
        return [passes]


class HelperPipeline(KernelPipeline):
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
