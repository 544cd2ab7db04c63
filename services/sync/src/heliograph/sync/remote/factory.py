"""The one place that knows which adapter serves which type of server."""

from heliograph.formats.config import FileServer, ServerType
from heliograph.sync.remote.ftp import FtpStore
from heliograph.sync.remote.sftp import SftpStore
from heliograph.sync.remote.store import Access, HostKeyPins, RemoteStore
from heliograph.sync.remote.webdav import WebdavStore


def open_store(server: FileServer, access: Access, pins: HostKeyPins) -> RemoteStore:
    """Return a store that is opened by `with`; nothing is sent before that."""
    match server.type:
        case ServerType.SFTP:
            return SftpStore(server, access, pins)
        case ServerType.FTP | ServerType.FTPS:
            return FtpStore(server, access)
        case ServerType.WEBDAV:
            return WebdavStore(server, access)
        case ServerType.NONE | ServerType.MQTT | ServerType.MQTTS:
            raise ValueError(f"a server of type {server.type} takes no files")
