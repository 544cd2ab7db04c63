"""The servers that are tried, and the steps that are told."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from heliograph.sync.concealed import Concealed
from heliograph.sync.errors import Stopped
from heliograph.sync.remote import LinkLost
from heliograph.sync.trying.__main__ import run
from heliograph.sync.trying.course import Course, Told
from heliograph.sync.trying.job import Job, decode, encode
from heliograph.sync.trying.steps import names_of
from support.remote import start

__all__ = ["start"]


@dataclass
class Trial:
    """What was told of the steps of one test."""

    job: Job
    told: list[Told] = field(default_factory=list)
    stop_at: int = 99

    def run(self) -> "Trial":
        concealed = Concealed()
        concealed.learn(self.job.access.password, self.job.server.login)
        course = Course(self.told.append, lambda: len(self.ended) >= self.stop_at, concealed.hide)
        with suppress(Stopped, LinkLost):
            run(decode(encode(self.job)), course)
        return self

    @property
    def ended(self) -> list[Told]:
        return [told for told in self.told if told.state != "running"]

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.job.server, self.job.uid)

    @property
    def failed(self) -> dict[str, str]:
        return {self.names[told.step]: told.text for told in self.ended if told.state == "failed"}

    def text(self, name: str) -> str:
        """What was told of a step that went well."""
        return next(told.text for told in self.ended if self.names[told.step] == name and told.state == "done")


@pytest.fixture
def attempt() -> Callable[..., Trial]:
    """Give `attempt(server, access)`."""

    def tried(server, access, *, stop_at: int = 99, **more) -> Trial:
        job = Job(server, access, uid="WPM00C44F", prefixes=("WPM00C44F",), **more)
        return Trial(job, stop_at=stop_at).run()

    return tried
