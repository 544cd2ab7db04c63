"""Apache with mod_dav as a peer, with TLS or without."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
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
    "alias",
)
CONFIG = """
ServerName localhost
ServerRoot {base}
DefaultRuntimeDir {base}
PidFile {base}/{port}.pid
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
  Dav {dav}
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

    def __init__(
        self,
        tree: Tree,
        *,
        tls: bool = True,
        auth: str = "Basic",
        dav: str = "On",
        more: str = "",
        modules: Sequence[str] = (),
        names: Sequence[str] = ("localhost", "127.0.0.1"),
    ) -> None:
        self.tree = tree
        self.port = free_port()
        self.tls = tls
        self.authority = Authority()
        self._auth = auth
        self._dav = dav
        self._more = more
        self._modules = (*MODULES, *modules)
        self.certify(*names)

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
            dav=self._dav,
            modules="\n".join(f"LoadModule {name}_module {_module(name)}" for name in self._modules),
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
    def again(self, *names: str, days: int = 30) -> Iterator[None]:
        """Run a second time, on another port, with another certificate."""
        self.certify(*names, days=days)
        self.port = free_port()
        with self.run():
            yield


@contextmanager
def apache(
    *,
    tls: bool = True,
    auth: str = "Basic",
    dav: str = "On",
    more: str = "",
    modules: Sequence[str] = (),
    names: Sequence[str] = ("localhost", "127.0.0.1"),
) -> Iterator[Apache]:
    """A running Apache whose root holds nothing yet."""
    need("apache2")
    tree = Tree(Account())
    try:
        server = Apache(tree, tls=tls, auth=auth, dav=dav, more=more, modules=modules, names=names)
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
