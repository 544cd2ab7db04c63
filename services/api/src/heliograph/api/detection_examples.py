"""Examples of detections for the description of the API, made of the models themselves so that they always fit them."""

from typing import Any

from heliograph.api.detected import DetectionBegun, DetectionList, DetectionNow
from heliograph.api.sets import EditDone
from heliograph.contract import DeviceProposal, FoundTable

_KEY = "3f2a90c41d7e"
_NOON = 1_717_243_200_000
_DEFINITION = "WPM00C44F_SunSpec_inverter_ACME_X5000__modbusTCP.csv"

BEGUN = DetectionBegun(detection=_KEY, detail="The search runs; ask for it to see how it goes.")
NOW = DetectionNow(
    detection=_KEY,
    running=False,
    stopped=False,
    began=_NOON,
    ended=_NOON + 2_400,
    targets=("192.168.1.10-40:502",),
    asked=31,
    total=31,
    lines=(
        "2024-06-01 12:00:01: SunSpec device found at @1 192.168.1.12:502",
        "2024-06-01 12:00:01: Found table 1:66 at 40002@1 192.168.1.12:502",
        "2024-06-01 12:00:02: End of SunSpec detection on 192.168.1.10-40:502. 1 devices found.",
    ),
    problems=("192.168.1.13:502: connection refused",),
    proposals=(
        DeviceProposal(
            key="1",
            interface="192.168.1.12:502",
            address=1,
            manufacturer="ACME",
            model="X5000",
            options="",
            version="2.1",
            serial_number="A-4711",
            base=40_000,
            tables=(FoundTable(model=1, length=66, address=40_002, known=True),),
            definition=_DEFINITION,
            variables=8,
            recorded=0,
        ),
    ),
)
LIST = DetectionList(detections=(NOW,))
NONE = DetectionList(detections=())
ACCEPTED = EditDone(
    revision=4, provisional=False, findings=(), detail="1 device is configured. Revision 4 is in force."
)
STARTS: dict[str, Any] = {
    "hosts": {"summary": "A range of hosts", "value": {"targets": ["192.168.1.10-40"], "units": "1-3"}},
    "line": {"summary": "A serial line", "value": {"targets": ["SERIAL1"], "units": "1-20", "timeout_ms": 500}},
}
ACCEPTS: dict[str, Any] = {"some": {"summary": "Two of them", "value": {"devices": ["1", "3"]}}}
