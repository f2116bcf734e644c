"""Adam, which here is always fused."""

from __future__ import annotations

from typing import Any

from autograd_core import optim


def Adam(params: Any, lr: float = 1e-3, fused: bool | None = None) -> Any:  # noqa: N802
    return optim.Adam(params, lr)
