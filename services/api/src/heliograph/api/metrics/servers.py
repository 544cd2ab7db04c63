"""The figures of the servers: what waits for each, how its connections went, when the next one is due."""

from collections.abc import Iterator

from heliograph.api.metrics.samples import Sample, Seen, of_each, seconds
from heliograph.contract import ServerState


def servers(now: Seen) -> Iterator[Sample]:
    """All of them."""
    for server in now.sync.servers if now.sync else ():
        yield from _server(server)


def _server(server: ServerState) -> Iterator[Sample]:
    number = str(server.server.number)
    yield "heliograph_server_info", (number, server.server.type, server.server.mode), 1
    yield from of_each(
        (number,),
        {
            "heliograph_server_connecting": server.connecting,
            "heliograph_server_connected": server.connected,
            "heliograph_server_waiting_records": server.waiting_records,
            "heliograph_server_waiting_files": server.waiting_files,
            "heliograph_server_failures": server.failures,
            "heliograph_server_problems": len(server.problems),
            "heliograph_server_last_success_timestamp_seconds": seconds(server.last_success),
            "heliograph_server_next_connection_timestamp_seconds": seconds(server.next),
        },
    )
    if server.last is not None and server.last.end is not None:
        took = server.last.end - server.last.start
        yield "heliograph_server_last_connection_timestamp_seconds", (number,), seconds(server.last.end)
        yield "heliograph_server_last_connection_duration_seconds", (number,), seconds(took)
