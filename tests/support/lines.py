"""Real servers behind a proxy that plays the line to them: `line` gives each kind in turn."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.ftp import vsftpd
from support.ports import free_ports
from support.proxy import Proxy, proxy
from support.remote import DiskPeer, of_apache, of_sshd, of_vsftpd
from support.sftp import sshd
from support.webdav import apache

PROXY_HOST = "127.0.0.2"
DATA_PORTS = 12


@contextmanager
def _sftp() -> Iterator[tuple[DiskPeer, Proxy]]:
    with sshd() as server, proxy(server.port) as between:
        yield of_sshd(server), between


def ftp_line(*, tls: bool):
    @contextmanager
    def start() -> Iterator[tuple[DiskPeer, Proxy]]:
        ports = free_ports(DATA_PORTS)
        more = f"pasv_min_port={ports[0]}\npasv_max_port={ports[-1]}"
        with vsftpd(tls=tls, more=more, names=(PROXY_HOST,)) as server, proxy(server.port, *ports) as between:
            yield of_vsftpd(server), between

    return start


def _webdav(*, tls: bool):
    @contextmanager
    def start() -> Iterator[tuple[DiskPeer, Proxy]]:
        with apache(tls=tls, names=("localhost", PROXY_HOST)) as server, proxy(server.port) as between:
            yield of_apache(server), between

    return start


LINES = {
    "sftp": _sftp,
    "ftp": ftp_line(tls=False),
    "ftps": ftp_line(tls=True),
    "webdav": _webdav(tls=True),
    "webdav-plain": _webdav(tls=False),
}


@pytest.fixture(params=LINES)
def line(request):
    with LINES[request.param]() as both:
        yield both
