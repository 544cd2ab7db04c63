"""A page that answers what a test says, and remembers what it was asked: for sub-commands that ask the REST API."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    """By lower name."""
    body: bytes


@contextmanager
def answering(*answers: tuple[int, object]) -> Iterator[tuple[str, list[Asked]]]:
    """Answer with each of these in turn, with the last one from then on; give the address and what was asked."""
    asked: list[Asked] = []
    waiting = list(answers)

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.command, self.path, headers, body))
            status, content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content.encode() if isinstance(content, str) else json.dumps(content).encode())

        do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def problem(status: int, detail: str) -> tuple[int, dict[str, object]]:
    """An answer that is a problem document."""
    return status, {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
