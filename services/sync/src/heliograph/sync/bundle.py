"""What a debug bundle holds and how it is packed: texts for a person far away, without secrets (spec 3.4). Pure.

Beyond its size the oldest lines of the log go first, then whole files, the largest first; what went is said.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from heliograph.formats.archive import is_relative, pack_tar
from heliograph.formats.secrets import mask_secrets

PACKED_BYTES: Final = 8 * 1024 * 1024
LOG: Final = "log.txt"
README: Final = "README.txt"
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_KEY_LEFT_OUT: Final = "(a private key stood here)"
_TOLD: Final = """\
What a Heliograph gateway knew of itself when this was made. It holds no passwords and no private keys.

configuration/    the set in force; passwords read ***
revisions/        list.json, and what each revision changed
states/           what each service last said of itself
status.json       the status document made of these
connections.json  the last connections to the servers, newest first
versions.json     of the gateway, its libraries, the broker and the machine
log.txt           the last lines of the log, oldest first, UTC
"""


def shown_file(path: str, content: str, keys: frozenset[str] = frozenset()) -> str | None:
    """Return a file of the set without secrets; None for one that is a private key. `keys` are the names of such."""
    folder, _, name = path.partition("/")
    if name in keys:
        return None
    if folder == "CERT":
        return "".join(f"{found}\n" for found in _CERTIFICATE.findall(content)) or None
    return mask_secrets(without_keys(content))


def without_keys(content: str) -> str:
    """Return a text with private keys left out, where somebody put one by mistake."""
    return _KEY.sub(_KEY_LEFT_OUT, content)


def pack_bundle(
    name: str, files: Mapping[str, str], lines: Sequence[str], modified: int, limit: int = PACKED_BYTES
) -> bytes:
    """Return the `.tar.gz` of texts by their paths, all in one folder `name`, of at most `limit` bytes.

    `lines` are the log, oldest first; `modified` is the time of each file in seconds since 1970.
    """
    kept, rest = list(lines), {path: text for path, text in files.items() if is_relative(path)}
    gone = sorted(set(files) - set(rest))
    while True:
        log = [f"({len(lines) - len(kept)} older lines left out: the bundle is full)\n"] * (len(kept) < len(lines))
        left_out = [f"left out, the bundle is full: {path!r}\n" for path in gone]
        texts = {**rest, LOG: "".join([*log, *kept]), README: "".join([_TOLD, *left_out])}
        packed = pack_tar({f"{name}/{path}": text.encode(errors="replace") for path, text in texts.items()}, modified)
        if len(packed) <= limit or not (kept or rest):
            return packed
        if kept:
            kept = kept[len(kept) // 2 + 1 :]
        else:
            gone.append(max(rest, key=lambda path: (len(rest[path]), path)))
            del rest[gone[-1]]
