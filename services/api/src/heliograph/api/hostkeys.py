"""The fingerprint of a server's public key, as `HostKey` has it (spec 1.9), out of what a person gives. Pure."""

import base64
import binascii
import hashlib
import re
from typing import Final

from heliograph.api.tested import HostKey

_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_KEY: Final = re.compile(r"(?P<type>(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+)[ \t]+(?P<blob>[A-Za-z0-9+/]+={0,2})(?:\s|$)")
_PRIVATE: Final = "PRIVATE KEY"


def host_key(text: str) -> HostKey:
    """Return the fingerprint. Raises `ValueError` with a text for people."""
    if _PRIVATE in text:
        raise ValueError("this is a private key, which stays on the server: its public key is wanted")
    if known := _FINGERPRINT.search(text):
        return HostKey(fingerprint=known[0])
    found = _KEY.search(text)
    if found is None:
        raise ValueError("a fingerprint SHA256:… is wanted, or a line as ssh-keyscan prints it: ssh-ed25519 AAAA…")
    try:
        blob = base64.b64decode(found["blob"], validate=True)
    except binascii.Error:
        blob = b""
    kind = found["type"].encode()
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind) or len(blob) < 4 + len(kind) + 32:
        raise ValueError("the key is damaged or cut off: copy the whole line")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return HostKey(fingerprint=f"SHA256:{digest}", type=found["type"])
