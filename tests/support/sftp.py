"""OpenSSH's sshd as a peer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko

from support.ports import free_port
from support.servers import Account, Tree, need, program, running

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
ListenAddress ::1
HostKey {base}/host_key
AuthorizedKeysFile {base}/authorized_keys
PidFile none
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
UseDNS no
MaxStartups 100
Subsystem sftp internal-sftp -l ERROR -u 0022
{more}
"""


class Sshd:
    """One sshd with its files; the login is the user that runs it, the key is `client_key`."""

    def __init__(self, tree: Tree, more: str = "") -> None:
        self.tree = tree
        self.port = free_port()
        self.login = tree.account.name
        self.client_key = tree.base / "client_key"
        self._more = more
        self.let_in(paramiko.ECDSAKey.generate())  # one of RSA takes longer to make and to load than all the rest
        self.new_host_key()

    def let_in(self, client: paramiko.PKey) -> None:
        """Have this key, and no other, open the server."""
        client.write_private_key_file(str(self.client_key))
        self.tree.private("authorized_keys", f"{client.get_name()} {client.get_base64()}\n")

    def new_host_key(self, key: paramiko.PKey | None = None) -> str:
        """Give the server another host key; return its fingerprint."""
        key = key or paramiko.ECDSAKey.generate()
        path = self.tree.base / "host_key"
        path.unlink(missing_ok=True)
        key.write_private_key_file(str(path))
        self.tree.own(path)
        self.host_key = key.fingerprint
        return self.host_key

    @property
    def log(self) -> Path:
        return self.tree.base / "sshd.log"

    @contextmanager
    def run(self) -> Iterator[None]:
        need("sshd")
        config = self.tree.private("sshd_config", CONFIG.format(port=self.port, base=self.tree.base, more=self._more))
        command = [os.path.realpath(str(program("sshd"))), "-D", "-e", "-f", config]
        with running(self.tree.account, command, self.port, self.log):
            yield


@contextmanager
def sshd(more: str = "") -> Iterator[Sshd]:
    """A running sshd whose root holds nothing yet."""
    need("sshd")
    tree = Tree(Account())
    try:
        server = Sshd(tree, more)
        with server.run():
            yield server
    finally:
        tree.clear()
