"""What a person reads in the log of a connection, and the faults that a test makes its server have."""

import gzip
from collections.abc import Callable

from heliograph.contract import Alarm, AlarmSource
from support.samples import record
from support.sets import UID
from support.site import DAQ, INV, Site, daq, device

CMD = f"/CMD/{UID}_cmd.json"


def lines(site: Site) -> list[str]:
    """What a person reads: the lines of every log file on the main server, in the order of their names."""
    files = sorted(site.worlds["alpha"].files.items())
    return [line for p, c in files if "_LOG_" in p for line in gzip.decompress(c).decode().splitlines()]


def one(site: Site, *parts: str) -> str:
    """The first line that holds all of these."""
    found = [line for line in lines(site) if all(part in line for part in parts)]
    assert found, (parts, lines(site))
    return found[0]


def none(site: Site, *parts: str) -> None:
    assert not [line for line in lines(site) if all(part in line for part in parts)]


def work(site: Site) -> None:
    """Something of everything waits."""
    site.sequence = getattr(site, "sequence", 0) + 1
    site.spool.take_records([record(site.sequence)])
    alarm = Alarm(identity=f"a{site.sequence}", source=AlarmSource.GATEWAY, time=1, info="X")
    site.spool.take_alarms([alarm])


def alpha(**values: object) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        for name, value in values.items():
            setattr(site.worlds["alpha"], name, value)

    return change


def without(directory: str) -> Callable[[Site], None]:
    return lambda site: site.worlds["alpha"].directories.discard(directory)


def with_again(directory: str) -> Callable[[Site], None]:
    return lambda site: site.worlds["alpha"].directories.add(directory)


def command(content: bytes) -> Callable[[Site], None]:
    return lambda site: site.edit(CMD.removeprefix("/"), content)


def raising(error: Exception) -> Callable[[str], None]:
    def on_read(_: str) -> None:
        raise error

    return on_read


def edit_and(*then: Callable[[Site], object]) -> Callable[[Site], None]:
    """An edit of the operator, and what stands in its way."""

    def change(site: Site) -> None:
        site.edit(DAQ, daq(device(1)))
        for each in then:
            each(site)

    return change


def directory_in_place_of_a_file(site: Site) -> None:
    site.worlds["alpha"].directories.add(f"/{INV}")
    site.worlds["alpha"].files.pop(f"/{INV}")


def file_again(site: Site) -> None:
    site.worlds["alpha"].directories.discard(f"/{INV}")
