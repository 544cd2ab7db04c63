"""Constrained identifiers: what may become a part of a subject, and the base of every payload."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

DeviceKey = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,8}|IO|TIC1)$")]
"""The `index` of a device in `_daq.csv` (spec 2.1): a number, `IO` or `TIC1`. Never holds a wildcard or a dot."""

Milliseconds = Annotated[int, "milliseconds since 1970-01-01T00:00:00Z"]


class Payload(BaseModel):
    """The base of every message: immutable, and unknown fields are ignored so that newer senders are understood.

    A validator is built when it is first needed: each service uses a part of the table alone. A body of the REST API
    that builds on a payload says `defer_build=False`: FastAPI would warn of its own field when it is used.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null", defer_build=True)


class RecordKind(StrEnum):
    """What made a record: the acquisition period, or `getParameters` (spec 3.2)."""

    ACQUISITION = "acquisition"
    PARAMETERS = "parameters"
