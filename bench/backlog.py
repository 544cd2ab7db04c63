"""Figure 4: a month's backlog built into files and delivered over SFTP, against OpenSSH's `sftp` putting the same.

Both sides speak to the same sshd in the same run; ours also compares each file's size, renames it and keeps its ledger
on disk. `HELIOGRAPH_BENCH_RECORDS` shortens the month.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench import Row
from bench._backlog_worker import SMALL_BYTES, SMALL_FILES

FIGURE = "Backlog: 30 days × 50 devices × 60 variables, built and delivered over SFTP"
RECORDS = int(os.environ.get("HELIOGRAPH_BENCH_RECORDS", "216000"))
ROUNDS = 3
MEGABYTE = 1_000_000


def run() -> Iterable[Row]:
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from support.sftp import sshd

    base = Path(tempfile.mkdtemp(prefix="heliograph-bench-"))
    try:
        with sshd() as server:
            for name in ("ALARM", "CMD", "DATA", "LOG", "theirs"):
                server.tree.directory(name)
            yield from _month(base, server)
            yield from _small(base, server)
    finally:
        shutil.rmtree(base)


def _month(base: Path, server) -> Iterable[Row]:
    options = _options(server)
    taken = _work("take", base / "month", RECORDS)
    yield Row("records taken in, committed in batches of 500", f"{RECORDS / taken['seconds']:,.0f} records/s")
    yield Row("peak memory while taking in", f"{taken['peak'] / MEGABYTE:.0f} MB")
    shutil.copytree(base / "month", base / "whole")
    built = _work("build", base / "month", options)
    files = sorted((base / "month" / "outgoing" / "1").iterdir())
    size = sum(file.stat().st_size for file in files)
    what = f"{RECORDS:,} records into {len(files)} files ({size / MEGABYTE:.1f} MB packed)"
    yield Row(f"built: {what}", f"{RECORDS / built['seconds']:,.0f} records/s", "≥ 20,000",
              RECORDS / built["seconds"] >= 20_000)  # fmt: skip
    yield Row("peak memory while building", f"{built['peak'] / MEGABYTE:.0f} MB")
    copies = base / "copies"
    shutil.copytree(base / "month" / "outgoing" / "1", copies)
    ours, theirs = [], []
    for round_ in range(ROUNDS):
        theirs.append(_sftp(base, server, sorted(copies.iterdir()), rename=False))
        again = base / f"month{round_}"
        shutil.copytree(base / "month", again)
        ours.append(_work("deliver", again, options)["seconds"])
        _empty(server)
    ratio = min(theirs) / min(ours)
    yield Row("delivered, of files already built", f"{size / MEGABYTE / min(ours):.1f} MB/s")
    yield Row("OpenSSH sftp putting the same files", f"{size / MEGABYTE / min(theirs):.1f} MB/s")
    yield Row("ratio", f"{ratio:.2f}", "≥ 0.8", ratio >= 0.8)
    whole = _work("deliver", base / "whole", options)
    _empty(server)
    yield Row("built and delivered in one connection", f"{RECORDS / whole['seconds']:,.0f} records/s")
    yield Row("and deleted from the spool afterwards", f"{RECORDS / whole['room']:,.0f} records/s")
    yield Row("peak memory of that connection", f"{whole['peak'] / MEGABYTE:.0f} MB")


def _small(base: Path, server) -> Iterable[Row]:
    source = base / "small-files"
    source.mkdir()
    for number in range(SMALL_FILES):
        (source / f"f{number:05d}").write_bytes(number.to_bytes(4, "big") * (SMALL_BYTES // 4))
    ours, theirs = [], []
    for round_ in range(ROUNDS):
        theirs.append(_sftp(base, server, sorted(source.iterdir()), rename=True))
        ours.append(_work("small", base / f"small{round_}", _options(server))["seconds"])
        _empty(server)
    ratio = min(theirs) / min(ours)
    what = f"{SMALL_FILES:,} files of {SMALL_BYTES // 1000} KB"
    yield Row(f"{what}, size compared, renamed, ledger on disk", f"{SMALL_FILES / min(ours):,.0f} files/s")
    yield Row("sftp -b putting and renaming them", f"{SMALL_FILES / min(theirs):,.0f} files/s")
    yield Row("ratio", f"{ratio:.2f}", "≥ 1.5", ratio >= 1.5)


def _options(server) -> dict:
    return {
        "port": server.port,
        "login": server.login,
        "key": str(server.client_key),
        "root": str(server.tree.root),
    }


def _work(what: str, directory: Path, given: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "bench._backlog_worker", what, str(directory), json.dumps(given)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    return json.loads(done.stdout)


def _sftp(base: Path, server, files: list[Path], *, rename: bool) -> float:
    """Seconds that OpenSSH's sftp takes to put files, from its start to its end."""
    target = server.tree.root / "theirs"
    lines = []
    for file in files:
        if rename:
            lines += [f"put {file} {target}/{file.name}.tmp", f"rename {target}/{file.name}.tmp {target}/{file.name}"]
        else:
            lines.append(f"put {file} {target}/{file.name}")
    batch = base / "batch"
    batch.write_text("\n".join(lines) + "\n")
    key = base / "key"
    key.write_bytes(server.client_key.read_bytes())
    key.chmod(0o600)
    begun = time.perf_counter()
    subprocess.run(
        ["sftp", "-q", "-b", batch, "-i", key, "-P", str(server.port), "-o", "StrictHostKeyChecking=no",
         "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", f"{server.login}@127.0.0.1"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    for file in target.iterdir():
        file.unlink()
    return seconds


def _empty(server) -> None:
    for name in ("DATA", "LOG"):
        for file in (server.tree.root / name).iterdir():
            file.unlink()
