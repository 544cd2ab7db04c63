"""A WebDAV server with TLS on one directory, with one login: server 2 of the demo."""

import threading
from pathlib import Path
from typing import Any, Self

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

_THREADS = 4


class WebDavServer:
    """Serves `root` over HTTPS to who knows login and password. Use as a context manager; port 0 takes a free one."""

    def __init__(self, root: Path, login: str, password: str, certificate: Path, *, host: str, port: int) -> None:
        self._server = _Quiet((host, port), _application(root, login, password), numthreads=_THREADS)
        self._server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(certificate))
        self._server.shutdown_timeout = 2
        self._server.prepare()
        self._thread = threading.Thread(target=self._server.serve, name="WebDAV server", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.bind_addr[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join(5)


class _Quiet(wsgi.Server):
    """Keeps a client's cut connection off the terminal."""

    def error_log(self, *_: object, **__: object) -> None:
        """See `cheroot.server.HTTPServer.error_log`."""


def _application(root: Path, login: str, password: str) -> Any:
    return WsgiDAVApp(
        {
            "provider_mapping": {"/": FilesystemProvider(str(root))},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "simple_dc": {"user_mapping": {"*": {login: {"password": password}}}},
            "dir_browser": {"enable": True},
            "lock_storage": True,
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
