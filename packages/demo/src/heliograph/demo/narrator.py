"""What the demo says on the terminal: where everything is, what arrives, and how to read it."""

import os
import shlex
import sys
import sysconfig
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from heliograph.demo.arrivals import Arrivals

SERVERS = {1: "SFTP", 2: "WebDAV"}
KINDS = {"DATA": "data", "ALARM": "alarm", "LOG": "log", "CMD": "result"}
SHOWN_FILES = 12
"""Single files told of; after that one line now and then is enough."""
SUMMARY_SECONDS = 60.0


class Narrator:
    """Speaks to the person who started the demo."""

    def __init__(self, definitions: Path, out: TextIO = sys.stdout) -> None:
        self._definitions = definitions
        self._out = out
        self._bold = out.isatty() and "NO_COLOR" not in os.environ
        self._shown = 0
        self._explained = False
        self._next_summary = 0.0

    def say(self, text: str = "") -> None:
        """Print one line."""
        print(text, file=self._out, flush=True)

    def event(self, text: str) -> None:
        """Print one line with the time of day."""
        self.say(f"{time.strftime('%H:%M:%S')}  {text}")

    def heading(self, text: str) -> None:
        """Print a line that matters."""
        self.say(f"\033[1m{text}\033[0m" if self._bold else text)

    def row(self, name: str, text: str) -> None:
        """Print a name and what belongs to it."""
        self.say(f"  {name:<10} {text}")

    def arrived(self, server: int, file: Path) -> None:
        """Tell of one file; of the first data file also how to read it."""
        kind = KINDS.get(file.parent.name, file.parent.name)
        if file.parent.name == "DATA" and not self._explained:
            self._explained = True
            self.event(f"the first file is delivered to server {server} ({SERVERS[server]}): {near(file)}")
            self.say("          read it:")
            self.heading(f"            {decode_command(file, self._definitions)}")
            return
        if self._shown < SHOWN_FILES:
            self._shown += 1
            self.event(f"server {server} ({SERVERS[server]}) {kind} file: {near(file)}")

    def summary(self, arrivals: Mapping[int, Arrivals], now: float) -> None:
        """Once a minute, when single files are no longer told of, say how much has come."""
        if self._shown < SHOWN_FILES or now < self._next_summary:
            return
        self._next_summary = now + SUMMARY_SECONDS
        self.event("so far " + " · ".join(f"server {number}: {counted(a)}" for number, a in arrivals.items()))


def counted(arrivals: Arrivals) -> str:
    """Return how many files of each kind came, for people."""
    counts = [(arrivals.counts[name], kind) for name, kind in KINDS.items() if arrivals.counts[name]]
    return ", ".join(f"{count} {kind} file{'' if count == 1 else 's'}" for count, kind in counts) or "nothing"


def decode_command(file: Path, definitions: Path) -> str:
    """Return the command that shows a data file's values, as it works in the person's shell from here."""
    program = Path(sysconfig.get_path("scripts")) / "heliograph"
    return shlex.join([near(program), "decode", near(file), "--def", near(definitions)])


def near(path: Path) -> str:
    """Return a path as seen from the working directory, where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
