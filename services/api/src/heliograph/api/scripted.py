"""What the REST API says of scripts: models at its border (spec 4.3)."""

from heliograph.api.models import Answer
from heliograph.contract import ScriptAction, ScriptLine, ScriptState


class ScriptList(Answer):
    """The scripts of `_scl.ini`, in its order."""

    scripts: tuple[ScriptState, ...]


class ScriptLog(Answer):
    """Lines of a script's log, newest first."""

    lines: tuple[ScriptLine, ...]
    before: int | None = None
    """Give this as `before` for the next page; `null` on the last one."""
    next: str | None = None
    """Address of the next page, as in the header `Link`; `null` on the last one."""


class ScriptDone(Answer):
    """The action was taken."""

    script: str
    action: ScriptAction
    detail: str
