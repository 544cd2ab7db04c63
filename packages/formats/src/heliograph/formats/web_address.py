"""`HTTP_Address`: a host, or a whole `https://…` address with port and path (spec 1.9)."""

import re
from dataclasses import dataclass

from heliograph.formats import fields
from heliograph.formats.report import WrongValue, quote

ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<rest>[?#].*)?")
AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>.*))?")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where a WebDAV server is."""

    host: str
    port: int | None = None
    path: str = ""
    is_plain: bool = False
    """`http://`: without TLS."""


def web_address(text: str, *, allow_plain: bool) -> WebAddress:
    """Read an address; raises `WrongValue` with the reason, which quotes no login or password."""
    if "@" in text:
        raise WrongValue("the address holds an @; login and password have variables of their own")
    match = ADDRESS.fullmatch(text)
    if not match:
        return WebAddress(_bare_host(text))
    if match["rest"]:
        raise WrongValue(f"{quote(text)} has a query or fragment; only scheme, host, port and path are allowed")
    is_plain = _is_plain(match["scheme"].lower(), allow_plain=allow_plain)
    host, port = _authority(match["authority"])
    return WebAddress(host, port, _path(match["path"] or ""), is_plain)


def _bare_host(text: str) -> str:
    try:
        return fields.host(text)
    except WrongValue as error:
        raise WrongValue(f"{error}; with a port or path write the whole address, https://host:port/path") from None


def _is_plain(scheme: str, *, allow_plain: bool) -> bool:
    if scheme == "http" and not allow_plain:
        raise WrongValue("plain http:// is refused: passwords would travel readable; AllowPlain=1 allows it")
    if scheme not in {"http", "https"}:
        raise WrongValue(f"{quote(scheme)} is no scheme for WebDAV; write https://")
    return scheme == "http"


def _authority(text: str) -> tuple[str, int | None]:
    match = AUTHORITY.fullmatch(text)
    if not match or (match["ipv6"] is not None and not fields.is_ip(match["ipv6"])):
        raise WrongValue(f"{quote(text)} is no host with an optional port; IPv6 addresses stand in [brackets]")
    port = fields.whole(match["port"], 1, 65_535, "a port") if match["port"] else None
    return match["ipv6"] or fields.host(match["host"]), port


def _path(text: str) -> str:
    if "\\" in text or any(part in {".", ".."} for part in text.split("/")):
        raise WrongValue(f"{quote(text)} is no path: none of its parts may be . or ..")
    return text.rstrip("/")
