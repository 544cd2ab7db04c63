"""Sync's side of the revisions, played: a history of twelve, files without secrets, and answers that a test sets."""

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
        return RevisionDetail(summary=summary, diff="-FTP_Address=a\n+FTP_Address=b", files=self.files)

    async def _edit(self, request: EditRequest) -> EditAnswer:
        self.edits.append(request)
        return self.answer

    async def _return(self, request: ReturnRequest) -> EditAnswer:
        self.returns.append(request)
        return self.answer
