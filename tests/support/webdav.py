"""Apache with mod_dav as a peer, with TLS or without."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.certificates import Authority
from support.ports import free_port
from support.servers import Account, Tree, need, program, running

LOGIN = "gateway"
PASSWORD = "Wolke;7=ä"
MODULES = (
    "mpm_event",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_user",
    "auth_basic",
    "auth_digest",
    "dav",
    "dav_fs",
    "ssl",
    "socache_shmcb",
    "setenvif",
)
CONFIG = """
ServerName localhost
ServerRoot {base}
DefaultRuntimeDir {base}
PidFile {base}/apache.pid
Mutex pthread
ErrorLog {base}/error.log
LogLevel warn
Listen 127.0.0.1:{port}
{modules}
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
KeepAlive On
KeepAliveTimeout 5
MaxKeepAliveRequests 100000
DocumentRoot {root}
DavLockDB {base}/locks
LimitXMLRequestBody 1000000
<Directory {root}>
  Dav On
  AuthType {auth}
  AuthName gateway
  AuthUserFile {base}/users.{auth}
  Require valid-user
</Directory>
{tls}
{more}
"""
TLS = """
SSLEngine on
SSLCertificateFile {base}/server.pem
SSLCertificateKeyFile {base}/server.key
SSLSessionCache none
"""


class Apache:
    """One Apache with its files."""

    login = LOGIN
    password = PASSWORD

    def __init__(self, tree: Tree, *, tls: bool = True, auth: str = "Basic", more: str = "") -> None:
        self.tree = tree
        self.port = free_port()
        self.tls = tls
        self.authority = Authority()
        self._auth = auth
        self._more = more
        self.certify("localhost", "127.0.0.1")

    def certify(self, *names: str, days: int = 30) -> None:
        """Give the server another certificate, from its next start on."""
        for path in self.authority.write(self.tree.base, *names, days=days):
            self.tree.own(path)

    @property
    def log(self) -> Path:
        return self.tree.base / "error.log"

    def config(self) -> str:
        return CONFIG.format(
            base=self.tree.base,
            root=self.tree.root,
            port=self.port,
            auth=self._auth,
            modules="\n".join(f"LoadModule {name}_module {_module(name)}" for name in MODULES),
            tls=TLS.format(base=self.tree.base) if self.tls else "",
            more=self._more,
        )

    @contextmanager
    def run(self) -> Iterator[None]:
        need("apache2")
        self.tree.own(self.tree.base)
        self.tree.private("users.Basic", f"{LOGIN}:{{SHA}}{_sha1(PASSWORD)}\n")
        self.tree.private("users.Digest", f"{LOGIN}:gateway:{_md5(f'{LOGIN}:gateway:{PASSWORD}')}\n")
        config = self.tree.private("apache.conf", self.config())
        command = [program("apache2"), "-f", config, "-D", "FOREGROUND", "-k", "start"]
        with running(self.tree.account, command, self.port, self.tree.base / "apache.log"):
            yield


@contextmanager
def apache(*, tls: bool = True, auth: str = "Basic", more: str = "") -> Iterator[Apache]:
    """A running Apache whose root holds nothing yet."""
    need("apache2")
    tree = Tree(Account())
    try:
        server = Apache(tree, tls=tls, auth=auth, more=more)
        with server.run():
            yield server
    finally:
        tree.clear()


def _module(name: str) -> Path:
    return Path("/usr/lib/apache2/modules") / f"mod_{name}.so"


def _sha1(text: str) -> str:
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
