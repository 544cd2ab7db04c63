"""The five devices of the simulated plant, each with the register map of its own kind.

Three inverters that have nothing in common but the sun – 16-bit integers with scale factors, word-swapped 32-bit
integers beside coils and inputs, and floats – and two devices on a serial line, a meter and a weather sensor.
"""

from collections.abc import Callable

from heliograph.demo.plant import Inverter, Plant, Snapshot
from heliograph.demo.points import Description, Engineering, Point
from heliograph.demo.simulator import COIL, DISCRETE_INPUT, HOLDING_REGISTER, INPUT_REGISTER

METER_UNIT, SENSOR_UNIT = 10, 20
BAUDRATE = 9600


def _inverter(number: int, value: Callable[[Inverter], Engineering]) -> Callable[[Snapshot], Engineering]:
    return lambda snapshot: value(snapshot.inverters[number])


def _says(text: Engineering) -> Callable[[Snapshot], Engineering]:
    return lambda _: text


def _phase(number: int, phase: int) -> Callable[[Snapshot], Engineering]:
    return _inverter(number, lambda inverter: inverter.volts[phase])


def _limit(number: int) -> Callable[[Plant, float], None]:
    def write(plant: Plant, percent: float) -> None:
        if not 0 <= percent <= 100:
            raise ValueError("a limit lies between 0 and 100 percent")
        plant.limits[number] = percent

    return write


def _switch(number: int) -> Callable[[Plant, float], None]:
    def write(plant: Plant, on: float) -> None:
        plant.switched_on[number] = bool(on)

    return write


def _factor(index: int, address: int, name: str, exponent: int, action: int = 4) -> Point:
    return Point(index, HOLDING_REGISTER, address, "I16", name, action, _says(exponent))


def _text(index: int, address: int, size: int, name: str, text: str, *, tag: str = "") -> Point:
    return Point(index, HOLDING_REGISTER, address, "String", name, 1, _says(text), size=str(size), tag=tag)


ROOF_SOUTH = Description(
    "demo_sonnar_sx22.csv", "modbusTCP", "inverter", "Sonnar", "SX-22",
    (
        _text(1, 40004, 32, "Manufacturer", "Sonnar Photovoltaik"),
        _text(2, 40020, 32, "Model", "SX-22", tag="DisplayModel"),
        _text(3, 40052, 32, "Serial number", "SX22-0417-2203", tag="DisplaySerialNumber"),
        Point(10, HOLDING_REGISTER, 40072, "U16", "A", 4, _inverter(0, lambda i: i.current), "A",
              scale="A_SF", exponent=-2),
        _factor(11, 40076, "A_SF", -2),
        Point(12, HOLDING_REGISTER, 40080, "U16", "PhVphA", 4, _phase(0, 0), "V", scale="V_SF", exponent=-1),
        Point(13, HOLDING_REGISTER, 40081, "U16", "PhVphB", 4, _phase(0, 1), "V", scale="V_SF", exponent=-1),
        Point(14, HOLDING_REGISTER, 40082, "U16", "PhVphC", 4, _phase(0, 2), "V", scale="V_SF", exponent=-1),
        _factor(15, 40083, "V_SF", -1),
        Point(16, HOLDING_REGISTER, 40084, "I16", "W", 6, _inverter(0, lambda i: i.power), "W",
              scale="W_SF", exponent=1, tag="RealPower"),
        _factor(17, 40085, "W_SF", 1),
        Point(18, HOLDING_REGISTER, 40086, "U16", "Hz", 4, lambda s: s.frequency, "Hz", coef_a="0.01"),
        Point(20, HOLDING_REGISTER, 40094, "U32", "WH", 4, _inverter(0, lambda i: i.energy), "Wh",
              scale="WH_SF", exponent=0),
        _factor(21, 40096, "WH_SF", 0),
        Point(22, HOLDING_REGISTER, 40097, "U16", "DCV", 4, _inverter(0, lambda i: i.dc_volts), "V",
              scale="V_SF", exponent=-1),
        Point(23, HOLDING_REGISTER, 40098, "I16", "DCW", 4, _inverter(0, lambda i: i.dc_power), "W",
              scale="W_SF", exponent=1),
        Point(30, HOLDING_REGISTER, 40103, "I16", "Cabinet temperature", 2, _inverter(0, lambda i: i.temperature),
              "°C", coef_a="0.1"),
        Point(31, HOLDING_REGISTER, 40108, "U16", "State", 4, _inverter(0, lambda i: i.state)),
        Point(32, HOLDING_REGISTER, 40110, "Bits", "Over temperature", 8,
              _inverter(0, lambda i: i.alarms >> 1 & 1), size="1_1"),
        Point(33, HOLDING_REGISTER, 40110, "Bits", "Grid undervoltage", 8,
              _inverter(0, lambda i: i.alarms & 1), size="0_1"),
        Point(40, HOLDING_REGISTER, 40236, "U16", "WMaxLimPct", 1, _inverter(0, lambda i: i.limit), "%",
              tag="cmdPwrPercent", scale="WMaxLimPct_SF", exponent=-1, write=_limit(0)),
        _factor(41, 40250, "WMaxLimPct_SF", -1, 1),
    ),
)  # fmt: skip

