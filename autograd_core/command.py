"""What `python -m autograd_core` needs before the rest of the package is imported.

Until the demo listens to Ctrl-C itself, one ends the process as the system does it:
KeyboardInterrupt would show a traceback, or get lost in a callback of LLVM.
"""

import signal
import sys


def running() -> bool:
    """Whether Python is looking for that very command (runpy imports us before it)."""
    module = sys.orig_argv[-len(sys.argv) :][:1]
    return sys.argv[:1] == ["-m"] and module in (["autograd_core"], ["-mautograd_core"])


if running() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
