"""Found devices that are accepted: what they add to the revision in force (spec 2.4, decision 0014).

The api asks it for a person, commands for a command. Imported where it is needed: the models of SunSpec take memory.
"""

from collections.abc import Sequence
from typing import Literal

from heliograph.contract import DetectionState, DeviceProposal, Revision
from heliograph.formats.daq import SerialInterface, SerialLine
from heliograph.formats.interface import read_interface
from heliograph.formats.sunspec import Additions, Proposed, additions
from heliograph.formats.sunspec.names import Identity


def additions_of(state: DetectionState, chosen: Sequence[DeviceProposal], revision: Revision) -> Additions:
    """Return the new files of a set that configure these devices; `state` holds the texts of their definitions.

    Raises `ValueError` with a text for people where the `_daq.csv` that stands cannot be continued.
    """
    proposed = [_proposed(state, proposal) for proposal in chosen]
    lines = [SerialLine(number, **state.serial.model_dump()) for number in _serial_numbers(proposed)]
    files = {path: text.encode() for path, text in revision.files.items()}
    return additions(files, revision.uid, proposed, lines)


def _proposed(state: DetectionState, proposal: DeviceProposal) -> Proposed:
    return Proposed(
        interface=read_interface(proposal.interface),
        address=proposal.address,
        identity=Identity(
            proposal.manufacturer, proposal.model, proposal.options, proposal.version, proposal.serial_number
        ),
        definition=proposal.definition,
        content=state.definitions[proposal.definition].encode(),
        timeout_ms=state.timeout_ms,
    )


def _serial_numbers(proposed: Sequence[Proposed]) -> list[Literal[1, 2, 3]]:
    return [entry.interface.number for entry in proposed if isinstance(entry.interface, SerialInterface)]
