"""The collector's side of a SunSpec detection, played: one that runs and has found three devices."""

from heliograph.contract import (
    DetectAnswer,
    DetectionQuery,
    DetectionState,
    DetectRequest,
    Outcome,
    StopDetection,
)
from heliograph.contract.channels import DETECT, DETECTION, STOP_DETECTION
from heliograph.runtime import Bus
from support.proposals import DEFINITION, proposal

KEY = "0123456789ab"
TEXT = "modbusTCP;inverter;ACME;X5\n1;3;40002;I16;;1_tableId;;;;;1\n"


class Collector:
    """Plays the collector: one detection."""

    def __init__(self) -> None:
        self.asked: list[DetectRequest] = []
        self.stopped: list[StopDetection] = []
        self.refusal = ""
        self.state = DetectionState(
            detection=KEY, began=1000, targets=("192.168.1.0/24:502",), asked=3, total=254, running=True,
            lines=("2024-06-01 12:00:01: SunSpec device found at @1 192.168.1.7:502",),
            proposals=(proposal("7"), proposal("8"), proposal("9", ticked=False, known="is configured already: a (1)")),
            definitions={DEFINITION: TEXT},
        )  # fmt: skip

    async def serve(self, bus: Bus) -> None:
        await bus.serve(DETECT, self.start)
        await bus.serve(DETECTION, self.tell)
        await bus.serve(STOP_DETECTION, self.stop)

    async def start(self, request: DetectRequest) -> DetectAnswer:
        self.asked.append(request)
        return DetectAnswer(error=self.refusal, detection=None if self.refusal else KEY)

    async def tell(self, query: DetectionQuery) -> DetectionState:
        if query.detection not in (None, self.state.detection) or self.state.detection is None:
            return DetectionState(error=f"there is no detection {query.detection}")
        return self.state if query.definitions else self.state.model_copy(update={"definitions": {}})

    async def stop(self, request: StopDetection) -> Outcome:
        self.stopped.append(request)
        if request.detection != KEY:
            return Outcome(error="there is no such detection")
        self.state = DetectionState() if request.forget else self.state.model_copy(update={"running": False})
        return Outcome()
