"""Examples of devices that are added and changed for the description of the API, made of the models themselves."""

from typing import Any, Final

from heliograph.api.devicebodies import DefinitionChecked, DefinitionList, DefinitionRow, DeviceDone
from heliograph.api.models import FindingRow

DEFINITION: Final = "modbusTCP;inverter;Sunny;SUN-50K\n1;3;40000;U16;;AC power;RealPower;0.01;0;kW;2\n"
NEW: Final[dict[str, Any]] = {
    "library": {
        "summary": "An inverter with a definition of the library",
        "value": {"name": "roof_4", "interface": "192.168.1.44:502", "address": 1, "library": "huawei_sun2000"},
    },
    "serial": {
        "summary": "The first meter on a serial line, with a definition of the set",
        "value": {
            "name": "grid meter",
            "interface": "SERIAL1",
            "address": 5,
            "period_seconds": 60,
            "definition": "meter.csv",
            "serial": {"baudrate": 9600, "parity": "E"},
        },
    },
    "text": {
        "summary": "With a definition that is sent along",
        "value": {
            "name": "roof_5", "interface": "192.168.1.45", "address": 1, "definition": "new.csv", "text": DEFINITION,
        },
    },
}  # fmt: skip
CHANGES: Final[dict[str, Any]] = {
    "period": {"summary": "A record each minute", "value": {"period_seconds": 60}},
    "place": {"summary": "Another address", "value": {"interface": "192.168.1.51:502", "address": 3}},
}
_INVERTER: Final = {"category": "inverter", "manufacturer": "Sunny", "model": "SUN-50K"}
DEFINITIONS: Final = DefinitionList(
    definitions=(
        DefinitionRow(name="inv.csv", source="set", protocol="modbusTCP", used=3, **_INVERTER),
        DefinitionRow(
            name="huawei_sun2000",
            source="library",
            protocol="modbusTCP",
            category="Inverter",
            manufacturer="Huawei",
            model="SUN2000",
            port=502,
            unit=1,
        ),
    )
)
CHECKED: Final = DefinitionChecked(
    usable=True,
    protocol="modbusTCP",
    variables=10,
    recorded=9,
    findings=(
        FindingRow(
            file="DEF/new.csv", line=11, column=12, severity="warning", text="decimal comma read as a decimal point"
        ),
    ),
    **_INVERTER,
)
DONE: Final = DeviceDone(
    index="5",
    name="roof_4",
    checked=False,
    revision=9,
    provisional=False,
    files=("CONFIG/WPM00C44F_daq.csv", "DEF/huawei_sun2000.csv"),
    line="5;192.168.1.44:502;roof_4;1;600;1000;;1;;;huawei_sun2000.csv",
    detail="roof_4 is configured. Revision 9 is in force.",
)
