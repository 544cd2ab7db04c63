"""What can go wrong with a request to the api; each becomes a problem document (RFC 9457).

Problem                     a request is answered with this status, title and detail
├── Unauthorised    401     the token is missing or wrong
├── NotThere        404     there is no such device, file or revision
├── Refused         409     the gateway understood and says no
├── Overtaken       412     another revision is in force than the one that was edited
├── Oversized       413     it does not fit into one message to the service that has to take it
├── Unreadable      422     the body of the request is not what it should be
├── SetRefused      422     the configuration set that would come of it has errors
└── Silent          503     the service that has the answer does not answer; try again
"""


class Problem(Exception):
    """A request cannot be answered as asked; `detail` is for a person and says what to do."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, findings: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = findings
        """`file:line:column: error|warning: text`."""


class Unauthorised(Problem):
    """The token is missing or wrong."""

    status = 401
    title = "A token is needed"


class NotThere(Problem):
    """There is no such thing."""

    status = 404
    title = "Not found"


class Refused(Problem):
    """The gateway understood and says no."""

    status = 409
    title = "Refused"


class Overtaken(Problem):
    """Another revision is in force than the one that was edited."""

    status = 412
    title = "Another revision is in force"


class Oversized(Problem):
    """It does not fit into one message to the service that has to take it."""

    status = 413
    title = "Too large"


class Unreadable(Problem):
    """The body of the request is not what it should be."""

    status = 422
    title = "The request does not fit"


class SetRefused(Problem):
    """The configuration set that would come of it has errors; nothing was changed."""

    status = 422
    title = "The configuration set is refused"


class Silent(Problem):
    """The service that has the answer does not answer."""

    status = 503
    title = "Not available now"
