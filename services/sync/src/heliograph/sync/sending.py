"""The files of one stream on their way to one server: made while they are sent (spec 1.4, 3.6)."""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.exc import SQLAlchemyError

from heliograph.formats.config import Directory, FileServer
from heliograph.sync.deliver import Outgoing
from heliograph.sync.ledger import Ledger
from heliograph.sync.remote import Upload
from heliograph.sync.render import Form
from heliograph.sync.tables import LedgerRow


class Sending:
    """Uploads of one stream of one server: no more than a few lie on our disk beside the spool."""

    def __init__(
        self,
        ledger: Ledger,
        outgoing: Outgoing,
        server: FileServer,
        form: Form,
        stream: str,
        is_over: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._outgoing = outgoing
        self._destination = outgoing.destination
        self._server = server
        self._form = form
        self._stream = stream
        self._is_over = is_over
        self._rows: dict[str, LedgerRow] = {}
        self._last = 0
        self._until = ledger.end(stream)
        """What comes while files are sent waits for the next connection: a connection comes to its end."""
        self._halted = False
        self.trouble: OSError | SQLAlchemyError | None = None
        """What our own disk did."""

    def uploads(self) -> Iterator[Upload]:
        """Yield what waits, then what can be made. Ends early when a file failed: it is kept, and no more is made."""
        try:
            yield from self._waiting()
            while self._may_make() and self._outgoing.make(self._stream, self._form):
                yield from self._waiting()
        except (OSError, SQLAlchemyError) as error:
            self.trouble = error

    def row(self, upload: Upload) -> LedgerRow:
        """Return the ledger's row of an upload that ended."""
        return self._rows.pop(upload.name)

    def before_commit(self, uploads: Sequence[Upload]) -> None:
        """Note on disk that the renames are sent."""
        self._ledger.committing(int(self._rows[upload.name].id or 0) for upload in uploads)

    def halt(self) -> None:
        """Make no more files in this connection."""
        self._halted = True

    def _may_make(self) -> bool:
        position = self._ledger.position(self._destination, self._stream)
        return not self._halted and not self._is_over() and position is not None and position < self._until

    def _waiting(self) -> Iterator[Upload]:
        for row in self._ledger.waiting(self._destination, self._stream):
            number = int(row.id or 0)
            if number <= self._last:
                continue
            if self._is_over():
                return
            self._last = number
            self._outgoing.ensure(row, self._form)
            self._rows[row.name] = row
            yield Upload(
                local=self._outgoing.path(row),
                directory=self._server.path(Directory(row.directory)),
                name=row.name,
                two_steps=not self._server.two_steps_disabled,
                committing=row.rename_sent,
            )
