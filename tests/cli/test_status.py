"""`heliograph status` over HTTP, as a person reads it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from typer.testing import CliRunner

from heliograph.cli.main import app
from heliograph.contract import StatusDocument, Trial


@contextmanager
def serving(document: StatusDocument) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document.model_dump_json().encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def said(document: StatusDocument) -> tuple[int, str]:
    with serving(document) as url:
        result = CliRunner().invoke(app, ["status", "--url", url])
    return result.exit_code, " ".join(result.output.split())


def test_a_trial_is_told_with_its_way_back():
    now = int(time.time() * 1000)
    trial = Trial(revision=8, back_to=7, since=now, until=now + 1_440_000)
    document = StatusDocument(time=now, revision=8, trial=trial, attention=("Revision 8 is on trial: x.",))
    status, text = said(document)
    assert "configuration revision 8 (on trial: back to 7 at " in text
    assert "unless the main server is reached)" in text
    assert "! Revision 8 is on trial: x." in text
    assert status == 1


def test_without_a_trial_the_revision_stands_alone():
    status, text = said(StatusDocument(time=0, revision=8))
    assert "configuration revision 8, storage" in text
    assert status == 0
