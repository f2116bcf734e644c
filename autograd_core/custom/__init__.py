"""A user's own ops: functions of arrays with their backward, kernels, and a check."""

from autograd_core.custom.check import check_op
from autograd_core.custom.elementwise import elementwise
from autograd_core.custom.host import custom_vjp
from autograd_core.custom.kernels import kernel
from autograd_core.custom.primitive import primitive

__all__ = ["check_op", "custom_vjp", "elementwise", "kernel", "primitive"]
