"""What the process of a script may say. It is a stranger's: whatever does not fit ends the script, and nothing else."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Reference = Annotated[int, Field(ge=0, lt=10**9)] | Annotated[str, Field(max_length=400)]
"""Of a device or a variable, as in commands."""
Number = Annotated[float, Field(allow_inf_nan=False)]
Plain = int | Number | Annotated[str, Field(max_length=8000)] | None
Name = Annotated[str, Field(max_length=256)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Ready(_Message):
    """`wsInit` is done."""

    kind: Literal["ready"]
    label: Annotated[str, Field(max_length=1000)] = ""
    version: Annotated[str, Field(max_length=1000)] = ""
    functions: Annotated[list[Name], Field(max_length=100)]


class Failed(_Message):
    """An error or a limit; the process ends."""

    kind: Literal["failed"]
    text: str


class Well(_Message):
    """How the script is doing, as asked."""

    kind: Literal["well"]
    calls: int
    cpu_seconds: float
    memory_bytes: int
    functions: Annotated[list[Name], Field(max_length=100)]


class Ran(_Message):
    """The function of a watch was called."""

    kind: Literal["ran"]
    number: int


class Returned(_Message):
    """What came of a call by command."""

    kind: Literal["returned"]
    number: int
    result: Any = None
    error: str | None = None


class Get(_Message):
    """`wd.get`."""

    kind: Literal["get"]
    device: Reference
    variable: Reference


class Set(_Message):
    """`wd.set`."""

    kind: Literal["set"]
    device: Reference
    variable: Reference
    value: Plain
    lifetime: Plain
    fallback: Plain


class Tags(_Message):
    """`wd.tags`."""

    kind: Literal["tags"]
    tag: Reference


class Watch(_Message):
    """`wd.onChange`."""

    kind: Literal["watch"]
    number: int
    device: Reference
    variable: Reference


class Raise(_Message):
    """`wd.alarm`."""

    kind: Literal["alarm"]
    text: str


class Log(_Message):
    """`wd.log`."""

    kind: Literal["log"]
    text: str


class Store(_Message):
    """`wd.store`."""

    kind: Literal["store"]
    key: Name
    is_given: bool
    value: Any = None


Question = Get | Set | Tags | Watch | Raise | Log | Store
Message = Ready | Failed | Well | Ran | Returned | Question
_MESSAGES: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def read_message(body: bytes) -> Message:
    """Raises `ValueError` where it is none."""
    return _MESSAGES.validate_json(body)
