"""What the services say to each other: channels, payloads and their schemas.

`channels` is the table: subject, payload, stream, owner, readers. The payloads are pydantic models; documents, schema
files, tests and the broker's permissions are made from these two.
"""

from heliograph.contract.channels import CHANNELS, STREAMS, Channel, Service, Stream
from heliograph.contract.configuration import DeviceSummary, Revision, ServerSummary
from heliograph.contract.identifiers import DeviceKey, RecordKind
from heliograph.contract.records import Alarm, AlarmSource, Column, Event, Layout, Level, Reading, Record
from heliograph.contract.requests import (
    AlarmPage,
    CommandResults,
    CommandText,
    Connection,
    ConnectionPage,
    ConnectionResult,
    ConnectRequest,
    Outcome,
    PageRequest,
    ParametersRequest,
    ReadRequest,
    TransferCount,
    Trigger,
    VariableValue,
    Way,
    WriteRequest,
)
from heliograph.contract.states import (
    ApiState,
    CollectorState,
    CommandsState,
    DeviceCondition,
    DeviceState,
    LineState,
    ServerState,
    ServiceState,
    StatusDocument,
    StorageState,
    SyncState,
)

__all__ = [
    "CHANNELS",
    "STREAMS",
    "Alarm",
    "AlarmPage",
    "AlarmSource",
    "ApiState",
    "Channel",
    "CollectorState",
    "Column",
    "CommandResults",
    "CommandText",
    "CommandsState",
    "ConnectRequest",
    "Connection",
    "ConnectionPage",
    "ConnectionResult",
    "DeviceCondition",
    "DeviceKey",
    "DeviceState",
    "DeviceSummary",
    "Event",
    "Layout",
    "Level",
    "LineState",
    "Outcome",
    "PageRequest",
    "ParametersRequest",
    "ReadRequest",
    "Reading",
    "Record",
    "RecordKind",
    "Revision",
    "ServerState",
    "ServerSummary",
    "Service",
    "ServiceState",
    "StatusDocument",
    "StorageState",
    "Stream",
    "SyncState",
    "TransferCount",
    "Trigger",
    "VariableValue",
    "Way",
    "WriteRequest",
]
