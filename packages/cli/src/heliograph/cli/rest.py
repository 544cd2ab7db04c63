"""Asking the REST API of a gateway: for `status` and `support-bundle`."""

import ipaddress
from typing import Annotated, Final
from urllib.parse import urlsplit

import httpx
import typer
from pydantic import BaseModel, ValidationError

TIMEOUT_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 16 * 1024 * 1024
REFUSED: Final = 1
NO_ANSWER: Final = 3
_REFUSALS: Final = (httpx.codes.CONFLICT, httpx.codes.SERVICE_UNAVAILABLE)

UrlOption = Annotated[str, typer.Option("--url", help="Address of the page.", envvar="HELIOGRAPH_URL")]
TokenOption = Annotated[
    str,
    typer.Option("--token", help="Needed where reads are not open.", envvar="GATEWAY_API_TOKEN", show_default=False),
]


def check_address(url: str) -> None:
    """Raise `BadParameter` for what is no address of a page."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise typer.BadParameter(f"{url} is no http:// or https:// address", param_hint="--url")


def ask(method: str, address: str, token: str, seconds: float = TIMEOUT_SECONDS, body: object = None) -> str:
    """Return the text of a good answer. Raises `httpx.HTTPError`, `httpx.InvalidURL`, `ValueError`.

    `body` is sent as JSON. The answer of an `HTTPStatusError` was read, as far as its limit.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    limits = httpx.Timeout(TIMEOUT_SECONDS, read=seconds)
    with (
        httpx.Client(timeout=limits, headers=headers, trust_env=not _is_near(address)) as client,
        client.stream(method, address, json=body) as answer,
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
