"""The configuration set of a gateway that polls a simulated plant: what a person would write for it."""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, cast

from heliograph.demo.simulate.reading import DeviceSpec, PlantSpec
from heliograph.demo.simulate.serving import Place
from heliograph.formats import write_daq
from heliograph.formats.daq import Daq, Device, SerialInterface, SerialLine, TcpInterface
from heliograph.runtime import write_atomically

LOOPBACK_FOR_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # served everywhere, asked nearby
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


def write_gateway_set(directory: Path, spec: PlantSpec, places: Sequence[Place]) -> str:
    """Write CONFIG/ and DEF/ of the set and return its uid; files of the same names are replaced. Raises `OSError`."""
    uid = spec.file.uid or f"WPM{zlib.crc32(spec.file.plant.encode()) & 0xFFFFFF:06X}"
    names = _definition_names(spec.devices)
    files = {
        f"CONFIG/{uid}_config.ini": _config(spec, uid).encode(),
        f"CONFIG/{uid}_var.ini": b"SCHEDULE_Params[0]=1|everyday|00:00:00|15|96\n",
        f"CONFIG/{uid}_daq.csv": write_daq(_daq(spec, places, names)),
        **{f"DEF/{names[device.entry.definition]}": device.content for device in spec.devices},
    }
    for name in ("CONFIG", "DEF", "SCRIPT", "CERT"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_atomically(directory / name, content)
    return uid


def _definition_names(devices: Sequence[DeviceSpec]) -> dict[str, str]:
    """Return a plain file name for each definition; two of one name in different directories get a number."""
    names: dict[str, str] = {}
    for device in devices:
        if device.entry.definition not in names:
            plain = _UNSAFE.sub("_", Path(device.entry.definition).name)
            stem, number, name = plain.removesuffix(".csv"), 2, plain
            while name.lower() in {known.lower() for known in names.values()}:
                name, number = f"{stem}_{number}.csv", number + 1
            names[device.entry.definition] = name
    return names


def _daq(spec: PlantSpec, places: Sequence[Place], names: dict[str, str]) -> Daq:
    used = {place.line for place in places}
    lines = tuple(
        SerialLine(_number(name), line.baudrate, 8, line.parity, line.stop_bits)
        for name, line in sorted(spec.file.lines.items())
        if name in used
    )
    return Daq(lines, tuple(_device(index, place, names) for index, place in enumerate(places, 1)))


def _device(index: int, place: Place, names: dict[str, str]) -> Device:
    entry, definition = place.spec.entry, place.spec.definition
    interface: SerialInterface | TcpInterface
    if place.line:
        interface = SerialInterface(_number(place.line))
    else:
        interface = TcpInterface(LOOPBACK_FOR_ANY.get(place.host, place.host), place.port)
    return Device(
        line=0, index=str(index), interface=interface, name=entry.name, address=entry.unit,
        period_seconds=entry.period, category=definition.category, model=definition.model,
        definition=names[entry.definition],
    )  # fmt: skip


def _number(line: str) -> Literal[1, 2, 3]:
    return cast("Literal[1, 2, 3]", int(line.removeprefix("SERIAL")))


def _config(spec: PlantSpec, uid: str) -> str:
    place = spec.file.place
    where = f"GATEWAY_Latitude={place.latitude}\nGATEWAY_Longitude={place.longitude}\n" if place else ""
    return f"""\
; Written for the simulated plant {spec.file.plant!r}.
GATEWAY_Uid={uid}
GATEWAY_Name={" ".join(spec.file.plant.split())}
{where}
; The server that gets the files: put yours here. Until it is there, files wait and the page shows the plant.
SERVER_Type=sftp
SERVER_Mode=strategy_wsun1_compliant
FTP_Address=127.0.0.1
FTP_Port=2222
FTP_Login=gateway
FTP_Password=change-me
"""
