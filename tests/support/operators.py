"""What an operator has for the gateway in containers (`compose/operator.yaml`): two SSH servers, a broker, all keys.

The containers' user is neither this one nor root: what it is to read anyone may read, and where it is to write anyone
may. Only the operator's own key is as private as `sftp` wants it.
"""

import base64
import hashlib
import os
import secrets
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from support.certificates import Authority
from support.operating import Session
from support.ports import free_port
from support.servers import need
from support.sets import DIRECTORIES, UID

LOGIN = "plant"
PORT = 2222
"""Where a server listens on its network."""
NAMES = ("alpha", "beta")
BROKER = "broker"
CLIENT_KEY = "broker.key"


@dataclass(frozen=True)
class Operator:
    """The files of his servers on this machine, and where he reaches them."""

    directory: Path
    ports: dict[str, int]
    authority: Authority = field(default_factory=Authority)
    """Signs the certificates of the broker and of its clients."""

    @property
    def key(self) -> Path:
        """The key that he logs in with."""
        return self.directory / "operator/key"

    @property
    def secrets(self) -> Path:
        """The gateway's keys, one a server and named after it, and the password at the broker."""
        return self.directory / "secrets"

    @property
    def password(self) -> str:
        """What the broker wants to hear from `LOGIN`."""
        return (self.secrets / BROKER).read_text()

    @property
    def gateway_certificate(self) -> bytes:
        """By what the broker knows the gateway; its key lies among the secrets as `CLIENT_KEY`."""
        return (self.directory / BROKER / "gateway.pem").read_bytes()

    @property
    def environment(self) -> dict[str, str]:
        """What `compose/operator.yaml` takes."""
        ports = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        return {"OPERATOR_FILES": str(self.directory), **ports}

    def session(self, name: str) -> Session:
        return Session(self.ports[name], LOGIN, self.key, "/tree", self.directory / name / "tree")

    def settings(self, infix: str, name: str) -> dict[str, object]:
        """What a configuration says of one of his servers; `infix` is empty for server 1, `2` for server 2."""
        return {
            f"SERVER{infix}_Type": "sftp", f"FTP{infix}_Address": name, f"FTP{infix}_Port": PORT,
            f"FTP{infix}_Login": LOGIN, f"FTP{infix}_KeyFile": f"file:{name}",
            f"FTP{infix}_DirRoot": "/tree", f"FTP{infix}_Timeout": 5,
        }  # fmt: skip


def make_operator(directory: Path) -> Operator:
    """Make the keys, the empty trees of both servers, and what the broker needs."""
    need("sftp")
    made = Operator(directory, {name: free_port() for name in NAMES})
    own = _make_key(made.key)
    for name in NAMES:
        key = _make_key(made.secrets / name, private=False)
        access, tree = directory / name / "access", directory / name / "tree"
        _make_key(access / "host_key", private=False)
        (access / "authorized_keys").write_text(own + key)
        for folder in DIRECTORIES:
            (tree / folder).mkdir(parents=True)
            (tree / folder).chmod(0o777)
    _make_broker(made)
    return made


def _make_key(path: Path, *, private: bool = True) -> str:
    """Make a key; return its public half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path]
    subprocess.run(command, check=True, timeout=30)
    if not private:
        path.chmod(0o644)
    return path.with_suffix(".pub").read_text()


def _make_broker(operator: Operator) -> None:
    (operator.secrets / BROKER).write_text(secrets.token_urlsafe(18))
    access = operator.directory / BROKER / "access"
    access.mkdir(parents=True)
    _, key = operator.authority.write(access, BROKER)
    key.chmod(0o644)
    (access / "authority.pem").write_bytes(operator.authority.pem)
    _make_client(operator, LOGIN, access / "client.pem", access / "client.key")
    _make_client(operator, UID, operator.directory / BROKER / "gateway.pem", operator.secrets / CLIENT_KEY)
    (access / "passwords").write_text(f"{LOGIN}:{_hashed(operator.password)}\n")


def _make_client(operator: Operator, name: str, certificate: Path, key: Path) -> None:
    """Issue what a client shows to the broker."""
    parts = operator.authority.issue(name, client=True)
    for path, content in zip((certificate, key), parts, strict=True):
        path.write_bytes(content)
        path.chmod(0o644)


def _hashed(password: str) -> str:
    """As `mosquitto_passwd` writes it: PBKDF2 with SHA-512."""
    salt, rounds = os.urandom(12), 101
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}"
