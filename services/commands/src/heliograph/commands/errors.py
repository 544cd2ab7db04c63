"""What can go wrong with a command, and what is then done.

CommandFailed        the command is answered with this error; the next one goes on (drop this item and report)
└── NothingSaid      the collector or sync did not answer within the time limit; the text says what may have happened
JournalUnavailable   the disk of the journal refuses: what acts is answered with an error and not run; tried again
JournalDamaged       the journal cannot be read: stop the service, the next start moves the file aside
"""


class CommandFailed(Exception):
    """The command was not done; the message is the answer, for a person."""


class NothingSaid(CommandFailed):
    """No answer in time."""


class JournalUnavailable(Exception):
    """The disk of the journal refuses; the message says why, for a person."""


class JournalDamaged(Exception):
    """The file of the journal cannot be read any more."""
