"""A service of a test's own making as a process, to be looked at from outside while it lives and ends."""

import subprocess
import sys

SERVICE = """
import asyncio, sys
from pathlib import Path
from heliograph.contract import ApiState, Service
from heliograph.runtime import ServiceSettings, run_service

async def main(context):
    context.events.info("it lives")
    {body}

settings = ServiceSettings(bus_url={url!r}, bus_password="secret-api", state_dir=Path({state!r}))
sys.exit(run_service(Service.API, settings, main))
"""


def start(tmp_path, body: str, url: str = "nats://127.0.0.1:1") -> subprocess.Popen:
    code = SERVICE.format(body=body, url=url, state=str(tmp_path / "state"))
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def until_it_lives(process: subprocess.Popen) -> None:
    for line in process.stderr:
        if "it lives" in line:
            return
    raise AssertionError("ended before it lived")


def ended(process: subprocess.Popen, seconds: float = 120) -> int:
    with process:
        return process.wait(seconds)
