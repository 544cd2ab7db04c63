"""vsftpd as a peer, plain and with TLS."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.certificates import Authority
from support.ports import free_port
from support.servers import Account, Tree, need, program, running

LOGIN = "anonymous"
"""A server that an ordinary user runs has no other accounts; its passwords are those of a list."""
PASSWORD = "Sonne-2024"
NAMES = ("localhost", "127.0.0.1", "::1")
CONFIG = """
listen={v4}
listen_ipv6={v6}
{address}
listen_port={port}
background=NO
run_as_launching_user=YES
anonymous_enable=YES
local_enable=NO
secure_email_list_enable=YES
email_password_file={base}/passwords
anon_root={root}
anon_umask=022
anon_world_readable_only=NO
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_mkdir_write_enable=NO
allow_writeable_chroot=YES
connect_from_port_20=NO
xferlog_enable=YES
vsftpd_log_file={base}/transfers.log
log_ftp_protocol=YES
seccomp_sandbox=NO
ftp_username={user}
nopriv_user={user}
pasv_address={pasv}
port_promiscuous=NO
{more}
"""
TLS = """
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
rsa_cert_file={base}/server.pem
rsa_private_key_file={base}/server.key
require_ssl_reuse=YES
ssl_ciphers=HIGH
ssl_sslv2=NO
ssl_sslv3=NO
ssl_tlsv1=YES
"""


class Vsftpd:
    """One vsftpd with its files."""

    login = LOGIN
    password = PASSWORD

    def __init__(
        self, tree: Tree, *, tls: bool = False, ipv6: bool = False, more: str = "", names: Sequence[str] = NAMES
    ) -> None:
        self.tree = tree
        self.port = free_port()
        self.tls = tls
        self.host = "::1" if ipv6 else "127.0.0.1"
        self.authority = Authority()
        self._more = more + (TLS.format(base=tree.base) if tls else "")
        tree.private("passwords", PASSWORD + "\n")
        self.certify(*names)

    def certify(self, *names: str, days: int = 30) -> None:
        """Give the server another certificate, from its next start on."""
        for path in self.authority.write(self.tree.base, *names, days=days):
            self.tree.own(path)

    def config(self) -> str:
        ipv6 = ":" in self.host
        return CONFIG.format(
            v4="NO" if ipv6 else "YES",
            v6="YES" if ipv6 else "NO",
            address=f"listen_address6={self.host}" if ipv6 else f"listen_address={self.host}",
            port=self.port,
            base=self.tree.base,
            root=self.tree.root,
            user=self.tree.account.name,
            pasv="127.0.0.1",
            more=self._more,
        )

    @property
    def log(self) -> Path:
        return self.tree.base / "transfers.log"

    @contextmanager
    def run(self) -> Iterator[None]:
        config = self.tree.private("vsftpd.conf", self.config())
        self.tree.private("transfers.log", "")
        said = self.tree.base / "vsftpd.log"
        with running(self.tree.account, [program("vsftpd"), config], self.port, said, self.host):
            yield

    @contextmanager
    def again(self, *names: str, days: int = 30) -> Iterator[None]:
        """Run a second time, on another port, with another certificate."""
        self.certify(*names, days=days)
        self.port = free_port()
        with self.run():
            yield


@contextmanager
def vsftpd(*, tls: bool = False, ipv6: bool = False, more: str = "", names: Sequence[str] = NAMES) -> Iterator[Vsftpd]:
    """A running vsftpd whose root holds nothing yet."""
    need("vsftpd")
    tree = Tree(Account())
    try:
        server = Vsftpd(tree, tls=tls, ipv6=ipv6, more=more, names=names)
        with server.run():
            yield server
    finally:
        tree.clear()
