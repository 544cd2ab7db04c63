"""Disks in memory: small ones that can be filled and made read-only, and the one on which all tests work."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
LEAST_FREE_BYTES = 2 * 1024**3


def holds_tests(directory: Path) -> bool:
    """Tell whether a directory is there in which tests may write and run programs, with room for all of them."""
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return False
    disk = os.statvfs(directory)
    return not disk.f_flag & os.ST_NOEXEC and disk.f_bavail * disk.f_frsize >= LEAST_FREE_BYTES


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """Mount a tmpfs of so many bytes; skip where that needs other rights."""
    with tempfile.TemporaryDirectory(prefix="heliograph-disk-") as directory:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"a small tmpfs needs root: run the tests in a container, or as root ({done.stderr.strip()})")
        try:
            yield Path(directory)
        finally:
            subprocess.run(["umount", "-l", directory], check=True)


def set_read_only(directory: Path, read_only: bool) -> None:
    """Make a small disk refuse writes, or take them again."""
    option = "ro" if read_only else "rw"
    subprocess.run(["mount", "-o", f"remount,{option}", directory], check=True)


def fill(directory: Path) -> Path:
    """Fill a small disk to its last byte; remove the file that is returned to free it."""
    filler = directory / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return filler
