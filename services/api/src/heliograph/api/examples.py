"""Examples for the description of the API, made of the models themselves so that they always fit them."""

from typing import Any

from pydantic import BaseModel

from heliograph.api.models import (
    Accepted,
    AlarmList,
    AlarmRow,
    BundleMade,
    BundleStopped,
    ConnectionList,
    Device,
    DeviceList,
    DeviceVariables,
    Health,
    TraceAccepted,
    VariableNow,
)
from heliograph.contract import (
    AlarmSource,
    BundleStage,
    BundleState,
    Connection,
    ConnectionResult,
    DeviceCondition,
    DevicePlan,
    DeviceState,
    LineState,
    RefusedVariable,
    ServerState,
    ServerSummary,
    StatusDocument,
    StorageState,
    TraceInterface,
    TransferCount,
    Trigger,
)
from heliograph.contract.states import ServiceSummary

_NOON = 1_717_243_200_000
_CONNECTION = Connection(
    number=412,
    server=1,
    trigger=Trigger.SCHEDULE,
    start=_NOON - 40_000,
    end=_NOON - 38_200,
    transfers=(TransferCount(kind="data", files=2, bytes=18_304),),
    result=ConnectionResult.DONE,
)
_DEVICE = Device(
    index="1",
    name="roof_1",
    interface="192.168.1.40:502",
    address=1,
    period_seconds=600,
    category="inverter",
    model="SUN-50K",
    definition="WPM00C44F_inv.csv",
    condition=DeviceCondition.ANSWERING,
    since=_NOON - 3_600_000,
    last_reading=_NOON - 800,
    age_seconds=0.8,
    last_record=_NOON,
    requests=10_804,
    readings=3_600,
    records=6,
    errors={"timeout": 1},
    plan=DevicePlan(
        requests=3,
        registers=48,
        bytes=159,
        values=31,
        least_seconds=0.0641,
        turnaround_seconds=0.0213,
        lessons=("It is not read across the registers 40 to 47.",),
        refused_count=1,
        refused=(RefusedVariable(variable="12", name="Reactive energy", code=2),),
    ),
)
STATUS = StatusDocument(
    time=_NOON,
    uid="WPM00C44F",
    site="Roof of the dairy",
    revision=3,
    services=(ServiceSummary(service="collector", running=True, started=_NOON - 3_600_000, seen=_NOON - 900),),
    devices=(
        DeviceState(
            device="1",
            name="roof_1",
            condition=DeviceCondition.ANSWERING,
            since=_NOON - 3_600_000,
            last_reading=_NOON - 800,
            readings=3_600,
        ),
    ),
    lines=(LineState(name="192.168.1.40:502", open=True, requests=10_804, utilisation=0.12),),
    servers=(
        ServerState(
            server=ServerSummary(
                number=1, type="sftp", mode="strategy_wsun1_compliant", address="data.example.org", port=22
            ),
            last=_CONNECTION,
            last_success=_NOON - 38_200,
            next=_NOON + 560_000,
            next_trigger="schedule",
        ),
    ),
    storage=StorageState(bytes=18_230, limit=2_147_483_648, records=12),
    attention=("Device roof_2 does not answer: nothing came within 1 s.",),
)
DEVICES = DeviceList(devices=(_DEVICE,))
DEVICE = _DEVICE
VARIABLES = DeviceVariables(
    index="1",
    name="roof_1",
    time=_NOON - 800,
    age_seconds=0.8,
    variables=(
        VariableNow(
            index="3", name="AC power", tag="RealPower", unit="kW", action=2, writable=False, raw=4210, value=42.1
        ),
    ),
)
ALARMS = AlarmList(
    alarms=(
        AlarmRow(
            number=7,
            identity="box.31",
            source=AlarmSource.MODBUS,
            time=_NOON - 120_000,
            definition="WPM00C44F_inv.csv",
            device="1",
            device_name="roof_1",
            variable="12",
            value="4",
        ),
    ),
)
CONNECTIONS = ConnectionList(connections=(_CONNECTION,), before=412)
ACCEPTED = Accepted(server=1, detail="A connection to server 1 follows.")
STOPPING = Accepted(server=1, detail="The connection to server 1 ends after the file that is on its way.")
BUNDLE_NOW = BundleState(
    stage=BundleStage.MADE,
    origin="REST",
    asked=1_717_243_200_000,
    name="WPM00C44F_SYSTEME_240601_120000.tar.gz",
    bytes=48_211,
    servers=(1, 2),
    waiting=(2,),
)
BUNDLE_STOPPED = BundleStopped(detail="The debug bundle is stopped.")
BUNDLE = BundleMade(
    name="WPM00C44F_SYSTEME_240601_120000.tar.gz",
    bytes=184_320,
    servers=(1, 2),
    detail="A connection to server 1 and server 2 follows and carries it.",
)
TRACE = TraceAccepted(
    interface=TraceInterface.SERIAL1,
    minutes=10,
    detail="serial1 is traced for 10 minutes; the file goes to the /LOG of the servers.",
)
LIVE = Health(status="live")
READY = Health(status="ready")


def written(example: str, description: str, media_type: str = "text/plain") -> dict[str, Any]:
    """The description of a good answer that is a text, with its example."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}, "example": example}}}


def binary(*media_types: str) -> dict[str, Any]:
    """The content of a body or an answer of one of these types; bytes have no example but words about them."""
    schema = {"type": "string", "format": "binary"}
    return {kind: {"schema": schema, "example": f"(the bytes of a file of {kind})"} for kind in media_types}


def shown(example: BaseModel, description: str) -> dict[str, Any]:
    """The description of a good answer with its example."""
    return {"description": description, "content": {"application/json": {"example": example.model_dump(mode="json")}}}
