"""What calls of modules and of transformed functions are to checkers and editors.

Nothing here runs.
"""

from __future__ import annotations

from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class HasForward(Protocol[P, R_co]):
    """A module, by the types of its forward."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """What the module computes."""


class Call(Generic[P, R_co]):
    """Takes what a function takes, or arrays and numbers in the place of Tensors.

    No Protocol, as mypy then gives up on ``grad(grad(lambda x: ...))``.
    """

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> R_co: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a type, not a function")
