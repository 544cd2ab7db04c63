"""A terminal in which the commands of a document are run as a reader would type them."""

import os
import re
import signal
import subprocess
import sysconfig
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 100
_BLOCK = re.compile(r"```sh ?(\w*)\n(.*?)```", re.DOTALL)


def blocks(document: str) -> list[tuple[str, str]]:
    """The commands of a document of `docs/`, each with the word behind its `sh`."""
    return _BLOCK.findall((ROOT / "docs" / document).read_text(encoding="utf-8"))


class Terminal:
    """A directory, an environment and ports of our own in the place of those of the document."""

    def __init__(self, directory: Path, ports: Mapping[str, int]) -> None:
        self.directory = directory
        (directory / "examples").symlink_to(ROOT / "examples")
        scripts = sysconfig.get_path("scripts")
        self.environment = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}", "NO_PROXY": "*"}
        self.environment.pop("GATEWAY_API_TOKEN", None)
        self._ports = {written: str(port) for written, port in ports.items()}

    def command(self, text: str) -> str:
        """As it is run here."""
        return re.sub("|".join(self._ports), lambda match: self._ports[match[0]], text)

    def run(self, text: str, *, check: bool = True) -> str:
        """Run commands to their end and return what they said."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.command(text)],
            cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def until_answering(self, devices: int) -> None:
        """Return when the page of 8080 knows so many devices that answer: to ask it costs less than a command."""
        deadline = time.monotonic() + 2 * LIMIT
        url, said = self.command("http://127.0.0.1:8080/api/v1/status"), ""
        while said.count('"answering"') < devices:
            assert time.monotonic() < deadline, said
            time.sleep(0.5)
            with suppress(OSError), urllib.request.urlopen(url, timeout=LIMIT) as answer:
                said = answer.read().decode()

    @contextmanager
    def running(self, text: str, ready: Sequence[str], *, ends_well: bool = True) -> Iterator[list[str]]:
        """Leave a command running until the end of the block, once it said one of `ready`; give the lines it says."""
        with subprocess.Popen(
            ["bash", "-c", "exec env " + self.command(text.strip())],
            cwd=self.directory, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            lines: list[str] = []
            said = threading.Event()
            reader = threading.Thread(target=_read, args=(process, lines, ready, said))
            reader.start()
            try:
                assert said.wait(LIMIT), "".join(lines)
                assert any(word in line for line in lines for word in ready), "".join(lines)
                yield lines
                process.send_signal(signal.SIGINT if ends_well else signal.SIGTERM)
                assert process.wait(LIMIT) == 0 or not ends_well, "".join(lines)
            finally:
                if process.poll() is None:
                    process.kill()
                reader.join()


def _read(process: subprocess.Popen, lines: list[str], ready: Sequence[str], said: threading.Event) -> None:
    for line in process.stdout:
        lines.append(line)
        if any(word in line for word in ready):
            said.set()
    said.set()
