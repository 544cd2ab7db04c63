"""One call of the REST API of a gateway over HTTP, limited in time and size."""

import ipaddress
import ssl
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from heliograph.cli.reach import Reach
from heliograph.cli.tls import context_of

TIMEOUT_SECONDS: Final = 5.0
LARGEST_ANSWER: Final = 16 * 1024 * 1024


def call(
    method: str,
    path: str,
    reach: Reach,
    seconds: float = TIMEOUT_SECONDS,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Return a good answer, read. Raises `httpx.HTTPError`, `httpx.InvalidURL`, `OSError`, `ValueError`, `Failure`.

    `body` is sent as JSON, bytes as they are. The answer of an `HTTPStatusError` was read, as far as its limit.
    """
    address = f"{reach.url}/api/v1/{path}"
    given = {"Authorization": f"Bearer {reach.token}"} if reach.token else {}
    sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    with (
        httpx.Client(
            timeout=httpx.Timeout(min(TIMEOUT_SECONDS, seconds), read=seconds),
            headers={"Heliograph-Client": "CLI", **(headers or {}), **given},
            trust_env=not _is_near(address),
            verify=_judge(reach),
        ) as client,
        client.stream(method, address, **sent) as answer,
    ):
        # the content is plain by now: its encoding is no header of the answer that is handed on
        told = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        read = httpx.Response(answer.status_code, headers=told, content=_read(answer), request=answer.request)
    return read.raise_for_status()


@cache
def _judge(reach: Reach) -> ssl.SSLContext | bool:
    """What judges the gateway's certificate; made once, a command may ask many times."""
    if urlsplit(reach.url).scheme != "https":
        return False
    return context_of(
        reach.url, ca=reach.ca, fingerprint=reach.fingerprint, insecure=reach.insecure, seconds=TIMEOUT_SECONDS
    )


def _read(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise ValueError("the answer is too long")
    return b"".join(parts)


def _is_near(address: str) -> bool:
    """Whether a proxy of the environment has no business with this address."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
