"""The configuration of a gateway as the REST API shows it, kept in memory: for `heliograph config`."""

import json
from urllib.parse import parse_qs, urlsplit

from heliograph.api.archives import unpack
from heliograph.formats.secrets import mask_secrets
from support.restpage import Answer, Asked, problem

BASE = "/api/v1/configuration"
NOON = 1_717_243_200_000


class KeptConfiguration:
    """Revisions by number; the newest is in force. What a test sets decides how an edit ends."""

    def __init__(self, *revisions: dict[str, str]) -> None:
        self.revisions = dict(enumerate(revisions, start=1))
        self.taken_back: set[int] = set()
        self.late: list[str] = []
        """Services that have not taken the newest revision, one less at each look."""
        self.rejects: dict[str, str] = {}
        self.is_trial = False
        self.before_edit = lambda: None
        self.findings: list[dict[str, object]] = []
        self.messages: dict[int, str] = {}

    @property
    def number(self) -> int:
        return max(self.revisions)

    @property
    def files(self) -> dict[str, str]:
        return self.revisions[self.number]

    def decide(self, asked: Asked) -> Answer:  # noqa: PLR0911  # a route each
        place = urlsplit(asked.path)
        path, query = place.path.removeprefix(BASE), {k: v[0] for k, v in parse_qs(place.query).items()}
        match asked.method, path.split("/"):
            case "GET", [""]:
                return 200, self._now()
            case "GET", ["", "revisions"]:
                return 200, self._page(int(query["limit"]), int(query.get("before", 2**53)))
            case "GET", ["", "revisions", number]:
                return self._whole(int(number))
            case "POST", ["", "revisions", number, "return"]:
                return self._changed(asked, self.revisions[int(number)], query)
            case "PUT", ["", "archive"]:
                return self._changed(asked, unpack(asked.body), query)
            case "PATCH", ["", "files"]:
                return self._changed(asked, {**self.files, **json.loads(asked.body)["files"]}, query)
        return problem(404, "Not Found")

    def _now(self) -> dict[str, object]:
        behind = self.late.pop(0) if self.late else None
        services = [
            {
                "service": service,
                "revision": self.number - (service == behind),
                "rejected": self.rejects.get(service, ""),
                "rejected_revision": self.number if service in self.rejects else None,
            }
            for service in ("collector", "commands")
        ]
        trial = {"revision": self.number, "back_to": 1, "since": NOON, "until": NOON + 1000}
        return {"revision": self.number, "services": services, "trial": trial if self.is_trial else None}

    def _summary(self, number: int) -> dict[str, object]:
        state = "in force" if number == self.number else "taken back" if number in self.taken_back else "past"
        return {"number": number, "time": NOON, "origin": "REST", "state": state, "note": "", "changed": ["DEF/m.csv"],
                "message": self.messages.get(number, "")}  # fmt: skip

    def _page(self, limit: int, before: int) -> dict[str, object]:
        rows = [self._summary(number) for number in sorted(self.revisions, reverse=True) if number < before]
        return {"revisions": rows[:limit], "before": None}

    def _whole(self, number: int) -> Answer:
        if number not in self.revisions:
            return problem(404, f"There is no revision {number}.")
        shown = {path: mask_secrets(text) for path, text in self.revisions[number].items()}
        return 200, {**self._summary(number), "diff": "", "files": shown}

    def _changed(self, asked: Asked, files: dict[str, str], query: dict[str, str]) -> Answer:
        is_check = query.get("check") == "true"
        if not is_check:
            self.before_edit()
        if asked.headers.get("if-match") != f'"{self.number}"':
            return problem(412, f"revision {self.number} is in force by now: look again")
        if any(finding["severity"] == "error" for finding in self.findings):
            return problem(422, "the set has 1 error: nothing was changed", findings=self.findings)
        if not is_check:
            self.revisions[self.number + 1] = files
            self.messages[self.number] = query.get("message", "")
        number = None if is_check else self.number
        said = "It would be in force." if is_check else f"Revision {number} is in force."
        return 200, {"revision": number, "provisional": False, "findings": self.findings, "detail": said}
