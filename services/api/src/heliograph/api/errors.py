"""What can go wrong with a request to the api; each becomes a problem document (RFC 9457).

Problem                     a request is answered with this status, title and detail
├── Unauthorised    401     account or token is missing or wrong
├── Forbidden       403     the role does not reach so far, or the request is none of a page of the gateway
├── NotThere        404     there is no such device, file or revision
├── Unacceptable    406     what is given here is of none of the types that the client accepts
├── Refused         409     the gateway understood and says no
├── Overtaken       412     it was changed meanwhile: another revision is in force than the one that was edited
├── Oversized       413     it does not fit into one message to the service that has to take it
├── Unfit           415     the body is of another type than the one that is read here
├── Unreadable      422     the body of the request is not what it should be
├── SetRefused      422     the configuration set that would come of it has errors
├── TooMany         429     too many wrong tries; the answer says how long to wait
└── Silent          503     the service that has the answer does not answer; try again
"""

from collections.abc import Mapping
from types import MappingProxyType


class Problem(Exception):
    """A request cannot be answered as asked; `detail` is for a person and says what to do."""

    status = 500
    slug = "internal-error"
    title = "Internal error"

    def __init__(
        self, detail: str, findings: tuple[str, ...] = (), places: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = findings
        """`file:line:column: error|warning: text`."""
        self.places = places
        """The field of the request's body that a finding is about, where it is about one."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {}


class Unauthorised(Problem):
    """The account or the token is missing or wrong."""

    status = 401
    slug = "login-needed"
    title = "An account or a token is needed"

    @property
    def headers(self) -> dict[str, str]:
        """See `Problem.headers`."""
        return {"WWW-Authenticate": 'Bearer realm="heliograph"'}


class Forbidden(Problem):
    """Who asks is known, and may not do this."""

    status = 403
    slug = "not-allowed"
    title = "Not allowed"


class NotThere(Problem):
    """There is no such thing."""

    status = 404
    slug = "not-found"
    title = "Not found"


class Refused(Problem):
    """The gateway understood and says no."""

    status = 409
    slug = "refused"
    title = "Refused"


class Overtaken(Problem):
    """It was changed since it was read: another revision is in force than the one that was edited."""

    status = 412
    slug = "overtaken"
    title = "Changed meanwhile"


class Oversized(Problem):
    """It does not fit into one message to the service that has to take it."""

    status = 413
    slug = "too-large"
    title = "Too large"


class Unacceptable(Problem):
    """What is given here is of none of the types that the client accepts."""

    status = 406
    slug = "not-acceptable"
    title = "Not acceptable"


class Unfit(Problem):
    """The body is of another type than the one that is read here."""

    status = 415
    slug = "unsupported-media-type"
    title = "Another type is expected"


class Unreadable(Problem):
    """The body of the request is not what it should be."""

    status = 422
    slug = "does-not-fit"
    title = "The request does not fit"


class SetRefused(Problem):
    """The configuration set that would come of it has errors; nothing was changed."""

    status = 422
    slug = "set-refused"
    title = "The configuration set is refused"


class TooMany(Problem):
    """Too many wrong tries."""

    status = 429
    slug = "too-many-tries"
    title = "Too many tries"

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds
        """To be waited before the next one."""

    @property
    def headers(self) -> dict[str, str]:
        """See `Problem.headers`."""
        return {"Retry-After": str(self.seconds)}


class Silent(Problem):
    """The service that has the answer does not answer."""

    status = 503
    slug = "not-available"
    title = "Not available now"


class LoginFirst(Exception):
    """A page is for those who logged in; the browser is led to where that is done, and from there to `wanted`."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted
        """Path and query on this gateway."""
