"""From found models to a definition file: names, types, scale factors, units, actions and tags (spec 2.4)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heliograph.formats.definition import Definition, Kind, ModbusPoint, Protocol, Table, Variable
from heliograph.formats.definition_parser import VARIABLES_LIMIT
from heliograph.formats.definition_writer import write_definition
from heliograph.formats.modbus_point import LAST_ADDRESS
from heliograph.formats.sunspec.layout import Layout, Place
from heliograph.formats.sunspec.names import CATEGORY, Identity, definition_name, plain
from heliograph.formats.uid import is_uid

KINDS = {
    "int16": Kind.I16,
    "sunssf": Kind.I16,
    **dict.fromkeys(("uint16", "acc16", "enum16", "bitfield16", "raw16", "count"), Kind.U16),
    "int32": Kind.I32,
    **dict.fromkeys(("uint32", "acc32", "enum32", "bitfield32"), Kind.U32),
    "int64": Kind.I64,
    **dict.fromkeys(("uint64", "acc64", "bitfield64"), Kind.U64),
    "float32": Kind.F32,
    "float64": Kind.F64,
    "string": Kind.STRING,
    "ipaddr": Kind.IP,
    "ipv6addr": Kind.IPV6,
    "eui48": Kind.MAC,
}
INSTANT_MODELS = frozenset(
    {101, 102, 103, 111, 112, 113, 123, 160, 401} | {*range(201, 205), *range(211, 215), *range(701, 705), 802}
)
"""Their points are recorded (action 4); all others are parameters (action 1)."""
TAGS = {
    (1, "Md"): "DisplayModel",
    (1, "SN"): "DisplaySerialNumber",
    (103, "W"): "RealPower",
    (123, "WMaxLimPct"): "cmdPwrPercent",
    (123, "WMaxLimPct_RmpTms"): "WMaxLimPct_RmpTms",
    (123, "WMaxLim_Ena"): "WMaxLim_Ena",
    (123, "VArPct_Mod"): "VArPct_Mod",
    (123, "Conn"): "cmdOn",
}
INSTANT, PARAMETER = 4, 1
MAC_REGISTERS = 3
"""The last ones of an `eui48`, which takes four."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One model of a device's chain."""

    number: int
    length: int
    """As the device says: registers behind the head."""
    register: int
    """Address of its number, as sent on the wire."""
    layout: Layout | None = None
    """None for a model whose definition is not known."""


@dataclass(frozen=True, slots=True)
class Made:
    """A definition file."""

    definition: Definition
    content: bytes
    notes: tuple[str, ...]
    """For people: what was left out, and why."""


def definition_of(models: Sequence[FoundModel], identity: Identity, protocol: Protocol, uid: str) -> Made:
    """Make the definition file of a device with these models; it reads back without a finding.

    Raises `ValueError` where `uid` is none: the name of the file is what tells that SunSpec's patterns hold in it.
    """
    if not is_uid(uid):
        raise ValueError(f"{uid!r} is no uid: 1 to 32 of A-Z a-z 0-9 _ -")
    variables: list[Variable] = []
    notes: list[str] = []
    seen: Counter[int] = Counter()
    for model in models:
        seen[model.number] += 1
        own = list(_variables(model, seen[model.number], len(variables) + 1))
        if len(variables) + len(own) > VARIABLES_LIMIT:
            notes.append(f"model {model.number} and those after it are left out: {VARIABLES_LIMIT} variables at most")
            break
        variables += own
        notes += _notes(model)
    definition = Definition(
        file=definition_name(uid, identity, protocol),
        protocol=protocol,
        written_protocol=protocol.value,
        category=CATEGORY,
        manufacturer=plain(identity.manufacturer),
        model=plain(identity.model),
        forced_write=None,
        variables=tuple(variables),
        digest="",
    )
    return Made(definition, write_definition(definition), tuple(notes))


def _notes(model: FoundModel) -> list[str]:
    if model.layout is None:
        return [f"model {model.number} is not known: of its {model.length} registers none gets a variable"]
    return [f"model {model.number}: {note}" for note in model.layout.notes]


def _variables(model: FoundModel, occurrence: int, first: int) -> Iterator[Variable]:
    """Give the variables of a model; one that a device has again is told by its occurrence, and gets no tags."""
    stem = str(model.number) if occurrence == 1 else f"{model.number}-{occurrence}"
    for offset, name in enumerate(("tableId", "tableSize")):
        point = _point(model.register + offset, 1, Kind.I16)
        yield _variable(first + offset, f"{stem}_{name}", point, action=PARAMETER)
    if model.layout is None:
        return
    action = INSTANT if model.number in INSTANT_MODELS else PARAMETER
    places = [place for place in model.layout.places if model.register + place.offset + place.point.size <= _END]
    for number, place in enumerate(places, first + 2):
        yield _variable(
            number,
            f"{stem}_{place.name}",
            _point_of(model.register + place.offset, place),
            action=action,
            tag=TAGS.get((model.number, place.name), "") if occurrence == 1 else "",
            unit=plain(place.point.units),
            coef_a=float(f"1e{place.point.sf}") if isinstance(place.point.sf, int) else 1.0,
            scale_factor=place.scale_factor and f"{stem}_{place.scale_factor}",
        )


_END = LAST_ADDRESS + 1


def _variable(
    index: int,
    name: str,
    point: ModbusPoint,
    *,
    action: int,
    tag: str = "",
    unit: str = "",
    coef_a: float = 1.0,
    scale_factor: str = "",
) -> Variable:
    where = f"{point.address}_{point.length}" if point.kind is Kind.STRING else str(point.address)
    info = (str(point.table.value), where, point.kind.value, scale_factor)
    return Variable(0, str(index), info, name, tag, coef_a, 0.0, unit, action, point, scale_factor)


def _point_of(register: int, place: Place) -> ModbusPoint:
    kind, size = KINDS[place.point.type], place.point.size
    if kind is Kind.MAC:
        return _point(register + size - MAC_REGISTERS, MAC_REGISTERS, kind)
    return _point(register, size, kind, length=2 * size if kind is Kind.STRING else 0)


def _point(address: int, count: int, kind: Kind, length: int = 0) -> ModbusPoint:
    return ModbusPoint(Table.HOLDING_REGISTER, address, count, kind, length=length, is_sunspec=True)
