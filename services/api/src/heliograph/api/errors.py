"""What can go wrong with a request to the api; each becomes a problem document (RFC 9457).

Problem                     a request is answered with this status, title and detail
├── Unauthorised    401     the token is missing or wrong
├── NotThere        404     there is no such device
├── Refused         409     the gateway understood and says no
└── Silent          503     the service that has the answer does not answer; try again
"""


class Problem(Exception):
    """A request cannot be answered as asked; `detail` is for a person and says what to do."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


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


class Silent(Problem):
    """The service that has the answer does not answer."""

    status = 503
    title = "Not available now"
