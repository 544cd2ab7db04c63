"""What a detection proposes: the found devices in the order of their discovery, with the files they would get."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from heliograph.collector.sunspec.search import Found, notes_of
from heliograph.contract import DeviceProposal, FoundTable
from heliograph.formats.daq import Device
from heliograph.formats.sunspec import configured_as
from heliograph.formats.sunspec.names import free_name

LIMIT_BYTES: Final = 6 * 1024 * 1024
"""Of all proposals: they travel in one message, of which the bus carries 8 MB."""


@dataclass(frozen=True, slots=True)
class _Entry:
    found: Found
    proposal: DeviceProposal


class Proposals:
    """The devices that one detection found."""

    def __init__(self) -> None:
        self.definitions: dict[str, str] = {}
        """Text by file name; equal ones are one."""
        self._entries: list[_Entry] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, found: Found) -> str:
        """Take a device; return why it is not taken, for people, or nothing."""
        text = found.made.content.decode()
        name = next((name for name, known in self.definitions.items() if known == text), "")
        wanted = name or free_name(found.made.definition.file, self.definitions, ".csv")
        proposal = self._proposal(found, wanted)
        size = len(proposal.model_dump_json()) + (0 if name else len(found.made.content))
        if self._bytes + size > LIMIT_BYTES:
            where = f"@{found.address} {found.interface}"
            return f"{where} is not proposed: there are too many; accept these, then search the rest"
        self._bytes += size
        self.definitions[wanted] = text
        self._entries.append(_Entry(found, proposal))
        return ""

    def listed(self, devices: Sequence[Device]) -> tuple[DeviceProposal, ...]:
        """Return the proposals; who is configured already, or stands twice, is marked and not ticked."""
        return tuple(self._marked(place, devices) for place in range(len(self._entries)))

    def _marked(self, place: int, devices: Sequence[Device]) -> DeviceProposal:
        entry = self._entries[place]
        found, serial = entry.found, entry.found.chain.identity.serial_number
        same = configured_as(devices, found.interface, found.address, serial)
        if same is not None:
            known = f"is configured already: {same.name} ({same.index})"
        else:
            earlier = self._earlier(place, serial)
            if earlier is None:
                return entry.proposal
            known = f"has the serial number of @{earlier.address} {earlier.interface}: the same device twice"
        return entry.proposal.model_copy(update={"ticked": False, "known": known})

    def _earlier(self, place: int, serial: str) -> Found | None:
        """Return the device before this one that has its serial number: many answer to every unit address."""
        if not serial:
            return None
        return next((e.found for e in self._entries[:place] if e.found.chain.identity.serial_number == serial), None)

    def _proposal(self, found: Found, definition: str) -> DeviceProposal:
        identity = found.chain.identity
        return DeviceProposal(
            key=str(len(self._entries) + 1),
            interface=str(found.interface),
            address=found.address,
            manufacturer=identity.manufacturer,
            model=identity.model,
            options=identity.options,
            version=identity.version,
            serial_number=identity.serial_number,
            base=found.chain.base,
            tables=tuple(
                FoundTable(model=m.number, length=m.length, address=m.register, known=m.layout is not None)
                for m in found.chain.models
            ),
            definition=definition,
            variables=len(found.made.definition.variables),
            recorded=len(found.made.definition.recorded),
            notes=tuple(notes_of(found)),
        )
