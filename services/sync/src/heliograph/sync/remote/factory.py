"""The one place that knows which adapter serves which type of server."""

from heliograph.formats.config import FileServer, ServerType
from heliograph.sync.remote.store import Access, HostKeyPins, RemoteStore


def open_store(server: FileServer, access: Access, pins: HostKeyPins) -> RemoteStore:
    """Return a store that is opened by `with`; nothing is sent before that.

    Only the library of the server at hand is loaded: each takes memory that a gateway has better use for.
    """
    match server.type:
        case ServerType.SFTP:
            from heliograph.sync.remote.sftp import SftpStore  # noqa: PLC0415  # see above

            return SftpStore(server, access, pins)
        case ServerType.FTP | ServerType.FTPS:
            from heliograph.sync.remote.ftp import FtpStore  # noqa: PLC0415  # see above

            return FtpStore(server, access)
        case ServerType.WEBDAV:
            from heliograph.sync.remote.webdav import WebdavStore  # noqa: PLC0415  # see above

            return WebdavStore(server, access)
        case ServerType.NONE | ServerType.MQTT | ServerType.MQTTS:
            raise ValueError(f"a server of type {server.type} takes no files")
