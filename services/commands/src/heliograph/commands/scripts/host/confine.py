"""What the process of a script gives up before it reads the script: files, sockets, children, memory, its life alone.

The sandbox keeps a script inside Lua; this keeps it harmless if it should ever get out. A process whose every file
descriptor is in use, and which may have no more, can open neither a file nor a socket.
"""

import ctypes
import math
import os
import resource
import signal
import socket
import time
from typing import Final

from heliograph.commands.scripts.host.limits import Limits

LINE: Final = 3
"""The descriptor of the line; 0 to 2 are /dev/null."""
ROOM_BYTES: Final = 64 * 1024 * 1024
"""Of addresses, beyond what the host has and what Lua may take: for Python's side of a call."""
NICENESS: Final = 5

_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int) -> None:
    """Have this process killed when its parent ends, however that ends."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def be_first_to_go(score: int) -> None:
    """When memory runs out, the system ends this process rather than a service."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123  # pathlib is not worth its memory here
            file.write(str(score))
    except OSError:
        return


def confine(line: socket.socket, limits: Limits) -> socket.socket:
    """Give up what a script does not need; return the line, which is all that stays."""
    be_first_to_go(1000)
    os.nice(NICENESS)
    _limit_memory(limits)
    null = os.open(os.devnull, os.O_RDWR)
    held = os.dup2(line.detach(), 100)
    for number in range(LINE):
        os.dup2(null, number)
    os.dup2(held, LINE)
    os.closerange(LINE + 1, 256)
    for what, most in (
        (resource.RLIMIT_NOFILE, LINE + 1),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(what, (most, most))
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)
    return socket.socket(fileno=LINE)


def limit_computing(seconds: float) -> None:
    """Have the system end this process when it computes so long from now, to the next whole second and one more."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds) + 1, hard))


def _limit_memory(limits: Limits) -> None:
    with open("/proc/self/statm") as file:  # noqa: PTH123  # as above
        addresses = int(file.read().split()[0]) * resource.getpagesize()
    most = addresses + limits.memory_bytes + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _prctl(option: int, value: int) -> None:
    _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
