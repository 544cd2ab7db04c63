"""The host of scripts: `python -I -m heliograph.commands.scripts.host FD LIMITS`. It forks, and tells how children end.

    {"begin": n} and the child's end of a line → {"begun": n, "pid": …}        {"end": n} → {"ended": n, "status": …}

It holds what every script's process shares, runs no script itself, and ends with the service.
"""

import gc
import json
import os
import signal
import socket
import sys

from heliograph.commands.scripts.host import confine, script
from heliograph.commands.scripts.host.limits import Limits

MESSAGE_BYTES = 4096


def main() -> None:
    """Serve until the service is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    limits = Limits(**json.loads(sys.argv[2]))
    confine.die_with(int(sys.argv[3]))
    confine.be_first_to_go(500)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    children: dict[int, int] = {}
    while True:
        message, ends, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
        if not message:
            break
        control.send(json.dumps(_done(json.loads(message), ends, children, limits)).encode())
    for pid in children.values():
        os.kill(pid, signal.SIGKILL)


def _done(request: dict[str, int], ends: list[int], children: dict[int, int], limits: Limits) -> dict[str, int]:
    if "begin" in request:
        number = request["begin"]
        children[number] = _forked(ends[0], limits)
        return {"begun": number, "pid": children[number]}
    number = request["end"]
    pid = children.pop(number)
    os.kill(pid, signal.SIGKILL)
    return {"ended": number, "status": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}


def _forked(end: int, limits: Limits) -> int:
    host = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            confine.die_with(host)
            script.run(socket.socket(fileno=end), limits)
        finally:
            os._exit(1)
    os.close(end)
    return pid


main()
