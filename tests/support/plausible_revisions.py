"""Sync's side of the revisions, played: a history of twelve, files without secrets, and answers that a test sets."""

import difflib
import time

from heliograph.contract import (
    EditAnswer,
    EditRequest,
    PageRequest,
    ReturnRequest,
    RevisionDetail,
    RevisionPage,
    RevisionState,
    RevisionSummary,
)
from heliograph.contract.channels import EDIT, RETURN, REVISION, REVISIONS
from heliograph.contract.requests import RevisionRequest
from heliograph.runtime import Bus

NEWEST = 12
DIFFERENCE = """--- a/CONFIG/WPM00C44F_daq.csv
+++ b/CONFIG/WPM00C44F_daq.csv
@@ -3,3 +3,3 @@
 index;interface;name
-1;192.168.1.41;roof_1
+1;192.168.1.51;roof_1
 2;192.168.1.42;roof_2
CONFIG/WPM00C44F_config.ini: changed in a secret or in its line ends"""


def summaries() -> list[RevisionSummary]:
    """Twelve rows, newest first: one in force, one taken back, the others past."""
    moment = int(time.time() * 1000)
    states = {12: RevisionState.IN_FORCE, 11: RevisionState.TAKEN_BACK}
    return [
        RevisionSummary(
            number=number,
            time=moment - (13 - number) * 3_600_000,
            origin="server" if number % 2 else "REST",
            state=states.get(number, RevisionState.PAST),
            note="the main server was not reached in 30 minutes: back to revision 10" if number == 11 else "",
            changed=("CONFIG/WPM00C44F_config.ini",),
        )
        for number in range(NEWEST, 0, -1)
    ]


class Revisions:
    """Answers what is asked of sync about revisions, and remembers it."""

    def __init__(self, files: dict[str, str]) -> None:
        config = "SERVER_Type=sftp\nFTP_Address=data.example.org\nFTP_Password=***\n"
        self.files = {"CONFIG/WPM00C44F_config.ini": config, **files}
        self.rows = summaries()
        self.edits: list[EditRequest] = []
        self.checks: list[EditRequest] = []
        self.is_checking = False
        """Whether a check is answered with its difference and `finding`, else as an edit is."""
        self.finding = ""
        """What a check finds: an error refuses the set."""
        self.conflict = False
        self.returns: list[ReturnRequest] = []
        self.trouble = ""
        self.answer = EditAnswer(revision=NEWEST + 1)

    async def serve(self, sync: Bus) -> None:
        await sync.serve(REVISIONS, self._page)
        await sync.serve(REVISION, self._one)
        await sync.serve(EDIT, self._edit)
        await sync.serve(RETURN, self._return)

    async def _page(self, page: PageRequest) -> RevisionPage:
        rows = [row for row in self.rows if page.before is None or row.number < page.before]
        return RevisionPage(revisions=tuple(rows[: page.limit]))

    async def _one(self, request: RevisionRequest) -> RevisionDetail:
        number = request.number or NEWEST
        summary = next((row for row in self.rows if row.number == number), None)
        if summary is None:
            return RevisionDetail(error="there is no such revision: the last 50 are kept")
        if self.trouble:
            return RevisionDetail(error=self.trouble)
        diff = DIFFERENCE if request.against else "-FTP_Address=a\n+FTP_Address=b"
        return RevisionDetail(summary=summary, diff=diff, files=self.files)

    async def _edit(self, request: EditRequest) -> EditAnswer:
        if self.conflict and request.based_on is not None:
            return EditAnswer(
                error=f"revision {NEWEST + 1} is in force by now, not {NEWEST}: look again", conflict=True
            )
        if request.only_check and self.is_checking:
            self.checks.append(request)
            return self._checked(request)
        self.edits.append(request)
        return self.answer

    def _checked(self, request: EditRequest) -> EditAnswer:
        findings = (self.finding,) if self.finding else ()
        if ": error: " in self.finding:
            return EditAnswer(error="the edit would be rejected: mend what the findings name", findings=findings)
        after = {} if request.whole else dict(self.files)
        after |= {path: text for path, text in request.files.items() if text is not None}
        gone = {path for path, text in request.files.items() if text is None}
        lines = [
            line
            for path in sorted({*self.files, *after})
            for line in difflib.unified_diff(
                self.files.get(path, "").splitlines(), "" if path in gone else after.get(path, "").splitlines(),
                f"a/{path}", f"b/{path}", lineterm="",
            )
        ]  # fmt: skip
        return EditAnswer(findings=findings, diff="\n".join(lines))

    async def _return(self, request: ReturnRequest) -> EditAnswer:
        self.returns.append(request)
        return self.answer
