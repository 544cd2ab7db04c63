"""A page that answers what a test says, and remembers what it was asked: for sub-commands that ask the REST API."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
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


Answer = tuple[int, object]
"""HTTP status and content: a text or bytes as they are, anything else as JSON."""


@contextmanager
def answering(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[Asked]]]:
    """Answer with each of these in turn, with the last one from then on; give the address and what was asked."""
    waiting = list(answers)
    with deciding(lambda _asked: waiting.pop(0) if len(waiting) > 1 else waiting[0], tls=tls) as page:
        yield page


@contextmanager
def deciding(
    decide: Callable[[Asked], Answer], *, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[Asked]]]:
    """Answer each request as decided; give the address and what was asked."""
    asked: list[Asked] = []

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.command, self.path, headers, body))
            status, content = decide(asked[-1])
            if not isinstance(content, bytes):
                content = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(HTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing: a client that does not trust the certificate goes away."""

    with Server(("127.0.0.1", 0), Page) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def problem(status: int, detail: str, **more: object) -> tuple[int, dict[str, object]]:
    """An answer that is a problem document."""
    return status, {"type": "about:blank", "title": "Refused", "status": status, "detail": detail, **more}
