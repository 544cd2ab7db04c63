"""Examples of the configuration for the description of the API, made of the models themselves."""

import hashlib

from heliograph.api.models import FindingRow
from heliograph.api.sets import (
    ConfigurationNow,
    EditDone,
    RevisionList,
    RevisionWhole,
    ServiceRevision,
    SetFile,
    SetFiles,
    TrialNow,
)
from heliograph.contract import RevisionState, RevisionSummary

_NOON = 1_717_243_200_000
_WARNING = FindingRow(
    file="DEF/WPM00C44F_inv.csv", line=11, column=12, severity="warning", text="decimal comma read as a decimal point"
)
_CONFIG = "CONFIG/WPM00C44F_config.ini"
_VAR = "CONFIG/WPM00C44F_var.ini"
SCHEDULES = "SCHEDULE_Params[0]=1|everyday|06:00:00|60|12\n"
_TRIAL = RevisionSummary(number=8, time=_NOON - 360_000, origin="REST", state=RevisionState.TRIAL, changed=(_CONFIG,))
_TAKEN_BACK = RevisionSummary(
    number=7,
    time=_NOON - 3_600_000,
    origin="server",
    state=RevisionState.TAKEN_BACK,
    note="the main server was not reached in 30 minutes: back to revision 6",
    changed=(_CONFIG,),
)
NOW = ConfigurationNow(
    revision=8,
    time=_NOON - 360_000,
    origin="REST",
    uid="WPM00C44F",
    site="Roof of the dairy",
    rejected=False,
    findings=(_WARNING,),
    trial=TrialNow(
        revision=8,
        back_to=6,
        since=_NOON - 360_000,
        until=_NOON + 1_440_000,
        failures=1,
        tries=3,
        seconds_left=1_440,
    ),
    services=(ServiceRevision(service="collector", revision=8),),
)
REVISIONS = RevisionList(revisions=(_TRIAL, _TAKEN_BACK), before=7)
REVISION = RevisionWhole(
    **_TRIAL.model_dump(),
    diff=f"--- a/{_CONFIG}\n+++ b/{_CONFIG}\n@@ -2 +2 @@\n-FTP_Address=old.example.org\n+FTP_Address=data.example.org",
    files={_CONFIG: "SERVER_Type=sftp\nFTP_Address=data.example.org\nFTP_Password=***\n", _VAR: SCHEDULES},
)
FILES = SetFiles(
    revision=8,
    files=(
        SetFile(
            path=_VAR,
            bytes=len(SCHEDULES),
            sha256=hashlib.sha256(SCHEDULES.encode()).hexdigest(),
        ),
    ),
)
DONE = EditDone(revision=9, provisional=False, findings=(_WARNING,), detail="Revision 9 is in force.")
_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n"
EDITS = {
    "certificate": {
        "summary": "A client's certificate and key, in one revision with the settings that name them",
        "value": {
            "files": {"CONFIG/WPM00C44F_config.ini": "SERVER2_Type=mqtts\n…", "CERT/gateway.pem": _CERTIFICATE},
            "keys": {"gateway.key": "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n"},
        },
    },
    "schedule": {"summary": "Another schedule", "value": {"files": {_VAR: SCHEDULES}}},
    "definition": {
        "summary": "A definition and the devices that name it, and an old one taken out",
        "value": {
            "files": {
                "CONFIG/WPM00C44F_daq.csv": "index;interface;name;…\n",
                "DEF/WPM00C44F_new.csv": "modbusTCP;inverter;…\n",
                "DEF/WPM00C44F_old.csv": None,
            }
        },
    },
}
