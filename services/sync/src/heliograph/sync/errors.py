"""What ends or spares a connection, and the policy for each.

    Stopped              the gateway is asked to stop: the connection ends after the file in flight
    AccessError          a secret or certificate that opens the server is missing: back off this server
    remote.RemoteError   the server did not do it: `Unreachable` and `LinkLost` back off this server; a `FileError` is
                         reported, and the file waits for the next connection

An error of our own disk or database in a step is reported, and the next step runs; where the database itself is damaged
the service stops, and its next start moves the file aside.
"""


class Stopped(Exception):
    """The gateway stops."""


class AccessError(Exception):
    """What opens the server cannot be had; the text tells a person what is missing, and holds no secret."""
