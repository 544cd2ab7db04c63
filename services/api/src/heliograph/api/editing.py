"""Reading an edit of the configuration from a request: its terms, its body and its paths.

Bodies are read here, by the routes, and not before: only after the client was found to have the right to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from heliograph.api.conditional import IfMatch, based_on
from heliograph.api.errors import Overtaken, Unreadable
from heliograph.api.ordering import asker
from heliograph.api.sets import set_path
from heliograph.contract import EditRequest
from heliograph.contract.requests import MOST_MESSAGE

Check = Annotated[bool, Query(description="Say what would come of it – findings and difference – and change nothing")]
Message = Annotated[str, Query(max_length=MOST_MESSAGE, description="Why, in a line: the history keeps it")]

NO_KEYS: Final[Mapping[str, str]] = MappingProxyType({})
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms the set is to be changed: by whom, from which revision, why, and whether in earnest."""

    origin: str
    if_match: str | None = None
    message: str = ""
    only_check: bool = False

    def based_on(self, now: int | None) -> int | None:
        """The revision that was edited; None for whichever is in force. Raises `Overtaken`."""
        return based_on(self.if_match, now)

    def require(self, now: int | None) -> None:
        """Let pass what was made of the revision in force. Raises `Overtaken`."""
        base = self.based_on(now)
        if base not in (None, now):
            raise Overtaken(f"Revision {now} is in force by now, not {base}: look again at what you want to change.")

    def request(
        self,
        files: Mapping[str, str | None],
        base: int | None,
        *,
        whole: bool = False,
        keys: Mapping[str, str] = NO_KEYS,
    ) -> EditRequest:
        """The edit, as it is asked of sync."""
        return EditRequest(
            files=dict(files), origin=self.origin, based_on=base, only_check=self.only_check, whole=whole,
            message=self.message, keys=dict(keys),
        )  # fmt: skip


async def _terms(*, check: Check = False, message: Message = "", if_match: IfMatch = None) -> Terms:
    return Terms(asker(), if_match, " ".join(message.split()), only_check=check)


async def _in_earnest(message: Message = "", if_match: IfMatch = None) -> Terms:
    return Terms(asker(), if_match, " ".join(message.split()))


async def _of_check(if_match: IfMatch = None) -> Terms:
    return Terms(asker(), if_match, only_check=True)


TheTerms = Annotated[Terms, Depends(_terms)]
TheTermsInEarnest = Annotated[Terms, Depends(_in_earnest)]
"""Of what cannot be checked beforehand."""
TheTermsOfCheck = Annotated[Terms, Depends(_of_check)]
"""Of what is never done in earnest."""


def path_of(folder: str, name: str) -> str:
    """The path in the set that an address names. Raises what becomes a problem document."""
    try:
        return set_path(f"{folder}/{name}")
    except ValueError as error:
        raise RequestValidationError([{"loc": ("path", "name"), "msg": str(error)}]) from error


async def read_json(model: type[Body], request: Request, *, empty: bytes = b"") -> Body:
    """A body of JSON that may be long; `empty` stands for none. Raises what becomes a problem document."""
    try:
        return model.model_validate_json(await read_body(request) or empty)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error


async def read_text(request: Request) -> str:
    """The text of one file. Raises what becomes a problem document."""
    body = await read_body(request)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"The file is not UTF-8: line {line}, byte {error.start + 1}. Save it as UTF-8.") from error


async def read_body(request: Request) -> bytes:
    """The body as it came. Raises what becomes a problem document."""
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "The body of the request did not come to its end.") from None
