"""One SunSpec model as its JSON definition describes it: points in groups, groups in groups."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

PointType = Literal[
    "int16",
    "uint16",
    "acc16",
    "enum16",
    "bitfield16",
    "raw16",
    "count",
    "sunssf",
    "pad",
    "int32",
    "uint32",
    "acc32",
    "enum32",
    "bitfield32",
    "float32",
    "ipaddr",
    "int64",
    "uint64",
    "acc64",
    "bitfield64",
    "float64",
    "ipv6addr",
    "eui48",
    "string",
]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

ID_POINT = "ID"
LENGTH_POINT = "L"
HEAD_REGISTERS = 2
"""The model's number and its length stand before what the length counts."""


class BadModel(ValueError):
    """A model definition that cannot be used, and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Point(_Part):
    """One value of a model."""

    name: Name
    type: PointType
    size: Annotated[int, Field(ge=1, le=65_535)]
    """Registers."""
    sf: Annotated[int, Field(ge=-10, le=10)] | Name | None = None
    """The power of ten that scales it, or the point that holds it."""
    units: str = ""


class Group(_Part):
    """Points that stand together, then the groups behind them."""

    name: Name
    count: Annotated[int, Field(ge=0, le=65_535)] | Name | None = None
    """How often it repeats: a number, the point that holds it, 0 up to the model's end; None stands once."""
    points: tuple[Point, ...] = ()
    groups: tuple["Group", ...] = ()

    @property
    def repeats(self) -> bool:
        """Whether it is a repeating block."""
        return self.count is not None

    @property
    def least_size(self) -> int:
        """Registers of one block, in which groups with a count of their own do not stand."""
        inner = sum(group.least_size * _fixed(group) for group in self.groups)
        return sum(point.size for point in self.points) + inner


class Model(_Part):
    """A model: its group begins with its number and its length."""

    id: Annotated[int, Field(ge=1, le=65_534)]
    group: Group

    @model_validator(mode="after")
    def _begins_with_its_head(self) -> "Model":
        head = [(point.name, point.size) for point in self.group.points[:HEAD_REGISTERS]]
        if head != [(ID_POINT, 1), (LENGTH_POINT, 1)]:
            raise ValueError(f"a model begins with {ID_POINT} and {LENGTH_POINT}, of one register each")
        return self


def read_model(content: bytes, name: str) -> Model:
    """Read a model definition (JSON). Raises `BadModel`; `name` says in it which one."""
    try:
        return Model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadModel(f"{name} is no SunSpec model: {where or 'the file'}: {first['msg']}") from error


def _fixed(group: Group) -> int:
    if group.count is None:
        return 1
    return group.count if isinstance(group.count, int) else 0
