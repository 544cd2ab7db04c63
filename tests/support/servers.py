"""Starting real servers: which programs are there, as whom they run, where their files lie, how they end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.ports import wait_for_port

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "sshd": "openssh-server",
    "sftp": "openssh-client",
    "ssh-keygen": "openssh-client",
    "vsftpd": "vsftpd",
    "proftpd": "proftpd-core",
    "apache2": "apache2",
    "mosquitto": "mosquitto",
    "mosquitto_passwd": "mosquitto",
    "mbpoll": "mbpoll",
    "socat": "socat",
    "chromium-headless-shell": "chromium-headless-shell",
    "pngquant": "pngquant",
}
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def need(*programs: str) -> None:
    """Skip the test, or fail it in continuous integration, when a program is missing."""
    missing = [name for name in programs if program(name) is None]
    if not missing:
        return
    packages = " ".join(PACKAGES.get(name, name) for name in missing)
    message = f"{', '.join(missing)} not installed: apt-get install {packages} (or scripts/install-test-servers)"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def program(name: str) -> str | None:
    """Return the path of a program; servers often lie outside of PATH."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_PLACES))


class Account:
    """Who runs the servers: this user, or `nobody` where this user is root, whom no right is ever refused."""

    def __init__(self) -> None:
        root = os.geteuid() == 0
        entry = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        self.name = entry.pw_name
        self.uid = entry.pw_uid
        self.gid = entry.pw_gid
        self.may_mount = root
        self.become = root
        """Whether servers run as another user than the tests."""

    def own(self, *paths: Path) -> None:
        """Give files to the servers' user."""
        for path in paths:
            if os.geteuid() == 0:
                os.chown(path, self.uid, self.gid)

    def start(self, command: list[object], log: Path) -> subprocess.Popen[bytes]:
        """Start a server in the foreground; what it says goes to `log`."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.uid if self.become else None,
                group=self.gid if self.become else None,
                extra_groups=[] if self.become else None,
                cwd="/",
                start_new_session=True,
            )


@contextmanager
def running(account: Account, command: list[object], port: int, log: Path, host: str = "127.0.0.1") -> Iterator[int]:
    """Run a server until the end of the block, give its process id."""
    process = account.start(command, log)
    try:
        try:
            wait_for_port(port, process.poll, host=host)
        except RuntimeError as error:
            raise RuntimeError(f"{error}: {log.read_text(errors='replace')[-2000:]}") from None
        yield process.pid
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server that this test started, with the children in its session."""
    if process.poll() is None:
        os.killpg(process.pid, 15)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait(60)


class Tree:
    """The files of a server: a directory that its user can reach, outside of pytest's private one."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.base = Path(tempfile.mkdtemp(prefix="heliograph-"))
        self.base.chmod(0o755)
        self.root = self.base / "root"
        self.root.mkdir()
        self.own(self.root)

    def own(self, *paths: Path) -> None:
        """Give files to the servers' user."""
        self.account.own(*paths)

    def directory(self, name: str, mode: int = 0o755) -> Path:
        """Make a directory below the root."""
        path = self.root / name.strip("/")
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        self.own(path)
        return path

    def file(self, name: str, content: bytes, mode: int = 0o644) -> Path:
        """Make a file below the root."""
        path = self.root / name.strip("/")
        path.write_bytes(content)
        path.chmod(mode)
        self.own(path)
        return path

    def private(self, name: str, content: bytes | str) -> Path:
        """Make a file of the server's own, beside the root, that only its user may read."""
        path = self.base / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)
        self.own(path)
        return path

    @contextmanager
    def small(self, name: str, size: int) -> Iterator[Path]:
        """Mount a file system of so many bytes below the root; skip where that needs other rights."""
        if not self.account.may_mount:
            pytest.skip("a small tmpfs needs root: run the tests in a container, or as root")
        path = self.directory(name)
        options = f"size={size},mode=755,uid={self.account.uid},gid={self.account.gid}"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"a small tmpfs cannot be mounted here: {done.stderr.strip()}")
        try:
            yield path
        finally:
            subprocess.run(["umount", "-l", path], check=True)

    def clear(self) -> None:
        """Delete everything."""
        for directory in (self.root, *self.root.rglob("*")):
            if directory.is_dir() and not directory.is_symlink():
                directory.chmod(0o755)
        shutil.rmtree(self.base)
