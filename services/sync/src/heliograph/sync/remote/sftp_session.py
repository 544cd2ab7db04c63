"""Opening an SSH session: first the server's host key, then our login (spec 1.9)."""

import io
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import paramiko
from paramiko.ssh_exception import BadAuthenticationType, IncompatiblePeer, PasswordRequiredException

from heliograph.formats.config import FileServer
from heliograph.sync.remote.dial import dial, where, why_unreachable
from heliograph.sync.remote.errors import HostKeyRefused, LoginRefused, Unreachable
from heliograph.sync.remote.names import printable
from heliograph.sync.remote.store import Access, HostKeyPins

FAST_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""Preferred: they encrypt and authenticate in one pass."""
_SILENT = "heliograph.sync.paramiko"
"""paramiko logs each lost line with its traceback; the errors raised here say it in words."""
logging.getLogger(_SILENT).setLevel(logging.CRITICAL + 1)
_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def open_transport(server: FileServer, access: Access, pins: HostKeyPins) -> paramiko.Transport:
    """Return a transport to the pinned server that is logged in. Raises `Unreachable` and its kinds."""
    transport = _trusted(server, pins)
    try:
        _log_in(transport, server, access)
    except BaseException:
        transport.close()
        raise
    return transport


def host_key_of(server: FileServer, pins: HostKeyPins) -> str:
    """Return the fingerprint of the host key that a server shows. Raises `Unreachable`, `HostKeyRefused`."""
    transport = _trusted(server, pins)
    try:
        return str(transport.get_remote_server_key().fingerprint)
    finally:
        transport.close()


def open_sftp(transport: paramiko.Transport, server: FileServer) -> paramiko.Channel:
    """Return a channel on which the server speaks SFTP. Raises `TimeoutError` and whatever paramiko raises."""
    channel = transport.open_session(timeout=server.timeout_seconds)
    channel.settimeout(server.timeout_seconds)
    with _closed_after(transport, server.timeout_seconds):
        channel.invoke_subsystem("sftp")
    return channel


def why_no_sftp(transport: paramiko.Transport, server: FileServer, error: Exception) -> Unreachable:
    """Say why a server that let us in gives no SFTP; the transport has not been closed by us yet."""
    if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError) or "timeout" in str(error).lower():
        return Unreachable(
            f"{where(server)} let us in but did not answer within {server.timeout_seconds:g} s while SFTP was opened; "
            f"check how busy it is, and the line to it"
        )
    said = printable(str(error))
    if not transport.is_active():
        return Unreachable(
            f"{where(server)} let us in but the connection broke while SFTP was opened ({said}); check that the server "
            f"allows SFTP to the login, and the line to it"
        )
    return Unreachable(f"{where(server)} let us in but gives no SFTP ({said}); allow it there")


@contextmanager
def _closed_after(transport: paramiko.Transport, seconds: float) -> Iterator[None]:
    """Close the transport when something that paramiko waits for without a limit takes longer."""
    expired = threading.Event()

    def give_up() -> None:
        expired.set()
        transport.close()

    timer = threading.Timer(seconds, give_up)
    timer.name = "sftp: time limit"
    timer.start()
    try:
        yield
    except (paramiko.SSHException, OSError, EOFError) as error:
        if expired.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        timer.join()


def _trusted(server: FileServer, pins: HostKeyPins) -> paramiko.Transport:
    """Connect; where a server has host keys of several kinds, look at each until the pinned one shows."""
    host = f"{server.address}:{server.port}"
    pinned = server.host_key or pins.pinned(host)
    shown: dict[str, str] = {}
    while (transport := _greeted(server, tuple(shown))) is not None:
        key = transport.get_remote_server_key()
        if not pinned:
            pins.pin(host, key.fingerprint)
            return transport
        if key.fingerprint == pinned.rstrip("="):
            return transport
        transport.close()
        if key.get_name() in shown:
            break
        shown[key.get_name()] = key.fingerprint
    raise HostKeyRefused(
        f"{where(server)} shows the host key {' and '.join(shown.values())}, but {pinned} is pinned; when the server "
        f"was set up anew write its key into HostKey, else somebody may stand between"
    )


def _greeted(server: FileServer, seen: Sequence[str]) -> paramiko.Transport | None:
    """Return a transport whose keys are exchanged, None when all the server's kinds of host key were seen."""
    transport = paramiko.Transport(dial(server))
    try:
        _prepare(transport, server.timeout_seconds, seen)
        transport.start_client(timeout=server.timeout_seconds)
        transport.get_remote_server_key()
    except IncompatiblePeer as error:
        transport.close()
        if seen:
            return None
        raise Unreachable(f"{where(server)} and the gateway share no SSH algorithm: {printable(str(error))}") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        transport.close()
        raise _no_ssh(server, error) from error
    return transport


