"""The directory tree of a server (spec 1.3), made beforehand: a gateway never creates directories."""

from pathlib import Path

DIRECTORIES = ("CONFIG", "DEF", "SCRIPT", "CERT", "DATA", "CMD", "ALARM", "LOG", "BIN")


def make_tree(root: Path) -> Path:
    """Make every directory that a gateway expects below `root`; return `root`."""
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    return root
