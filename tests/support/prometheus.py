"""Debian's Prometheus as a process: started with a configuration, asked over its own API."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.ports import free_port, wait_for_port
from support.servers import end, need

SPAN_SECONDS = 900
"""How far a graph reaches back."""


class Prometheus:
    """A running one. What it refuses raises `AssertionError` with its words."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def is_ready(self) -> bool:
        """Whether it answers questions: it listens before it has read its disk."""
        return (await self._client.get("/-/ready")).is_success

    async def get(self, path: str, **parameters: object) -> Any:
        """The data of an answer."""
        answer = (await self._client.get(f"/api/v1/{path}", params=parameters)).json()
        assert answer["status"] == "success", f"{path} {parameters}: {answer.get('error')}"
        return answer["data"]

    async def now(self, expression: str) -> list[dict[str, str]]:
        """The labels of what an expression gives now, as a panel of one number asks."""
        return [found["metric"] for found in (await self.get("query", query=expression))["result"]]

    async def drawn(self, expression: str) -> list[dict[str, str]]:
        """The labels of the curves of an expression, as a panel with a graph asks."""
        now = float((await self.get("query", query="time()"))["result"][0])
        span = {"start": now - SPAN_SECONDS, "end": now, "step": 1}
        return [found["metric"] for found in (await self.get("query_range", query=expression, **span))["result"]]


@contextmanager
def prometheus(config: Path, directory: Path) -> Iterator[str]:
    """Run it until the block ends; give its address."""
    need("prometheus")
    port, log = free_port(), directory / "prometheus.log"
    command = [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for_port(port, process.poll)
        yield f"http://127.0.0.1:{port}"
    except RuntimeError as error:
        raise RuntimeError(f"{error}: {log.read_text()[-2000:]}") from None
    finally:
        end(process)


def adapted(text: str, changes: Mapping[str, object]) -> str:
    """A file with each of these places changed; every one must stand in it exactly once."""
    for place, here in changes.items():
        assert text.count(place) == 1, f"{place!r} stands {text.count(place)} times"
        text = text.replace(place, str(here))
    return text
