"""Which gateway a command asks, and with what right: options, environment and named gateways, alike everywhere.

~/.config/heliograph/config.toml

    [gateways.roof]
    url = 'https://192.168.1.20:8443'
    token_file = "~/roof.token"
    fingerprint = "9F:86:…"
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from heliograph.cli.gateway import DEFAULT_API_PORT
from heliograph.cli.output import printable
from heliograph.cli.tls import read_fingerprint

DEFAULT_URL: Final = f"http://127.0.0.1:{DEFAULT_API_PORT}"
LARGEST_TOKEN: Final = 4096
LARGEST_FILE: Final = 64 * 1024
TOKENS: Final = ("HELIOGRAPH_TOKEN", "GATEWAY_API_TOKEN")
"""Variables of the environment that may hold the token itself; the first that is set counts."""

UrlOption = Annotated[
    str, typer.Option("--url", envvar="HELIOGRAPH_URL", help=f"Address of the page; default: {DEFAULT_URL}.")
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        envvar=["HELIOGRAPH_TOKEN_FILE", "GATEWAY_API_TOKEN_FILE"],
        help="A file with the token, as STATE/api/api-token.",
    ),
]
CaOption = Annotated[
    Path | None, typer.Option("--ca", envvar="HELIOGRAPH_CA", help="Certificates of authorities to trust (PEM).")
]
FingerprintOption = Annotated[
    str,
    typer.Option(
        "--fingerprint",
        envvar="HELIOGRAPH_FINGERPRINT",
        help="SHA-256 of the one certificate to trust, as the log tells.",
    ),
]
InsecureOption = Annotated[bool, typer.Option("--insecure", help="Trust any certificate: only to try something.")]
NameOption = Annotated[
    str, typer.Option("--gateway", envvar="HELIOGRAPH_GATEWAY", help="Name of a gateway in config.toml.")
]


@dataclass(frozen=True, slots=True)
class Reach:
    """A gateway's address, the token for it, and how its certificate is judged."""

    url: str = DEFAULT_URL
    token: str = ""
    ca: Path | None = None
    fingerprint: str = ""
    insecure: bool = False

    @classmethod
    def of(
        cls,
        url: UrlOption = "",
        token_file: TokenFileOption = None,
        ca: CaOption = None,
        fingerprint: FingerprintOption = "",
        insecure: InsecureOption = False,
        gateway: NameOption = "",
    ) -> Self:
        """Take what the options say, what they leave open from the named gateway. Raises `BadParameter`."""
        known = _named(gateway) if gateway else Known()
        url = url or known.url or DEFAULT_URL
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise typer.BadParameter(f"{printable(url)} is no http:// or https:// address", param_hint="--url")
        ca = ca or known.ca
        if ca is not None and not ca.is_file():
            raise typer.BadParameter(f"{ca} is no file", param_hint="--ca")
        digits = _fingerprint(fingerprint or known.fingerprint)
        return cls(url.rstrip("/"), _token(token_file, known.token_file), ca, digits, insecure)


class Known(BaseModel):
    """A gateway of config.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = ""
    token_file: Path | None = None
    ca: Path | None = None
    fingerprint: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gateways: dict[str, Known] = {}


def config_file() -> Path:
    """Where the named gateways are."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home else Path.home() / ".config") / "heliograph" / "config.toml"


def _named(name: str) -> Known:
    path = config_file()
    try:
        with path.open("rb") as file:
            known = _File.model_validate(tomllib.loads(file.read(LARGEST_FILE).decode())).gateways
    except (OSError, ValueError, ValidationError) as error:
        raise typer.BadParameter(f"{path} can't be read: {_first_line(error)}", param_hint="--gateway") from error
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise typer.BadParameter(f"{path} has no gateway {name!r}; it has: {names}", param_hint="--gateway")
    found = known[name]
    homes = {key: path.parent / value.expanduser() for key in ("token_file", "ca") if (value := getattr(found, key))}
    return found.model_copy(update=homes)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error).partition("\n")[0]


def _token(file: Path | None, known: Path | None) -> str:
    """Return the token: of the file that is named, else of the environment, else of the named gateway's file."""
    given = next((value for name in TOKENS if (value := os.environ.get(name, "").strip())), "")
    path = file or (None if given else known)
    if path is None:
        return given
    try:
        with path.open(encoding="utf-8") as opened:
            token = opened.read(LARGEST_TOKEN).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} can't be read: {error}", param_hint="--token-file") from error
    if not token.isascii() or not token.isprintable():
        raise typer.BadParameter(f"{path} holds no token: it is one line of plain letters", param_hint="--token-file")
    return token


def _fingerprint(text: str) -> str:
    try:
        return read_fingerprint(text) if text else ""
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fingerprint") from error