def _prepare(transport: paramiko.Transport, timeout: float, seen: Sequence[str]) -> None:
    transport.set_log_channel(_SILENT)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout
    transport.channel_timeout = transport.clear_to_send_timeout = timeout
    options = transport.get_security_options()
    options.ciphers = (*FAST_CIPHERS, *(cipher for cipher in options.ciphers if cipher.endswith("-ctr")))
    options.key_types = tuple(kind for kind in options.key_types if kind not in seen and not _is_rsa(kind, seen))


def _is_rsa(kind: str, seen: Sequence[str]) -> bool:
    return kind.startswith("rsa-") and "ssh-rsa" in seen


def _no_ssh(server: FileServer, error: Exception) -> Exception:
    if isinstance(error, paramiko.SSHException) and not isinstance(error.__cause__, OSError):
        said = printable(str(error))
        return Unreachable(f"{where(server)} does not answer as an SSH server ({said}); check Address and Port")
    return why_unreachable(server, error)


def _log_in(transport: paramiko.Transport, server: FileServer, access: Access) -> None:
    variable = "Password" if access.private_key is None else "KeyFile"
    try:
        if access.private_key is None:
            transport.auth_password(server.login, access.password)
        else:
            _log_in_with_key(transport, server, access.private_key, access.password)
    except BadAuthenticationType as error:
        offered = printable(", ".join(error.allowed_types))
        raise LoginRefused(
            f"{where(server)} refused the login {server.login} by {variable}; it takes: {offered}"
        ) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        if not isinstance(error, paramiko.AuthenticationException) or _went_away(transport, error):
            raise Unreachable(f"{where(server)} broke off during the login: {printable(str(error))}") from error
        raise LoginRefused(f"{where(server)} refused the login {server.login}; check Login and {variable}") from error
    if not transport.is_authenticated():
        raise LoginRefused(f"{where(server)} wants more than {variable} for the login {server.login}")


def _log_in_with_key(transport: paramiko.Transport, server: FileServer, content: bytes, password: str) -> None:
    key, encrypted = _load_key(server, content, password)
    further = transport.auth_publickey(server.login, key)
    # A password that opened the key is no password of the server's and is never sent to it.
    if further and not encrypted:
        transport.auth_password(server.login, password)


def _load_key(server: FileServer, content: bytes, password: str) -> tuple[paramiko.PKey, bool]:
    text = content.decode("ascii", "replace")
    for kind in _KEYS:
        try:
            return kind.from_private_key(io.StringIO(text)), False
        except PasswordRequiredException:
            return _decrypted(server, kind, text, password), True
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise LoginRefused(f"KeyFile {server.key_file} holds no Ed25519, ECDSA or RSA private key; replace it")


def _decrypted(server: FileServer, first: type[paramiko.PKey], text: str, password: str) -> paramiko.PKey:
    for kind in (first, *_KEYS):
        try:
            return kind.from_private_key(io.StringIO(text), password=password)
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise LoginRefused(f"KeyFile {server.key_file} is encrypted and Password does not open it")


def _went_away(transport: paramiko.Transport, error: Exception) -> bool:
    return not transport.is_active() or "timeout" in str(error).lower()
