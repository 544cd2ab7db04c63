"""What the REST API says and takes of the configuration: models at its border (spec 1.7)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from heliograph.api.models import Answer, FindingRow
from heliograph.contract import RevisionSummary, Trial
from heliograph.contract.identifiers import Milliseconds
from heliograph.formats.fields import base_name
from heliograph.runtime.setdirectory import DIRECTORIES

MOST_FILES = 32
"""Files in one edit."""


class TrialNow(Trial):
    """A trial and how near its end is."""

    seconds_left: int


class ServiceRevision(Answer):
    """Which revision is in force in one service, and why a newer one is not."""

    service: str
    revision: int | None = None
    rejected: str = ""
    rejected_revision: int | None = None


class ConfigurationNow(Answer):
    """The configuration in force, and what became of the newest set."""

    revision: int | None
    time: Milliseconds | None = None
    origin: str = ""
    uid: str
    site: str
    rejected: bool
    """True while the newest set is refused: `findings` say why, and an older revision is in force."""
    findings: tuple[FindingRow, ...] = ()
    """Of the newest set."""
    trial: TrialNow | None = None
    """While the revision in force is provisional: it changes how a server is reached."""
    services: tuple[ServiceRevision, ...] = ()


class RevisionList(Answer):
    """Revisions, newest first; the last 50 are kept."""

    revisions: tuple[RevisionSummary, ...]
    before: int | None = None
    """Give this as `before` for the next page; `null` on the last one."""
    next: str | None = None
    """Address of the next page, as in the header `Link`; `null` on the last one."""


class RevisionWhole(RevisionSummary):
    """One revision with its difference and its files; passwords read `***`."""

    diff: str
    """Unified, against the revision before or the one that was asked for."""
    files: dict[str, str]
    """Text by path in the set."""


class SetFile(Answer):
    """One file of the configuration set as it is shown: passwords read `***`."""

    path: str
    bytes: int
    sha256: str


class SetFiles(Answer):
    """The files of the revision in force."""

    revision: int
    files: tuple[SetFile, ...]


def set_path(path: str) -> str:
    """Return the path of a file in a set. Raises `ValueError` with a text for people."""
    folder, slash, name = path.partition("/")
    if not slash or folder not in DIRECTORIES:
        raise ValueError(f"a path begins with one of {', '.join(f'{known}/' for known in DIRECTORIES)}")
    if not base_name(name) or name.startswith(".") or not name.isprintable():
        raise ValueError("the name of a file has letters and signs that can be printed, and begins with no dot")
    return path


def key_name(name: str) -> str:
    """Return the name of a file with a private key. Raises `ValueError` with a text for people."""
    if not base_name(name) or not name.isprintable():
        raise ValueError("a plain file name is wanted")
    return name


SetPath = Annotated[str, AfterValidator(set_path)]
KeyName = Annotated[str, AfterValidator(key_name)]
Pem = Annotated[str, Field(max_length=64 * 1024)]
Keys = Annotated[dict[KeyName, Pem], Field(max_length=4, repr=False)]
"""Private keys by the file name that a `KeyFile` has."""


class EditBody(BaseModel):
    """Files to be changed together: what comes of it is one revision, or nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    files: Annotated[dict[SetPath, str | None], Field(min_length=1, max_length=MOST_FILES)]
    """New text by path (`CONFIG/…`, `DEF/…`, `SCRIPT/…`, `CERT/…`); `null` takes a file out of the set.

    In `_config.ini` a password that reads `***` stays as it is.
    """
    keys: Keys = {}
    """Private keys (PEM) by the file name that a `KeyFile` has: kept on the gateway alone, never given back.

    A name is given once: a new key has a new name.
    """


class EditDone(Answer):
    """What came of an edit: the revision is in force. Of a check: what would come of it; nothing was changed."""

    revision: int | None
    provisional: bool
    """The revision is on trial: see `GET /api/v1/configuration`."""
    findings: tuple[FindingRow, ...] = ()
    """Warnings: what was mended or tolerated."""
    diff: str = ""
    """Of a check: what would change, unified; passwords read `***`."""
    detail: str


FolderName = Literal["CONFIG", "DEF", "SCRIPT", "CERT"]
