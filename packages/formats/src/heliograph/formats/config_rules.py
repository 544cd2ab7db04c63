"""The variables of `_config.ini` as a table: what each may hold, its default, what becomes of a wrong value (spec 1.9).

A new variable is one line here.
"""

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass

from heliograph.formats import fields
from heliograph.formats.config import Authority, Directory, ServerMode, ServerType
from heliograph.formats.report import WrongValue, quote
from heliograph.formats.secrets import check_reference, is_reference
from heliograph.formats.uid import is_uid

HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
TOPIC_LIMIT_BYTES = 65_535
LEVELS = ("debug", "info", "warning", "error")

Check = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a variable may hold. `check` raises `WrongValue`; it never sees an empty value, which means the default."""

    check: Check
    default: str = ""
    is_mended: bool = False
    """A wrong value is replaced by the default, with a warning; else it is an error."""
    is_certificate: bool = False
    """It names a file of `/CERT`."""


def infix(number: int) -> str:
    """Return what stands after the prefix in the names of a server's variables."""
    return "" if number == 1 else "2"


def whole_number(low: int, high: int) -> Check:
    """Return the check of a whole number within its limits."""
    return lambda text: fields.whole(text, low, high)


def _any_text(text: str) -> str:
    return text


def _uid(text: str) -> None:
    if not is_uid(text):
        raise WrongValue(f"{quote(text)} is no uid: 1 to 32 of A-Z a-z 0-9 _ -")


def _zone(text: str) -> None:
    if not _is_zone(text):
        raise WrongValue(f"{quote(text)} is not an IANA time zone such as Europe/Paris")


def _is_zone(text: str) -> bool:
    try:
        return ZONE.fullmatch(text) is not None and bool(zoneinfo.ZoneInfo(text))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False


def _degrees(limit: int) -> Check:
    def check(text: str) -> None:
        if abs(fields.decimal(text)[0]) > limit:
            raise WrongValue(f"{quote(text)} is not from -{limit} to {limit} degrees")

    return check


def _choice(*choices: str) -> Check:
    return lambda text: fields.one_of(text, choices)


def _host(text: str) -> None:
    try:
        fields.host(text)
    except WrongValue as error:
        raise WrongValue(f"{error}; port and directory have variables of their own") from None


def _directory(text: str) -> None:
    if "\\" in text or any(part in {".", ".."} for part in text.split("/")):
        raise WrongValue(f"{quote(text)} is no directory: names between /, none of them . or ..")


def _secret(text: str) -> None:
    check_reference(text)


def _key_file(text: str) -> None:
    check_reference(text)
    if not is_reference(text):
        fields.base_name(text)


def _host_key(text: str) -> None:
    if not HOST_KEY.fullmatch(text):
        raise WrongValue(f"{quote(text)} is no fingerprint: SHA256: and 43 characters, as ssh-keygen -lf prints it")


def _topic(text: str) -> None:
    if "+" in text or "#" in text:
        raise WrongValue(f"{quote(text)} is no topic to publish on: + and # are wildcards")
    if len(text.encode()) > TOPIC_LIMIT_BYTES:
        raise WrongValue("the topic is longer than 65535 bytes")


FLAG = _choice("0", "1")
CERTIFICATE = Rule(fields.base_name, is_certificate=True)
PORT = Rule(whole_number(1, 65_535))

GENERAL = {
    "GATEWAY_Uid": Rule(_uid, is_mended=True),
    "GATEWAY_Name": Rule(_any_text),
    "NTP_TimeZone": Rule(_zone, "UTC", is_mended=True),
    "GATEWAY_Latitude": Rule(_degrees(90), is_mended=True),
    "GATEWAY_Longitude": Rule(_degrees(180), is_mended=True),
    "LOG_Level": Rule(_choice(*LEVELS), "info", is_mended=True),
    **{f"CMD_{way}": Rule(_choice(*Authority), Authority.ALL) for way in ("File", "Mqtt", "Local")},
    "BIN_FileName": Rule(fields.base_name),
    "BIN_Checksum": Rule(_any_text),
}

SERVER = {
    "Type": Rule(_choice(*ServerType), ServerType.NONE),
    "Mode": Rule(_choice(*ServerMode)),
}

FILE_SERVER = {
    "Address": Rule(_host),
    "Port": PORT,
    "Login": Rule(_any_text),
    "Password": Rule(_secret),
    "DirRoot": Rule(_directory, "/"),
    **{directory.value: Rule(_directory, directory.default) for directory in Directory},
    "TwoStepsSendingDisabled": Rule(FLAG, "0", is_mended=True),
    "HeaderOption": Rule(FLAG, "1", is_mended=True),
    "EuroDateFormat": Rule(FLAG, "0", is_mended=True),
    "SyncConfig": Rule(FLAG, "1", is_mended=True),
    "Timeout": Rule(whole_number(1, 3_600), "30", is_mended=True),
    "CaFile": CERTIFICATE,
    "HostKey": Rule(_host_key),
    "KeyFile": Rule(_key_file),
    "PassiveMode": Rule(FLAG, "1", is_mended=True),
}

WEB_SERVER = FILE_SERVER | {
    "Address": Rule(_any_text),  # a whole URL: read by `heliograph.formats.web_address`
    "AllowPlain": Rule(FLAG, "0", is_mended=True),
}

MQTT_SERVER = {
    "Address": Rule(_host),
    "Port": PORT,
    "Login": Rule(_any_text),
    "Password": Rule(_secret),
    "ClientId": Rule(_any_text),
    **{f"Topic{kind}": Rule(_topic) for kind in ("Data", "Alarm", "Command", "Result", "Status")},
    "Qos": Rule(whole_number(0, 2), "1", is_mended=True),
    "KeepAlive": Rule(whole_number(0, 65_535), "60", is_mended=True),
    "CaFile": CERTIFICATE,
    "CertFile": CERTIFICATE,
    "KeyFile": Rule(_key_file),
    "MaxMessageBytes": Rule(whole_number(1_024, 268_435_455), "131072", is_mended=True),
    "Immediate": Rule(FLAG, "0", is_mended=True),
    "HomeAssistant": Rule(FLAG, "0", is_mended=True),
}

FAMILIES: dict[str, dict[str, Rule]] = {
    "SERVER": SERVER,
    "FTP": FILE_SERVER,
    "HTTP": WEB_SERVER,
    "MQTT": MQTT_SERVER,
}

RULES: dict[str, Rule] = GENERAL | {
    f"{family}{infix(number)}_{name}": rule
    for number in (1, 2)
    for family, rules in FAMILIES.items()
    for name, rule in rules.items()
}
"""Every variable of `_config.ini` by its name."""