ROOF_WEST = Description(
    "demo_heliox_12k.csv", "modbusTCP", "inverter", "Heliox", "HX 12K",
    (
        Point(1, INPUT_REGISTER, 100, "U16", "State", 4, _inverter(1, lambda i: i.state)),
        Point(2, INPUT_REGISTER, 101, "U16", "Alarm word", 8, _inverter(1, lambda i: i.alarms)),
        Point(3, INPUT_REGISTER, 102, "U32_W", "Active power", 6, _inverter(1, lambda i: i.power), "W", "0.1",
              tag="RealPower"),
        Point(4, INPUT_REGISTER, 104, "U32_W", "Total energy", 4, _inverter(1, lambda i: i.energy / 1000), "kWh",
              "0.001"),
        Point(5, INPUT_REGISTER, 106, "U32_W", "Energy today", 4, _inverter(1, lambda i: i.energy_today), "Wh", "1"),
        Point(6, INPUT_REGISTER, 110, "U16", "Voltage L1", 2, _phase(1, 0), "V", "0.1"),
        Point(7, INPUT_REGISTER, 111, "U16", "Voltage L2", 2, _phase(1, 1), "V", "0.1"),
        Point(8, INPUT_REGISTER, 112, "U16", "Voltage L3", 2, _phase(1, 2), "V", "0.1"),
        Point(9, INPUT_REGISTER, 113, "U16", "Current", 4, _inverter(1, lambda i: i.current), "A", "0.01"),
        Point(10, INPUT_REGISTER, 114, "U16", "DC voltage", 4, _inverter(1, lambda i: i.dc_volts), "V", "0.1"),
        Point(11, INPUT_REGISTER, 115, "U16", "Temperature", 2, _inverter(1, lambda i: i.temperature), "°C", "0.1",
              "-40"),
        Point(20, COIL, 0, "U8", "Run", 1, _inverter(1, lambda i: float(i.on)), tag="cmdOn", write=_switch(1)),
        Point(21, DISCRETE_INPUT, 0, "U8", "Grid present", 8, _inverter(1, lambda i: 1 - (i.alarms & 1))),
        Point(22, DISCRETE_INPUT, 1, "U8", "Feeding in", 4, _inverter(1, lambda i: float(i.power > 0))),
        Point(30, HOLDING_REGISTER, 500, "U16", "Power limit", 1, _inverter(1, lambda i: i.limit), "%",
              tag="cmdPwrPercent", write=_limit(1)),
        _text(40, 600, 20, "Serial number", "HX12K-99817", tag="DisplaySerialNumber"),
    ),
)  # fmt: skip

