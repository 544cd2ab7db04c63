"""What people are told of a set that is rejected, and of a revision that is taken back."""

from collections.abc import Mapping, Sequence
from typing import Final

from heliograph.contract import Level
from heliograph.formats.findings import Finding, Severity
from heliograph.sync.diary import Diary
from heliograph.sync.remembered import digest_of
from heliograph.sync.wayback import WayBack

TOLD_FINDINGS: Final = 200
RETURN: Final = "return"
SERVER: Final = "server"
SET_DIRECTORY: Final = "set directory"
LAST_SET: Final = "last confirmed set"


def tell_rejected(diary: Diary, origin: str, findings: Sequence[Finding], stays: int) -> None:
    """Tell each finding of a set; revision `stays` is in force, 0 where there is none."""
    stands = f"revision {stays} stays in force" if stays else "there is no earlier one: nothing is polled"
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    diary.error(
        f"the configuration set from the {place_of(origin)} is rejected, {stands}: "
        f"{errors} error{'s' if errors != 1 else ''}, mend what follows"
    )
    for finding in findings[:TOLD_FINDINGS]:
        diary.say(Level.ERROR if finding.severity is Severity.ERROR else Level.WARNING, str(finding))
    if len(findings) > TOLD_FINDINGS:
        diary.error(_more(findings))


def tell_return(diary: Diary, back: WayBack, number: int) -> None:
    """Tell that a revision was taken back, for the one of this number, and what is lost with it."""
    diary.error(f"revision {back.failed} is taken back, revision {number} is in force ({back.note}). {back.why}")
    for path in back.fallen:
        diary.error(f"the later edit of {path} does not stand without revision {back.failed} and fell with it")
    for path in sorted(back.refusal.sources):
        diary.error(f"{path} on the main server is left as it is and refused until its content changes")


def told(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return findings as lines, not more than a person reads."""
    lines = [str(finding) for finding in findings[:TOLD_FINDINGS]]
    return (*lines, _more(findings)) if len(findings) > TOLD_FINDINGS else tuple(lines)


def identity_of(digests: Mapping[str, str], findings: Sequence[Finding]) -> str:
    """Return by what a rejection is known: the same contents with the same findings are told once."""
    lines = [*(f"{path} {digest}" for path, digest in sorted(digests.items())), *(str(f) for f in findings)]
    return "rejected-" + digest_of("\n".join(lines).encode(errors="replace"))


def place_of(origin: str) -> str:
    """Name where a set came from."""
    return {SERVER: "main server", RETURN: "history"}.get(origin, origin)


def _more(findings: Sequence[Finding]) -> str:
    return f"… and {len(findings) - TOLD_FINDINGS} more"
