"""A process that has everything loaded that services import, and forks one whenever it is told to: run by `services`.

A request is the environment and the service as JSON, with three files: standard output, standard error, and a pipe
that gets the process number and, at the end, its status. Between the two stands a process that waits for it, as whoever
started it would. The service itself runs as `python -m heliograph.<service>` does, and ends as that does.
"""

import gc
import importlib
import json
import os
import random
import runpy
import signal
import socket
import struct
import sys
from contextlib import suppress

REQUEST_BYTES = 1024 * 1024
FILES = 3
SERVICES = ("collector", "sync", "commands", "api")
REMOTES = ("sftp", "ftp", "webdav")
"""What sync imports when a server asks for it."""
MODULES = (
    *(f"heliograph.{service}.{part}" for service in SERVICES for part in ("app", "settings")),
    *(f"heliograph.sync.remote.{kind}" for kind in REMOTES),
)


def main(requests: socket.socket) -> str | None:
    """Fork for each request; return, in the forked process, the service to run, and None when no more requests come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    while True:
        request, files, _, _ = socket.recv_fds(requests, REQUEST_BYTES, FILES)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not request:
            return None
        if os.fork() == 0:
            return become(json.loads(request), *files)
        for file in files:
            os.close(file)


def become(request: dict, output: int, errors: int, report: int) -> str:
    """Wait for the service and report it, in one process; return its name in the other."""
    pid = os.fork()
    if pid:
        os.write(report, struct.pack("i", pid))
        _, status = os.waitpid(pid, 0)
        os.write(report, struct.pack("i", os.waitstatus_to_exitcode(status)))
        os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.closerange(3, max(output, errors, report, 64) + 1)
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    return request["service"]


if __name__ == "__main__":
    service = main(socket.socket(fileno=int(sys.argv[1])))
    if service is not None:
        runpy.run_module(f"heliograph.{service}", run_name="__main__", alter_sys=True)
