"""Small valid payloads for tests."""

from heliograph.contract import Column, Layout, Record

LAYOUT = Layout(
    protocol="modbusTCP",
    definition="inv.csv",
    digest="0" * 64,
    columns=(Column(index="3", fields=3), Column(index="7")),
)


def record(sequence: int = 1, device: str = "1", time: int = 1_717_236_000_000, source: str = "box") -> Record:
    """A record of two variables: statistics of 3, instant value of 7."""
    return Record(
        source=source,
        sequence=sequence,
        device=device,
        name=f"roof_{device}",
        interface="MODBUS",
        time=time,
        layout=LAYOUT,
        values=(106, 110, 108, 12),
    )
