"""Stands in the supervisor's eyes for a service that is forked from a warm process: run by `supervised`.

    python -IS forked.py LINE SERVICE PIDS

LINE is the inherited line to the process that forks (`forking`); the service's process number is written into PIDS, in
a file named by ours. What tells us to stop tells the service, and we end as it ends.
"""

import json
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Have the service begin with our environment and output, and end as it does."""
    line, service, pids = sys.argv[1:]
    report, theirs = os.pipe()
    stopped = signal.SIGTERM, signal.SIGINT
    signal.pthread_sigmask(signal.SIG_BLOCK, stopped)  # until there is somebody to tell
    request = json.dumps({"service": service, "environment": dict(os.environ)}).encode()
    socket.send_fds(socket.socket(fileno=int(line)), [request], [1, 2, theirs])
    os.close(theirs)
    pid = _told(report)
    for number in stopped:
        signal.signal(number, lambda number, _: _tell(pid, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stopped)
    made = Path(pids, f"{os.getpid()}.part")
    made.write_text(str(pid))
    made.rename(made.with_suffix(""))
    _end(_told(report))


def _tell(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it ended just now, and we are about to
        os.kill(pid, number)


def _told(report: int) -> int:
    return struct.unpack("i", os.read(report, 4))[0]


def _end(status: int) -> None:
    if status >= 0:
        sys.exit(status)
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)


if __name__ == "__main__":
    main()
