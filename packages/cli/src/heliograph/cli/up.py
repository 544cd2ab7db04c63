"""`heliograph up`: the whole gateway without Docker on a configuration set, until a stop signal."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, TypeVar

import httpx
import typer

from heliograph.cli.exits import Exit
from heliograph.cli.gateway import DEFAULT_API_PORT, Gateway, GatewayError
from heliograph.cli.output import Failure, print_findings
from heliograph.cli.supervisor import Supervisor
from heliograph.formats import read_set
from heliograph.formats.findings import has_errors
from heliograph.runtime.setdirectory import read_set_directory

PAGE_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
T = TypeVar("T")

SetOption = Annotated[
    Path, typer.Option("--set", help="Configuration set: a directory with CONFIG/, DEF/, SCRIPT/, CERT/.")
]
StateOption = Annotated[Path, typer.Option("--state", help="Directory for all that must survive; made when missing.")]
PortOption = Annotated[int, typer.Option("--api-port", min=1, max=65535, help="Port of the page and the REST API.")]
UidOption = Annotated[str, typer.Option("--uid", help="Identifier of the gateway; default: the prefix of the set.")]


def up(
    set_dir: SetOption, state_dir: StateOption, api_port: PortOption = DEFAULT_API_PORT, uid: UidOption = ""
) -> None:
    """Run the whole gateway without Docker until Ctrl-C.

    Exit status: 0 it was stopped, 7 the state directory or a port is in use, else as everywhere.
    """
    if not set_dir.is_dir():
        raise typer.BadParameter(f"{set_dir} is not a directory", param_hint="--set")
    uid = uid or os.environ.get("GATEWAY_UID", "")
    _tell_findings(set_dir, uid)
    gateway = Gateway(set_dir.resolve(), state_dir.resolve(), api_port, uid)
    try:
        with gateway.owned() as lock:
            supervisor = Supervisor(gateway.stages(), _say, echo=_say, pass_fds=(lock,))
            run_until_stopped(_run(gateway, supervisor))
    except GatewayError as error:
        raise Failure(str(error), Exit.IN_THE_WAY) from error


def run_until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Run what `stop_on_signals` stops, as the last work of this process: a signal after it changes nothing."""
    try:
        return asyncio.run(work)
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set `stopping` at Ctrl-C, at a request to end, and when the terminal is closed.

    These are no handlers of the loop: it would take them along when it closes, and a second signal would kill.
    """
    loop = asyncio.get_running_loop()

    def stop(_number: int, _frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stopping.set)

    for number in _SIGNALS:
        signal.signal(number, stop)


async def page_answers(gateway: Gateway, seconds: float = PAGE_SECONDS) -> bool:
    """Wait until the page can be opened; False when it cannot after so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    # Its own page on the loopback, asked for nothing but whether it lives: any certificate will do.
    async with httpx.AsyncClient(timeout=2, trust_env=False, verify=False) as client:  # noqa: S501
        while asyncio.get_running_loop().time() < deadline:
            try:
                if (await client.get(f"{gateway.page}/health/live")).status_code == httpx.codes.OK:
                    return True
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    return False


def _tell_findings(set_dir: Path, uid: str) -> None:
    """Say at once what is wrong with the set; the gateway starts all the same, on the last good one."""
    files, unread = read_set_directory(set_dir)
    findings = sorted({*unread, *read_set(files, uid)[1]})
    print_findings(findings, to_errors=True)
    if has_errors(findings):
        typer.echo("The set has errors: the last good one stays in force, if there is one.", err=True)


async def _run(gateway: Gateway, supervisor: Supervisor) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    greeting = asyncio.create_task(_greet(gateway), name="greeting")
    try:
        await supervisor.run(stopping)
    finally:
        greeting.cancel()
        await asyncio.gather(greeting, return_exceptions=True)
    _say("Stopped.")


async def _greet(gateway: Gateway) -> None:
    if not await page_answers(gateway):
        _say(f"The page does not answer yet; {gateway.logs / 'api.log'} may tell why.")
        return
    _say(f"Heliograph runs on {gateway.set_dir}")
    _say(f"  page    {gateway.page}/")
    if not gateway.environment.get("GATEWAY_API_TOKEN"):
        _say(f"  token   {gateway.token_file}   (for writing: Authorization: Bearer …)")
    _say(f"  logs    {gateway.logs}/")
    _say("Ctrl-C stops it.")


def _say(text: str) -> None:
    print(text, flush=True)
