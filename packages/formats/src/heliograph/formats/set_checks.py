"""What the files of a set must say together: device and definition, servers and schedules (spec 1.10)."""

from heliograph.formats.config import MqttServer, Server, ServerMode
from heliograph.formats.config_parser import ConfigReading
from heliograph.formats.config_servers import NUMBERS, server_type
from heliograph.formats.daq import SerialInterface, TcpInterface
from heliograph.formats.daq_device import INPUTS, METER, PlacedDevice
from heliograph.formats.definition import Definition, Protocol
from heliograph.formats.report import Report
from heliograph.formats.schedule_parser import SchedulesReading

OWN = {INPUTS: Protocol.IO, METER: Protocol.TIC}
MODBUS = {Protocol.MODBUS_RTU, Protocol.MODBUS_TCP}


def check_fit(entry: PlacedDevice, definition: Definition, report: Report) -> None:
    """Check that the protocol of a definition fits the interface of a device that names it."""
    place, protocol = entry.row.field("defFile"), definition.protocol
    if place is None or not entry.index:
        return
    wanted = OWN.get(entry.index)
    if wanted and protocol is not wanted:
        report.wrong(place, f"the definition is for {protocol}, {entry.index} needs one for {wanted}")
    elif not wanted and protocol not in MODBUS:
        report.wrong(place, f"the definition is for {protocol}, the device speaks Modbus")
    elif isinstance(entry.interface, TcpInterface) and protocol is Protocol.MODBUS_RTU:
        report.wrong(
            place, f"the definition is for {protocol}, the device is on Modbus TCP: it needs one for modbusTCP"
        )
    elif isinstance(entry.interface, SerialInterface) and protocol is Protocol.MODBUS_TCP:
        report.note(place, f"the definition is for {protocol}, the device is on {entry.interface}; it is used there")


def check_schedules(config: ConfigReading, schedules: SchedulesReading) -> None:
    """Report schedules that never fire: an error where no server, or not the main one, could ever connect.

    Without the main server nobody far away could configure the gateway any more (spec 1.7), whatever the others do.
    """
    servers = {server.number: server for server in config.config.servers}
    idle = [number for number, server in servers.items() if not _can_connect(server, schedules)]
    is_certain = all(server_type(config.values, number) is not None for number in NUMBERS)
    for number in idle:
        place = next(placed.count for placed in schedules.placed if placed.server == number)
        if len(idle) == len(servers) and is_certain:
            schedules.report.wrong(place, "no schedule ever fires: with a Count of 0 no server is ever connected to")
            return
        if is_certain and servers[number].mode is ServerMode.MAIN:
            text = "no schedule of the main server ever fires: with a Count of 0 nothing would configure the gateway"
            schedules.report.wrong(place, text)
            continue
        schedules.report.note(place, f"no schedule of server {number} ever fires: its Count is 0")


def _can_connect(server: Server, schedules: SchedulesReading) -> bool:
    """Tell whether a server is ever connected to: always, by default, or by one of its schedules."""
    if isinstance(server, MqttServer) and (server.topic_alarm or server.topic_command):
        return True
    lines = [placed.line for placed in schedules.placed if placed.server == server.number]
    return not lines or any(line is None or line.count > 0 for line in lines)
