"""Simulated SunSpec devices, laid out by pysunspec2's own code and not by ours: registers, and what they mean."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sunspec2 import mdef
from sunspec2.device import Group, Model, Point, get_model_def

from heliograph.demo.simulator import HOLDING_REGISTER, Registers

COMMON = {"Mn": "Helio Works", "Md": "HW 5000/TL", "Opt": "DC+AC", "Vr": "1.2.3", "SN": "HW-0815"}
END = (0xFFFF, 0)
MARK = b"SunS"

Registers16 = list[int]


@dataclass
class Image:
    """One model as a device holds it: registers from its number on, and the values by the name of the point."""

    number: int
    registers: Registers16
    values: dict[str, object] = field(default_factory=dict)
    scaled: dict[str, object] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return len(self.registers) - 2

    def cut(self, length: int) -> "Image":
        """The same model as a device with an odd length has it."""
        more = [0] * max(0, length + 2 - len(self.registers))
        return Image(self.number, [self.number, length, *self.registers[2 : length + 2], *more])


def image(number: int, repeats: Sequence[int] = (), seed: int = 0, fill: Mapping[str, object] | None = None) -> Image:
    """A model with random values: `repeats` by depth, the outermost first; `fill` sets points by name."""
    model = Model(number, data=_shape(get_model_def(number)["group"], list(repeats), {}))
    assert not model.error_info, model.error_info
    data = _random_data(model, random.Random(seed), fill or {})
    model.set_mb(data)
    assert not model.error_info, model.error_info
    made = Image(number, [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)])
    for name, point in flat(model):
        if point.pdef["type"] != mdef.TYPE_PAD:
            made.values[name] = point.value
            made.types[name] = point.pdef["type"]
            made.scaled[name] = _scaled(point)
    return made


def unknown(number: int, length: int) -> Image:
    """A model of a vendor that nobody knows."""
    return Image(number, [number, length, *range(length)])


def device(images: Sequence[Image], base: int = 40000, *, end: Sequence[int] = END, mark: bytes = MARK) -> Registers:
    """A device that holds these models behind each other."""
    bank = Registers()
    registers = [int.from_bytes(mark[:2], "big"), int.from_bytes(mark[2:], "big")]
    for model in images:
        registers += model.registers
    bank.put(HOLDING_REGISTER, base, [*registers, *end])
    return bank


def inverter(seed: int = 0, serial: str = "HW-0815", *more: Image) -> list[Image]:
    """A plausible chain: common, a three-phase inverter, nameplate, settings, controls."""
    plain = {"A_SF": -1, "V_SF": -1, "W_SF": 1, "Hz_SF": -2, "VA_SF": 1, "VAr_SF": 1, "PF_SF": -2, "WH_SF": 0,
             "DCA_SF": -1, "DCV_SF": -1, "DCW_SF": 1, "Tmp_SF": -1}  # fmt: skip
    return [
        image(1, fill={**COMMON, "SN": serial}, seed=seed),
        image(103, fill={**plain, "W": 1234, "PhVphA": 2301}, seed=seed),
        image(120, seed=seed),
        image(123, fill={"WMaxLimPct": 75, "WMaxLimPct_SF": 0}, seed=seed),
        *more,
    ]


def flat(group: Group, parts: tuple[str, ...] = ()) -> Iterator[tuple[str, Point]]:
    """Every point of a model with its name: blocks by their number, groups that stand once by their name."""
    for name, point in group.points.items():
        if parts or name not in ("ID", "L"):
            yield "_".join([*parts, name]), point
    for name, inner in group.groups.items():
        if isinstance(inner, list):
            for number, block in enumerate(inner):
                yield from flat(block, (*parts, str(number)))
        else:
            yield from flat(inner, (*parts, name))


def _shape(gdef: dict, repeats: list[int], counts: dict[str, int]) -> dict:
    """The data from which pysunspec2 learns how often the groups repeat."""
    shape: dict = {}
    for inner in gdef.get("groups", []):
        count = inner.get("count")
        if count is None:
            shape[inner["name"]] = _shape(inner, repeats, counts)
            continue
        wanted = count if isinstance(count, int) and count else (repeats[0] if repeats else 1)
        if isinstance(count, str):
            counts[count] = wanted
        shape[inner["name"]] = [_shape(inner, repeats[1:], counts) for _ in range(wanted)]
    names = {point["name"] for point in gdef["points"]}
    return shape | {name: count for name, count in counts.items() if name in names}


def _random_data(model: Model, source: random.Random, fill: Mapping[str, object]) -> bytes:
    size = model.len
    data = bytearray(source.randbytes(2 * size))
    data[0:4] = model.model_id.to_bytes(2, "big") + (size - 2).to_bytes(2, "big")
    counted = {inner.get("count") for inner in _groups(get_model_def(model.model_id)["group"])}
    for name, point in flat(model):
        start, end = 2 * point.offset, 2 * (point.offset + point.len)
        kind = point.pdef["type"]
        if name in fill:
            data[start:end] = point.info.to_data(fill[name], 2 * point.len)
        elif name in counted:
            data[start:end] = point.info.to_data(point.value, 2 * point.len)
        elif kind == mdef.TYPE_SUNSSF:
            data[start:end] = source.randint(-3, 3).to_bytes(2, "big", signed=True)
        elif kind == mdef.TYPE_STRING:
            text = "".join(source.choice("abcXYZ019 -/") for _ in range(source.randint(0, 2 * point.len))).strip()
            data[start:end] = text.encode().ljust(2 * point.len, b"\0")
        elif source.random() < 0.15 and kind != mdef.TYPE_PAD:
            point.set_value(None)
            data[start:end] = point.get_mb()  # its pattern for 'not implemented'
    return bytes(data)


def _groups(gdef: dict) -> Iterator[dict]:
    for inner in gdef.get("groups", []):
        yield inner
        yield from _groups(inner)


def _scaled(point: Point) -> object:
    """The engineering value by SunSpec's rule; None where value or factor is not implemented."""
    factor = point.pdef.get("sf")
    if point.value is None or factor is None or isinstance(point.value, str):
        return point.value
    if isinstance(factor, str):
        holder = point.group.points.get(factor) or point.model.points.get(factor)
        if holder.value is None:
            return None
        factor = holder.value
    return round(point.value * 10.0**factor, 12)
