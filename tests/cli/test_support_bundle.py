"""`heliograph support-bundle`: what is asked for, and the exit status that a program goes by."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner, Result

from heliograph.cli.main import app
from support.ports import free_port

TOKEN = "Geheim-77"
MADE = {
    "name": "WPM00C44F_SYSTEME_240601_120000.tar.gz", "bytes": 184_320, "servers": [1],
    "detail": "A connection to server 1 follows and carries it.",
}  # fmt: skip


@contextmanager
def answering(status: int, body: object) -> Iterator[str]:
    """A page that answers this to a `POST` with the token; gives its address."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
            found = self.path == "/api/v1/support-bundle"
            self.send_response(401 if not allowed else status if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def ask(url: str, token: str = TOKEN) -> Result:
    return CliRunner().invoke(app, ["support-bundle", "--url", url], env={"GATEWAY_API_TOKEN": token})


def test_the_name_and_where_it_goes_are_said():
    with answering(202, MADE) as url:
        result = ask(url)
    assert result.exit_code == 0
    assert "WPM00C44F_SYSTEME_240601_120000.tar.gz (184 kB)" in result.stdout
    assert "A connection to server 1 follows" in result.stdout


@pytest.mark.parametrize("status", [409, 503])
def test_a_refusal_of_the_gateway_gives_its_words_and_status_1(status):
    with answering(status, {"detail": "no file server takes it"}) as url:
        result = ask(url)
    assert result.exit_code == 1
    assert "support-bundle: no file server takes it" in result.stderr


def test_a_wrong_token_is_said_and_not_shown():
    with answering(202, MADE) as url:
        result = ask(url, "wrong-token")
    assert result.exit_code == 3
    assert "wants a token: give it with --token" in result.stderr
    assert "wrong-token" not in result.output


@pytest.mark.parametrize(("status", "body"), [(202, {}), (202, "x"), (409, {}), (404, {}), (500, {})])
def test_what_is_no_gateway_gives_status_3(status, body):
    with answering(status, body) as url:
        result = ask(url)
    assert result.exit_code == 3
    assert "is that a gateway?" in result.stderr


def test_nobody_there_and_no_address():
    assert ask(f"http://127.0.0.1:{free_port()}").exit_code == 3
    assert ask("ftp://gateway").exit_code == 2
