"""Devices that a detection proposes, for tests that play the collector."""

from heliograph.contract import DeviceProposal, FoundTable
from support.plausible_set import UID

DEFINITION = f"{UID}_SunSpec_inverter_ACME_X5__modbusTCP.csv"


def proposal(key: str, **more: object) -> DeviceProposal:
    """A device at an address that ends with its key."""
    return DeviceProposal(
        key=key, interface=f"192.168.1.{key}:502", address=1, manufacturer="ACME", model="X5", options="", version="2",
        serial_number=f"A-{key}", base=40000, tables=(FoundTable(model=1, length=66, address=40002, known=True),),
        definition=DEFINITION, variables=1, recorded=0, **more,
    )  # fmt: skip