CARPORT = Description(
    "demo_voltana_8.csv", "modbusTCP", "inverter", "Voltana", "Piccolo 8",
    (
        Point(1, HOLDING_REGISTER, 0, "F32", "Active power", 6, _inverter(2, lambda i: i.power), "W", tag="RealPower"),
        Point(2, HOLDING_REGISTER, 2, "F32", "DC power", 4, _inverter(2, lambda i: i.dc_power), "W"),
        Point(3, HOLDING_REGISTER, 4, "F32", "DC voltage", 2, _inverter(2, lambda i: i.dc_volts), "V"),
        Point(4, HOLDING_REGISTER, 6, "F32", "Grid frequency", 4, lambda s: s.frequency, "Hz"),
        Point(5, HOLDING_REGISTER, 8, "U64", "Lifetime energy", 4, _inverter(2, lambda i: i.energy / 1000), "kWh",
              "0.001"),
        Point(6, HOLDING_REGISTER, 12, "I8", "Heat sink", 2, _inverter(2, lambda i: i.temperature), "°C", size="1"),
        Point(7, HOLDING_REGISTER, 13, "Bits", "Feeding in", 4, _inverter(2, lambda i: float(i.power > 0)),
              size="0_1"),
        Point(8, HOLDING_REGISTER, 13, "Bits", "Over temperature", 8, _inverter(2, lambda i: i.alarms >> 1 & 1),
              size="4_1"),
        Point(9, HOLDING_REGISTER, 13, "Bits", "State", 4, _inverter(2, lambda i: i.state), size="8_4"),
        Point(20, HOLDING_REGISTER, 100, "U16", "Power limit", 1, _inverter(2, lambda i: i.limit), "%", "0.1",
              tag="cmdPwrPercent", write=_limit(2)),
        _text(30, 200, 16, "Firmware", "4.18b"),
    ),
)  # fmt: skip

METER = Description(
    "demo_ampero_em3.csv", "modbusRTU", "meter", "Ampero", "EM3",
    (
        Point(1, INPUT_REGISTER, 0, "F32", "Voltage L1", 4, _phase(0, 0), "V"),
        Point(2, INPUT_REGISTER, 2, "F32", "Voltage L2", 4, _phase(0, 1), "V"),
        Point(3, INPUT_REGISTER, 4, "F32", "Voltage L3", 4, _phase(0, 2), "V"),
        Point(4, INPUT_REGISTER, 6, "F32", "Power fed in", 6, lambda s: s.grid_power, "W"),
        Point(5, INPUT_REGISTER, 8, "F32", "Frequency", 2, lambda s: s.frequency, "Hz"),
        Point(6, INPUT_REGISTER, 72, "F32", "Energy taken", 4, lambda s: s.imported / 1000, "kWh"),
        Point(7, INPUT_REGISTER, 74, "F64", "Energy fed in", 4, lambda s: s.exported / 1000, "kWh"),
        _text(20, 10, 12, "Serial number", "EM3-550012"),
    ),
)  # fmt: skip

SENSOR = Description(
    "demo_solmetra_si.csv", "modbusRTU", "sensor", "Solmetra", "SI-RS485",
    (
        Point(1, INPUT_REGISTER, 0, "U16", "Irradiance", 6, lambda s: s.irradiance, "W/m²", "0.1"),
        Point(2, INPUT_REGISTER, 1, "I16", "Module temperature", 4, lambda s: s.module, "°C", "0.1"),
        Point(3, INPUT_REGISTER, 2, "I16", "Ambient temperature", 4, lambda s: s.ambient, "°C", "0.1"),
    ),
)  # fmt: skip

INVERTERS = (("roof_south", ROOF_SOUTH), ("roof_west", ROOF_WEST), ("carport", CARPORT))
SERIAL = (("grid_meter", METER_UNIT, METER), ("weather", SENSOR_UNIT, SENSOR))
