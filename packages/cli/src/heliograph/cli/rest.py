"""Asking the REST API of a gateway: for `status`, `support-bundle`, `trace`, `command`, `journal` and `script`."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import httpx
import typer
from pydantic import BaseModel, ValidationError

TIMEOUT_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 16 * 1024 * 1024
LARGEST_TOKEN: Final = 4096
REFUSED: Final = 1
NO_ANSWER: Final = 3
_REFUSALS: Final = (httpx.codes.CONFLICT, httpx.codes.SERVICE_UNAVAILABLE)

UrlOption = Annotated[str, typer.Option("--url", help="Address of the page.", envvar="HELIOGRAPH_URL")]
TokenOption = Annotated[
    str,
    typer.Option("--token", help="Needed where reads are not open.", envvar="GATEWAY_API_TOKEN", show_default=False),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="A file with the token, as STATE/api/api-token.", envvar="GATEWAY_API_TOKEN_FILE"
    ),
]


def check_address(url: str) -> None:
    """Raise `BadParameter` for what is no address of a page."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise typer.BadParameter(f"{url} is no http:// or https:// address", param_hint="--url")


def token_of(token: str, file: Path | None) -> str:
    """Return the token itself, given or read from its file. Raises `BadParameter`."""
    if token or file is None:
        return token
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(LARGEST_TOKEN).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} can't be read: {error}", param_hint="--token-file") from error


def ask(
    method: str,
    address: str,
    token: str,
    seconds: float = TIMEOUT_SECONDS,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> str:
    """Return the text of a good answer. Raises `httpx.HTTPError`, `httpx.InvalidURL`, `ValueError`.

    `body` is sent as JSON, bytes as they are. The answer of an `HTTPStatusError` was read, as far as its limit.
    """
    headers = {"Heliograph-Client": "CLI", **(headers or {})} | ({"Authorization": f"Bearer {token}"} if token else {})
    sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    limits = httpx.Timeout(TIMEOUT_SECONDS, read=seconds)
    with (
        httpx.Client(timeout=limits, headers=headers, trust_env=not _is_near(address)) as client,
        client.stream(method, address, **sent) as answer,
    ):
        content = _read(answer)
        if answer.is_error:
            read = httpx.Response(answer.status_code, content=content, request=answer.request)
            raise httpx.HTTPStatusError(str(answer.status_code), request=answer.request, response=read)
        answer.raise_for_status()
    return content.decode()


def explained(url: str, error: Exception, wanted: str) -> str:
    """Say why there is no answer; `wanted` is what it should have been."""
    match error:
        case httpx.HTTPStatusError() if error.response.status_code == httpx.codes.UNAUTHORIZED:
            return f"{url} wants a token: give it with --token or in GATEWAY_API_TOKEN"
        case httpx.HTTPStatusError():
            return f"{url} answers with HTTP status {error.response.status_code}: is that a gateway?"
        case ValidationError():
            return f"what {url} answers is no {wanted.removeprefix('a ')}: is that a gateway?"
        case httpx.ConnectError():
            return f"nobody answers at {url}: does the gateway run? Another address: --url"
        case _:
            return f"{url}: {error or type(error).__name__}"


def refusal(error: Exception) -> str:
    """Return why the gateway refuses; empty when it was no gateway that refused."""
    if not isinstance(error, httpx.HTTPStatusError) or error.response.status_code not in _REFUSALS:
        return ""
    try:
        return _Refusal.model_validate_json(error.response.content).detail
    except ValidationError:
        return ""


def complaint(error: Exception) -> str:
    """Return what a gateway says is wrong with a request; empty where it is no gateway's, or a matter of the token."""
    if not isinstance(error, httpx.HTTPStatusError) or error.response.status_code == httpx.codes.UNAUTHORIZED:
        return ""
    try:
        return _Problem.model_validate_json(error.response.content).detail
    except ValidationError:
        return ""


class _Problem(BaseModel):
    """A problem document whole, which nobody but a gateway sends."""

    type: str
    title: str
    status: int
    detail: str


class _Refusal(BaseModel):
    """A problem document."""

    detail: str


def _read(answer: httpx.Response) -> bytes:
    content = b""
    for part in answer.iter_bytes():
        content += part
        if len(content) > LARGEST_ANSWER:
            raise ValueError("the answer is too long")
    return content


def _is_near(address: str) -> bool:
    """Whether a proxy of the environment has no business with this address."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
