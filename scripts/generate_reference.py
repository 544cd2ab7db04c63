"""Write `docs/reference/` from the tables of the code: variables, columns, files, commands, metrics, operations.

`--check` writes nothing, names the pages that are not current and ends with status 1 when there are any.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reference import commands, config, daq, definitions, environment, files, metrics, rest, schedules, state

ROOT: Final = Path(__file__).resolve().parents[1]
REFERENCE: Final = ROOT / "docs/reference"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "config.md": config.text,
    "daq.md": daq.text,
    "definitions.md": definitions.text,
    "schedules-and-scripts.md": schedules.text,
    "files.md": files.text,
    "gateway-files.md": state.text,
    "commands.md": commands.text,
    "environment.md": environment.text,
    "metrics.md": metrics.text,
    "rest.md": rest.text,
}
BY_HAND: Final = {"index.md"}


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or check them; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is not current")
    check = parser.parse_args(arguments).check
    wanted = {REFERENCE / name: text() for name, text in PAGES.items()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    left_over = [path for path in REFERENCE.glob("*.md") if path not in wanted and path.name not in BY_HAND]
    if check:
        return _report([*stale, *left_over])
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    for path in left_over:
        path.unlink()
    return 0


def _report(stale: list[Path]) -> int:
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is not what the code says: run `make reference`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
