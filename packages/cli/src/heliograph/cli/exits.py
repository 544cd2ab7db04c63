"""The exit codes of every sub-command, in one table; `heliograph help exit-codes` and docs/cli.md show it."""

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """What a sub-command ends with."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_REACHED = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    TIMED_OUT = 6
    IN_THE_WAY = 7
    INTERRUPTED = 130


MEANINGS: Final = {
    Exit.DONE: "Done; what was looked at is well.",
    Exit.REFUSED: "Findings with errors, a refusal of the gateway, a difference, or something that needs a hand.",
    Exit.USAGE: "It cannot be asked like this: an option, an argument or a file to be read is wrong.",
    Exit.NOT_REACHED: "The gateway is not reached, or what answers is no gateway of a fitting version.",
    Exit.NOT_ALLOWED: "The token is missing or wrong, or may not do this.",
    Exit.CONFLICT: "Somebody else changed it meanwhile: read it again.",
    Exit.TIMED_OUT: "It goes on, but its end did not come within the time that was given.",
    Exit.IN_THE_WAY: "Something on this machine is in the way: a file cannot be written, a port is taken.",
    Exit.INTERRUPTED: "Interrupted by Ctrl-C.",
}
