"""Examples of tests of servers, planned connections and the log, for the description of the API."""

from typing import Any, Final

from heliograph.api.logged import LogList, LogRow
from heliograph.api.tested import HostKey, PlannedList, ServerTestBegun
from heliograph.contract import Level
from heliograph.contract.servertests import PlannedConnection, ServerTestState, StepState, TestStep

_NOON: Final = 1_717_243_200_000

BEGUN: Final = ServerTestBegun(test=4, detail="Server 1 is being tried; ask for the test to see how it goes.")
TEST: Final = ServerTestState(
    test=4,
    server=1,
    address="sftp data.example.org:22",
    begun=_NOON,
    steps=(
        TestStep(name="Look up data.example.org", state=StepState.DONE, text="found 203.0.113.7", seconds=0.021),
        TestStep(name="Reach port 22", state=StepState.DONE, text="203.0.113.7 answers on port 22", seconds=0.034),
        TestStep(name="Check the host key", state=StepState.RUNNING),
        TestStep(name="Log in as plant"),
    ),
)
PLANNED: Final = PlannedList(
    time_zone="Europe/Paris",
    connections=(
        PlannedConnection(server=1, time=_NOON + 1_800_000, line="SCHEDULE_Params: 1|everyday|00:30:00|60|24"),
    ),
)
LOG: Final = LogList(
    lines=(
        LogRow(
            number=812, time=_NOON, level=Level.WARNING, service="collector",
            text="device roof_3 does not answer any more: nothing came within 0.2 s, 3 times in a row",
        ),
    ),
    before=812,
)  # fmt: skip
HOST_KEY: Final = HostKey(fingerprint="SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU", type="ssh-ed25519")
HOST_KEY_BODIES: Final[dict[str, Any]] = {
    "line": {
        "summary": "As ssh-keyscan prints it",
        "value": {
            "text": "data.example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
        },
    }
}
TEST_BODIES: Final[dict[str, Any]] = {
    "in force": {"summary": "The settings in force", "value": {}},
    "edited": {
        "summary": "Edited settings",
        "value": {"config": "SERVER_Type=sftp\nFTP_Address=data.example.org\nFTP_Login=plant\nFTP_Password=***\n"},
    },
}
SCHEDULE_BODIES: Final[dict[str, Any]] = {
    "hourly": {"summary": "Each hour", "value": {"text": "SCHEDULE_Params[0]=1|everyday|00:30:00|60|24\n"}},
}
