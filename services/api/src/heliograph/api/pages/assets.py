"""Style sheet, script and picture of the page: read once, served from memory, from this machine alone.

What others wrote lies in `static/vendor`, put there by `scripts/vendor-assets`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    media_type: str
    etag: str


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"')


ASSETS: Final = {
    path.name: _read(path) for path in sorted((Path(__file__).parent / "static").rglob("*")) if path.suffix in _TYPES
}
"""By file name."""
