"""The secrets that are in use, so that no text from outside carries one on: a server may quote what it was sent. Pure.

Our own lines hold none. What a server answers goes into the log, the history and the debug bundle through `hide`.
"""

import base64
import re
import threading
from collections.abc import Collection
from typing import Final
from urllib.parse import quote

from heliograph.formats.secrets import HIDDEN, is_reference

SHORT: Final = 4
"""A shorter secret is hidden where it stands as a word alone: inside other words it tells nothing."""


class Concealed:
    """Remembers secrets and hides them. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secret: str, login: str = "") -> None:
        """Hide this from now on, also as an address or a header of HTTP would hold it."""
        if not secret or is_reference(secret):
            return
        joined = " ".join(secret.split())
        headers = [base64.b64encode(f"{login}:{secret}".encode(code, "replace")).decode() for code in _CODES]
        with self._lock:
            forms = {secret, joined, quote(secret), quote(secret, safe=""), repr(secret)[1:-1], *headers} - {""}
            if not forms <= self._secrets:
                self._secrets |= forms
                self._pattern = _pattern(self._secrets)

    def hide(self, text: str) -> str:
        """Return a text without any of the secrets."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(HIDDEN, text)


_CODES: Final = ("utf-8", "latin-1")


def _pattern(secrets: Collection[str]) -> re.Pattern[str]:
    return re.compile("|".join(_alone(secret) for secret in sorted(secrets, key=len, reverse=True)))


def _alone(secret: str) -> str:
    found = re.escape(secret)
    return rf"(?<!\w){found}(?!\w)" if len(secret) < SHORT else found
