"""The process of one test: `python -m heliograph.sync.trying` reads a job from its standard input, tells its steps.

A line of JSON on standard output for each. Told to stop, it ends the step it is at, takes away what it put on the
server, and leaves; so it does where nobody reads its steps any more.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from heliograph.formats.config import FileServer, MqttServer
from heliograph.sync.concealed import Concealed
from heliograph.sync.errors import Stopped
from heliograph.sync.remote.dial import tls_context
from heliograph.sync.remote.errors import LinkLost
from heliograph.sync.trying.course import Course, Told
from heliograph.sync.trying.job import STEP_SECONDS, Job, decode
from heliograph.sync.trying.reaching import Known, reach

WHOLE_SECONDS: Final = 330
"""After this the system ends the process, whatever it does."""
KINDNESS: Final = 10
BUSY: Final = "; the gateway is connected to it now as well: a server that allows one session refuses a second one"


def main() -> int:
    """Run the test on standard input."""
    stopping = _stopping()
    signal.alarm(WHOLE_SECONDS)
    os.nice(KINDNESS)
    job = decode(sys.stdin.buffer.read())
    concealed = Concealed()
    concealed.learn(job.access.password, job.server.login)
    with suppress(Stopped, LinkLost):
        run(job, Course(_tell, lambda: bool(stopping), concealed.hide))
    return 0


def run(job: Job, course: Course) -> None:
    """Go through the steps of a job. Raises `LinkLost` when the last one told says so, `Stopped`."""
    hint = BUSY if job.is_busy else ""
    if isinstance(job.server, MqttServer):
        _try_broker(job, job.server, course, hint)
    else:
        _try_store(job, job.server, course, hint)


def _try_store(job: Job, server: FileServer, course: Course, hint: str) -> None:
    from heliograph.sync.trying.storing import FileTest  # noqa: PLC0415  # nothing is loaded that is not needed

    pins = Known(job.pinned)
    if reach(course, server, server, lambda: tls_context(server, job.access.authorities), pins, hint):
        FileTest(job, server, course).run(pins, hint)


def _try_broker(job: Job, server: MqttServer, course: Course, hint: str) -> None:
    from heliograph.sync.telemetry.broker import broker_of, context_of  # noqa: PLC0415  # as above
    from heliograph.sync.trying.messaging import BrokerTest  # noqa: PLC0415  # as above

    broker = broker_of(server, job.uid, STEP_SECONDS)
    if reach(course, server, broker, lambda: context_of(broker, server, job.access), Known(""), hint):
        BrokerTest(job, server, broker, course).run(hint)


def _tell(told: Told) -> None:
    try:
        sys.stdout.write(json.dumps(asdict(told)) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise Stopped from None


def _stopping() -> list[int]:
    """Return what holds the signals to stop that came."""
    came: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return came


if __name__ == "__main__":
    raise SystemExit(main())
