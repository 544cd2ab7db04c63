"""`reference/gateway-files.md`: every file on the gateway, compared with the names that the services' code holds."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from reference.tables import code, matched, page, table

SERVICES: Final = Path(__file__).resolve().parents[2] / "services"
FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "collector": {
        "outbox.sqlite3": "records and alarms that the bus has not taken yet, set points with a lifetime",
        "revision.json": "the revision that it works with",
        "learnt.json": "what devices refused, and how they are read best; may be deleted",
        "inputs.json": "S0 totals and the relay; stays at a factory reset",
    },
    "sync": {
        "sync.db": "records that wait for servers, what was delivered, the revisions, connections, alarms",
        "kept.db": "records for looking back; may be deleted",
        "log.db": "the last lines of the log; may be deleted",
        "last-bundle.json": "which debug bundle was made last; its archive lies beside it",
        "power.json": "whether the last stop was an orderly one",
        "reset-order.json": "how far a factory reset is",
        "manifest.json": "in `last-set/`: the last confirmed set, secrets included, for the day `sync.db` is damaged",
    },
    "commands": {
        "commands.sqlite": "the journal: commands begun and ended, results on their way",
        "scripts.sqlite": "what scripts store, and which are disabled",
    },
    "api": {
        "accounts.json": "names, roles and hashes of passwords",
        "tokens.json": "names, roles and hashes of the tokens of programs",
        "sessions.json": "who is logged in, and since when",
        "page.pem": "in `tls/`: key and certificate of `API_TLS=generated`",
        "certificate.pem": "in `tls/`: the certificate alone, for those who shall trust it",
    },
}
DIRECTORIES: Final = {
    "collector": {"traces": "communication traces that are being written"},
    "sync": {"outgoing": "files whose name and bytes are fixed, until every server has them",
             "unreadable": "messages of the bus that could not be understood"},
    "commands": {},
    "api": {},
}  # fmt: skip
OF_BUNDLE: Final = {"status.json", "connections.json", "versions.json"}
"""What lies in a debug bundle and nowhere else."""
_NAME: Final = re.compile(r"[a-z][a-z-]*\.(db|sqlite3?|json|pem)")
PURPOSE: Final = "What lies where on the disk of a gateway, and what may be deleted."


def text() -> str:
    """The page."""
    services = (_service(name) for name in FILES)
    return page("Files on the gateway", PURPOSE, "the services' code", _introduction(), *services, _whole())


def _introduction() -> Iterator[str]:
    yield "Each service owns one directory: with Docker the volume of its name, mounted at `/state`; without, `STATE/<service>/`. Only what is marked may be deleted, and only while the service is stopped."
    yield "A damaged file is moved aside under another name, which the log tells. [Backup](../install.md#backup)."
    yield ""


def _service(service: str) -> Iterator[str]:
    texts = set(_texts(service))
    matched(f"files of {service}", FILES[service], {name for name in texts if _NAME.fullmatch(name)} - OF_BUNDLE)
    matched(f"directories of {service}", DIRECTORIES[service], texts & set(DIRECTORIES[service]))
    yield f"## The {service}"
    yield ""
    rows = {**FILES[service], **{f"{name}/": holds for name, holds in DIRECTORIES[service].items()}}
    rows |= {"api-token": "the gateway's own token, where `GATEWAY_API_TOKEN` names none"} if service == "api" else {}
    yield from table(("file", "holds"), ((code(name), holds) for name, holds in rows.items()))


def _texts(service: str) -> Iterator[str]:
    for path in (SERVICES / service / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _whole() -> Iterator[str]:
    yield "## All together"
    yield ""
    rows = {
        "factory-reset.json": "in each service's directory: that a factory reset was ordered, and done",
        "broker/": "volume `store`: what is on its way between services, in JetStream",
        "keys/": "volumes `keys-…`: one password a service for the bus, made at the first start",
        "logs/": "without Docker: what each process says; with Docker: `docker compose logs`",
        "lock": "without Docker: held while a gateway runs on this directory",
    }
    yield from table(("place", "holds"), ((code(name), holds) for name, holds in rows.items()))
