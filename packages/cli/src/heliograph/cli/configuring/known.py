"""What a gateway says of its configuration: the revision in force, those before it, and their files."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from pydantic import BaseModel

from heliograph.cli.asking import Gateway
from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure
from heliograph.contract import RevisionState, RevisionSummary, Trial

ANSWER_SECONDS: Final = 45.0
"""Longer than the gateway waits for its own service when a set is large."""


class ServiceNow(BaseModel):
    """One service, and the revision that it took or rejected."""

    service: str
    revision: int | None = None
    rejected: str = ""
    rejected_revision: int | None = None


class Now(BaseModel):
    """The configuration in force."""

    revision: int | None
    uid: str = ""
    trial: Trial | None = None
    services: tuple[ServiceNow, ...] = ()


class Whole(RevisionSummary):
    """One revision with its files; passwords read `***`."""

    files: dict[str, str]


class Page(BaseModel):
    """Revisions, newest first."""

    revisions: tuple[RevisionSummary, ...]
    before: int | None = None


class FindingNow(BaseModel):
    """One finding about a set."""

    file: str = ""
    line: int | None = None
    column: int | None = None
    severity: str | None = None
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: {self.severity}: " if self.severity else ""
        return place + self.text


class Done(BaseModel):
    """What came of an edit, or of its check."""

    revision: int | None
    provisional: bool = False
    findings: tuple[FindingNow, ...] = ()
    diff: str = ""
    detail: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration of a gateway, asked for."""

    gateway: Gateway

    def now(self) -> Now:
        """What is in force. Raises `Failure`, also where nothing is yet."""
        known = self.gateway.ask("GET", "configuration", Now)
        if known.revision is None:
            said = "no configuration is in force yet: put a set into the gateway's set directory, or onto its server"
            raise Failure(said, Exit.REFUSED)
        return known

    def in_force(self) -> int:
        """Return the number of the revision in force. Raises `Failure`."""
        return self.now().revision or 0

    def whole(self, number: int | None = None) -> Whole:
        """Return a revision with its files, or the one in force. Raises `Failure`."""
        wanted = self.in_force() if number is None else number
        return self.gateway.ask("GET", f"configuration/revisions/{wanted}", Whole, seconds=ANSWER_SECONDS)

    def page(self, limit: int, before: int | None = None) -> Page:
        """Return a page of the history. Raises `Failure`."""
        older = "" if before is None else f"&before={before}"
        return self.gateway.ask("GET", f"configuration/revisions?limit={limit}{older}", Page)

    def one_before(self) -> int:
        """Return the newest revision before the one in force that was not taken back. Raises `Failure`."""
        number = self.in_force()
        found = next((row for row in self.page(50, number).revisions if row.state is RevisionState.PAST), None)
        if found is None:
            raise Failure(
                f"there is no good revision before {number}; `heliograph config log` lists them", Exit.REFUSED
            )
        return found.number

    def change(self, method: str, path: str, base: int, query: dict[str, str], body: object) -> Done:
        """Have the set changed, or the change checked, unless another revision is in force. Raises `Failure`."""
        address = _with_query(f"configuration/{path}", query)
        headers = {"If-Match": f'"{base}"'}
        return self.gateway.ask(method, address, Done, body=body, headers=headers, seconds=ANSWER_SECONDS)

    def put_back(self, number: int, base: int, query: dict[str, str]) -> Done:
        """Have an older revision put in force again, unless another one came into force. Raises `Failure`."""
        path, headers = _with_query(f"configuration/revisions/{number}/return", query), {"If-Match": f'"{base}"'}
        return self.gateway.ask("POST", path, Done, headers=headers, seconds=ANSWER_SECONDS)


def _with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
