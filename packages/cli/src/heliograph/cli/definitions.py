"""The definitions of a directory, each read and checked when a data file first names it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from heliograph.formats import parse_definition
from heliograph.formats.definition import Definition
from heliograph.formats.findings import Finding, Severity
from heliograph.runtime.setdirectory import FILE_LIMIT, read_limited


class DefinitionDirectory(Mapping[str, Definition]):
    """Definitions by file name, from a directory or its sub-directory `DEF`. Those with errors are not there."""

    def __init__(self, directory: Path) -> None:
        self.findings: list[Finding] = []
        """About the definitions that were asked for."""
        self._paths = {
            name: folder / name
            for folder in (directory / "DEF", directory)
            if folder.is_dir()
            for name in _names(folder)
        }
        self._read: dict[str, Definition | None] = {}

    def __getitem__(self, name: str) -> Definition:
        if name not in self._read:
            self._read[name] = self._parse(name, self._paths[name])
        definition = self._read[name]
        if definition is None:
            raise KeyError(name)
        return definition

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def _parse(self, name: str, path: Path) -> Definition | None:
        try:
            content = read_limited(path, FILE_LIMIT)
        except OSError as error:
            self.findings.append(Finding(str(path), 1, 1, Severity.ERROR, f"can't be read: {error.strerror}"))
            return None
        definition, findings = parse_definition(content, name)
        self.findings += [Finding(str(path), f.line, f.column, f.severity, f.text) for f in findings]
        return definition


def _names(folder: Path) -> list[str]:
    """The plain files of a folder; opening anything else might never return. Raises `OSError`."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_file()]
