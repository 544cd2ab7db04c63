"""What the events of `GET /api/v1/events` carry as their data, kind by kind: for the description of the API."""

from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from heliograph.api.feed import Kind, ReadingNews
from heliograph.api.models import AlarmRow, Answer
from heliograph.contract import NumberedEvent, ServiceState

SCHEMAS: Final = "#/components/schemas/"
GAP: Final = "gap"
"""The event that says that others were missed."""


class Gap(Answer):
    """The data of an event `gap`: events were missed before this one; nothing more is known of them."""


DATA: Final[dict[str, type[BaseModel] | Any]] = {
    Kind.READING: ReadingNews,
    Kind.STATE: ServiceState,
    Kind.ALARM: AlarmRow,
    Kind.LOG: NumberedEvent,
    GAP: Gap,
}


def event_schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of each event's data by its name, and the components that they refer to."""
    inputs = [(name, "serialization", TypeAdapter(kind)) for name, kind in DATA.items()]
    named, defined = TypeAdapter.json_schemas(inputs, ref_template=f"{SCHEMAS}{{model}}")  # type: ignore[arg-type]  # a literal
    return {name: named[name, "serialization"] for name, _, _ in inputs}, defined["$defs"]
