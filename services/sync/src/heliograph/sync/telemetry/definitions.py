"""The definition under which a record was taken, found by its digest: in the set in force, else in kept revisions."""

from heliograph.formats import parse_definition
from heliograph.formats.definition import Definition
from heliograph.sync.applied import Applied
from heliograph.sync.remembered import digests_of
from heliograph.sync.revisions import Revisions


class Definitions:
    """Looks definitions up. What nobody has is asked for again when another revision is in force."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._known: dict[str, Definition | None] = {}
        self._number = 0

    def take(self, applied: Applied) -> None:
        """Take the definitions of the revision in force."""
        if applied.number != self._number:
            self._number = applied.number
            self._known = {digest: found for digest, found in self._known.items() if found is not None}
        for path, content in applied.set.files.items():
            if path.startswith("DEF/"):
                self._enter(path.removeprefix("DEF/"), content)
        for definition in applied.set.definitions.values():
            self._known.setdefault(definition.digest, definition)

    def find(self, digest: str) -> Definition | None:
        """Return the definition of that content, None where nobody has it any more. Reads the database."""
        if digest not in self._known:
            self._known[digest] = None
            for name, content in self._revisions.definitions():
                if digest in digests_of(content):
                    self._enter(name, content)
                    break
        return self._known[digest]

    def _enter(self, name: str, content: bytes) -> None:
        digests = digests_of(content)
        if any(self._known.get(digest) for digest in digests):
            return
        definition, _ = parse_definition(content, name)
        if definition is not None:
            self._known.update(dict.fromkeys(digests, definition))
