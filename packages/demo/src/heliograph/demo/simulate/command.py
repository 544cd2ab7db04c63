"""`heliograph simulate PLANT.yaml`: a plant of simulated devices, until a stop signal or for a given time."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, print_findings, printable
from heliograph.cli.up import stop_on_signals
from heliograph.demo.simulate.gatewayset import write_gateway_set
from heliograph.demo.simulate.plantfile import plant_schema
from heliograph.demo.simulate.reading import PlantSpec, read_plant_file
from heliograph.demo.simulate.served import LARGEST_BYTES
from heliograph.demo.simulate.serving import Options, Place, PlaceTaken, SimulatedPlant, simulated
from heliograph.demo.simulate.yamlfile import LARGEST_BYTES as LARGEST_FILE
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited

FileArgument = Annotated[Path | None, typer.Argument(metavar="PLANT.yaml", help="The plant (docs/simulate.md).")]
ForOption = Annotated[float | None, typer.Option("--for", min=0, help="End after so many seconds.")]
PortOption = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="First TCP port, not the file's; 0: free ones.")
]
HostOption = Annotated[str | None, typer.Option("--host", help="Address to listen on, not the file's.")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Another chance than the file's.")]
SpeedOption = Annotated[
    float | None, typer.Option("--speed", min=0.01, max=3600, help="Seconds of the plant in one of ours.")
]
LogOption = Annotated[Path | None, typer.Option("--log", help="Write every value served to this CSV file.")]
LogBytesOption = Annotated[
    int, typer.Option("--log-bytes", min=1000, help="Size at which it is rotated; one old file is kept.")
]
SetOption = Annotated[
    Path | None, typer.Option("--write-set", metavar="DIR", help="Write the set of a gateway that polls this plant.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One line of JSON a device.")]
SchemaOption = Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a plant file, and end.")]


def simulate(
    file: FileArgument = None,
    seconds: ForOption = None,
    port: PortOption = None,
    host: HostOption = None,
    seed: SeedOption = None,
    speed: SpeedOption = None,
    log: LogOption = None,
    log_bytes: LogBytesOption = LARGEST_BYTES,
    write_set: SetOption = None,
    as_json: JsonOption = False,
    schema: SchemaOption = False,
) -> None:
    """Serve simulated devices from definition files, over Modbus TCP and on pseudo-terminals.

    Exit status: 0 it ended as asked, 1 the file has errors, 7 a port, a path or the log is not to be had, else as
    everywhere (heliograph help exit-codes).
    """
    prepare_output()
    if schema:
        sys.stdout.write(json.dumps(plant_schema(), indent=2, ensure_ascii=False) + "\n")
        return
    if file is None:
        raise typer.BadParameter("a plant file is wanted", param_hint="PLANT.yaml")
    spec = _read(file)
    options = Options(seed=seed, speed=speed, host=host, first_port=port, log=log, log_bytes=log_bytes)
    try:
        asyncio.run(_serve(spec, options, seconds, write_set, as_json=as_json))
    except PlaceTaken as error:
        raise Failure(str(error), Exit.IN_THE_WAY) from error
    except OSError as error:
        raise Failure(f"{error.filename or 'the disk'}: {error.strerror or error}", Exit.IN_THE_WAY) from error


def _read(file: Path) -> PlantSpec:
    """Read a plant file with its definitions. Raises `BadParameter`, `Failure`."""
    try:
        content = read_limited(file, LARGEST_FILE)
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}", param_hint="PLANT.yaml") from error
    spec, findings = read_plant_file(str(file), content, lambda name: read_limited(file.parent / name, FILE_LIMIT))
    if spec is None:
        raise Failure(f"{file} has errors", Exit.REFUSED, tuple(map(str, findings)))
    print_findings(findings, to_errors=True)
    return spec


async def _serve(
    spec: PlantSpec, options: Options, seconds: float | None, write_set: Path | None, *, as_json: bool
) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    async with simulated(spec, options) as plant:
        uid = await asyncio.to_thread(write_gateway_set, write_set, spec, plant.places) if write_set else ""
        _introduce(plant, as_json=as_json)
        if uid and not as_json:
            _say(f"set: {write_set} ({uid})")
        _say(json.dumps({"ready": True, "devices": len(plant.places)}) if as_json else "ready; Ctrl-C ends it")
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
    if plant.log is not None and plant.log.lost:
        typer.echo(f"heliograph simulate: {plant.log.lost} values are not in the log {plant.log.trouble}", err=True)


def _introduce(plant: SimulatedPlant, *, as_json: bool) -> None:
    width = max(len(place.spec.name) for place in plant.places)
    for place in plant.places:
        _say(json.dumps(_described(place)) if as_json else _shown(place, width))
    if not as_json:
        for line, device in sorted({(place.line, place.device) for place in plant.places if place.line}):
            _say(f"{line}_DEVICE={device}")


def _described(place: Place) -> dict[str, str | int]:
    entry = place.spec.entry
    where: dict[str, str | int] = (
        {"line": place.line, "device": place.device} if place.line else {"host": place.host, "port": place.port}
    )
    return {"name": entry.name, **where, "unit": entry.unit, "definition": entry.definition}


def _shown(place: Place, width: int) -> str:
    entry = place.spec.entry
    where = place.line or (f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}")
    return f"{entry.name:<{width}}  {where}  unit {entry.unit}  {printable(entry.definition)}"


def _say(text: str) -> None:
    print(text, flush=True)
