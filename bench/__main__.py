"""Runs the figures named on the command line, or all, and prints one table each."""

import importlib
import pkgutil
import sys
from types import ModuleType

import bench
from bench import Row

VERDICTS = {True: "met", False: "MISSED", None: ""}


def figures() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "FIGURE")}


def table(rows: list[Row]) -> str:
    cells = [("", "measured", "target", "")] + [(r.what, r.value, r.target, VERDICTS[r.met]) for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def main(names: list[str]) -> int:
    known = figures()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no such figure: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or known:
        print(f"\n{known[name].FIGURE} ({name})", flush=True)
        measured = list(known[name].run())
        print(table(measured), flush=True)
        rows += measured
    judged = [row for row in rows if row.met is not None]
    print(f"\n{sum(bool(row.met) for row in judged)} of {len(judged)} targets met")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
