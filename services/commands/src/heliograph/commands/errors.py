"""What can go wrong with a command, and what is then done.

CommandFailed        the command is answered with this error; the next one goes on (drop this item and report)
└── NothingSaid      the collector or sync did not answer within the time limit; the text says what may have happened
"""


class CommandFailed(Exception):
    """The command was not done; the message is the answer, for a person."""


class NothingSaid(CommandFailed):
    """No answer in time."""
