"""What kernels need of the Python that they run in: ImportError where it is not there.

Numba's compiled functions let go of arrays by ``PyGILState_Ensure``, which knows the
main interpreter alone: in another one the first call would wait for ever.
"""

from __future__ import annotations

from ctypes import PYFUNCTYPE, c_int64, c_void_p, pythonapi

from numba.core import config


def is_main() -> bool:
    """Whether this is the process's first interpreter, whose number is 0."""
    current = PYFUNCTYPE(c_void_p)(("PyInterpreterState_Get", pythonapi))
    number = PYFUNCTYPE(c_int64, c_void_p)(("PyInterpreterState_GetID", pythonapi))
    return bool(number(current()) == 0)


def check() -> None:
    """Raise ImportError where kernels cannot run."""
    if config.DISABLE_JIT:
        raise ImportError(
            "autograd_core cannot run with NUMBA_DISABLE_JIT: its kernels are compiled "
            "code"
        )
    if not is_main():
        raise ImportError(
            "autograd_core cannot run in a sub-interpreter: functions that Numba "
            "compiled would wait for the GIL for ever. Use a process (under mod_wsgi: "
            "WSGIApplicationGroup %{GLOBAL})"
        )
