"""Start a program that dies with its parent: run as a file by the supervisor, before the program itself.

    python -IS tether.py PARENT PROGRAM ARGUMENTS…

On Linux the kernel kills the program when the parent is gone, however it went; elsewhere the program is merely started.
It replaces itself by the program, so that the process keeps its number. A function run between fork and exec would be
unsafe beside the threads of the demo's servers.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process to its parent, then become the program."""
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("the supervisor is gone")
    os.execv(program, [program, *arguments])  # noqa: S606  # becoming the program is the purpose


if __name__ == "__main__":
    main()
