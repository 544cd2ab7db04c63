"""One question of a sub-command to the REST API: the answer read, or the reason why there is none."""

import inspect
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from heliograph.cli.exits import Exit
from heliograph.cli.output import Failure, prepare_output, warn
from heliograph.cli.reach import Reach
from heliograph.cli.rest import TIMEOUT_SECONDS, call

Wanted = TypeVar("Wanted", bound=BaseModel)

_REFUSALS: Final[dict[int, Exit]] = {
    httpx.codes.UNAUTHORIZED: Exit.NOT_ALLOWED,
    httpx.codes.FORBIDDEN: Exit.NOT_ALLOWED,
    httpx.codes.TOO_MANY_REQUESTS: Exit.NOT_ALLOWED,
    httpx.codes.PRECONDITION_FAILED: Exit.CONFLICT,
}
"""Exit codes by HTTP status; any other refusal of a gateway is plain."""


class Told(BaseModel):
    """An answer whose one word for a person is `detail`; as JSON it is shown whole."""

    model_config = {"extra": "allow"}

    detail: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that can be asked."""

    reach: Reach

    def ask(
        self,
        method: str,
        path: str,
        wanted: type[Wanted],
        *,
        body: object = None,
        headers: dict[str, str] | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> Wanted:
        """Return the answer. Raises `Failure`."""
        answer = self.fetch(method, path, body=body, headers=headers, seconds=seconds)
        try:
            return wanted.model_validate_json(answer.content)
        except ValidationError as error:
            said = f"what {self.reach.url} answers does not fit: is that a gateway, and as new as this command?"
            raise Failure(said, Exit.NOT_REACHED) from error

    def fetch(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: dict[str, str] | None = None,
        seconds: float = TIMEOUT_SECONDS,
    ) -> httpx.Response:
        """Return a good answer as it came. Raises `Failure`."""
        try:
            return call(method, path, self.reach, seconds, body, headers)
        except httpx.HTTPStatusError as error:
            raise _refused(self.reach, error.response) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise Failure(_unreached(self.reach, error), Exit.NOT_REACHED) from error


def asks_gateway(command: Callable[..., None]) -> Callable[..., None]:
    """Give a sub-command the options of a connection in the place of its argument `gateway`."""
    own = inspect.signature(command, eval_str=True)
    options = inspect.signature(Reach.of, eval_str=True).parameters
    kept = [entry for entry in own.parameters.values() if entry.name != "gateway"]
    added = [entry.replace(kind=inspect.Parameter.KEYWORD_ONLY) for entry in options.values()]

    @wraps(command)
    def called(**given: Any) -> None:
        prepare_output()
        reach = Reach.of(**{name: given.pop(name) for name in options})
        if reach.insecure:
            warn("the certificate of the gateway is not looked at: anybody on the way can read the token")
        command(gateway=Gateway(reach), **given)

    vars(called).pop("__wrapped__")
    vars(called)["__signature__"] = own.replace(parameters=[*kept, *added])
    called.__annotations__ = {entry.name: entry.annotation for entry in (*kept, *added)}
    return called


def _refused(reach: Reach, answer: httpx.Response) -> Failure:
    """What a gateway says is wrong; or that what answers is none."""
    try:
        problem = _Problem.model_validate_json(answer.content)
    except ValidationError:
        said = f"{reach.url} answers with HTTP status {answer.status_code}: is that a gateway?"
        return Failure(said, Exit.NOT_REACHED)
    known = problem.model_dump(exclude_defaults=True)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        said = f"{reach.url} wants a token: name its file with --token-file, or put it into HELIOGRAPH_TOKEN"
        return Failure(f"{said} ({problem.detail})", Exit.NOT_ALLOWED, problem=known)
    if answer.status_code == httpx.codes.METHOD_NOT_ALLOWED or problem.detail == "Not Found":
        said = f"the gateway at {reach.url} does not know this request: it is older than this command; update it"
        return Failure(said, Exit.NOT_REACHED, problem=known)
    status = _REFUSALS.get(answer.status_code, Exit.REFUSED)
    findings = tuple(finding.line_of_text() for finding in problem.findings)
    return Failure(problem.detail, status, findings, known | {"type": problem.type})


class _Finding(BaseModel):
    file: str = ""
    line: int | None = None
    column: int | None = None
    severity: str | None = None
    text: str

    def line_of_text(self) -> str:
        """As `heliograph check` prints it."""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.text}" if self.severity else self.text


class _Problem(BaseModel):
    """A problem document whole, which nobody but a gateway sends."""

    model_config = {"extra": "allow"}

    type: str
    title: str
    status: int
    detail: str
    findings: tuple[_Finding, ...] = ()


def _unreached(reach: Reach, error: Exception) -> str:
    """Why there is no answer: where was looked, and what to try."""
    url = reach.url
    if doubt := next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError)), None):
        told = doubt.verify_message
        return f"the certificate of {url} is not trusted ({told}): name its --fingerprint, or the authority with --ca"
    match error:
        case httpx.TimeoutException() | TimeoutError():
            return f"{url} does not answer in time: is the gateway busy, or the network in between slow? Try again"
        case httpx.ConnectError() | ConnectionError() | OSError():
            return f"nobody answers at {url}: does the gateway run? Another address: --url or HELIOGRAPH_URL ({error})"
        case _:
            return f"{url}: {error or type(error).__name__}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
