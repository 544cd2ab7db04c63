"""Certificates and private keys that a local edit brings, judged before anything of it comes in force. Pure.

A set from elsewhere is not judged so: what stands in it was used before, and a connection says what is wrong with it.
"""

import base64
import binascii
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from heliograph.formats.config import MqttServer, Server
from heliograph.formats.fields import base_name
from heliograph.formats.findings import Finding, Severity
from heliograph.formats.secrets import check_reference, is_reference
from heliograph.sync.clientcert import load_client

KEYS: Final = "KEY"
"""What stands for a folder in findings about keys: they are in none."""
KEY_BYTES: Final = 64 * 1024
_KEY: Final = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]*PRIVATE KEY)-----(?P<body>.*?)-----END (?P=kind)-----", re.DOTALL
)
_ANY_KEY: Final = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")


def certificate_findings(files: Mapping[str, bytes], before: Mapping[str, bytes]) -> Iterator[Finding]:
    """Tell of each file of `CERT` that is new or changed why it is no certificate."""
    for path, content in files.items():
        if path.startswith("CERT/") and before.get(path) != content and (fault := _certificate_fault(content)):
            yield _error(path, fault)


def key_findings(keys: Mapping[str, str], known: Mapping[str, bytes | None]) -> Iterator[Finding]:
    """Tell of each key why it cannot be kept; `known` are those that are kept under these names already."""
    for name, text in keys.items():
        if fault := _name_fault(name) or _key_fault(text):
            yield _error(f"{KEYS}/{name[:100]}", fault)
        elif known.get(name) not in (None, text.encode()):
            yield _error(
                f"{KEYS}/{name}", "another key is kept under this name, an older revision needs it: give another name"
            )


def pair_findings(
    servers: Iterable[Server], files: Mapping[str, bytes], keys: Mapping[str, bytes | None], given: Mapping[str, str]
) -> Iterator[Finding]:
    """Tell where a client's certificate and its key, one of them given, do not belong together."""
    for server in servers:
        name = server.key_file.removeprefix("file:")
        if not isinstance(server, MqttServer) or not server.cert_file or name not in given:
            continue
        certificate, key = files.get(f"CERT/{server.cert_file}"), keys.get(name)
        if certificate and key and not _is_pair(certificate, key):
            which = f"CERT/{server.cert_file}"
            text = f"it is not the key of {which}, or it has a passphrase: give two that belong together"
            yield _error(f"{KEYS}/{name}", text)


def _certificate_fault(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    if _ANY_KEY.search(text):
        return (
            "a private key stands in it, and CERT goes to the servers: give the certificate here and the key by itself"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return "it holds no certificate in PEM form: the lines from -----BEGIN CERTIFICATE----- to its END are wanted"
    return ""


def _name_fault(name: str) -> str:
    try:
        base_name(name)
        check_reference(f"file:{name}")
    except ValueError as error:
        return str(error)
    return "" if is_reference(f"file:{name}") else "a plain file name is wanted"


def _key_fault(text: str) -> str:
    if len(text.encode()) > KEY_BYTES:
        return f"it is longer than {KEY_BYTES} bytes"
    found = _KEY.search(text)
    if found is None:
        return "it is no private key in PEM form: the lines from -----BEGIN … PRIVATE KEY----- to its END are wanted"
    body = re.split(r"\r?\n\r?\n", found["body"])[-1]  # after the headers, where it has some
    try:
        whole = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error:
        whole = b""
    return "" if whole else "its lines are damaged: copy the whole file"


def _is_pair(certificate: bytes, key: bytes) -> bool:
    try:
        load_client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate, key)
    except (ssl.SSLError, OSError, ValueError):
        return False
    return True


def _error(path: str, text: str) -> Finding:
    return Finding(path, 1, 1, Severity.ERROR, text)
