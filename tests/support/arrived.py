"""What a connection brought to a server in memory."""

import gzip

TEN = 1_717_236_000_000


MINUTES = 60_000


def text(bench, number: int, name: str, directory: str = "DATA") -> str:
    return gzip.decompress(bench.content(number, name, directory)).decode()


def only(bench, number: int, directory: str = "DATA") -> str:
    (name,) = bench.names(number, directory)
    return text(bench, number, name, directory)


def dates(content: str) -> list[str]:
    return [line.split(";")[0] for line in content.splitlines() if line[2:3] == "/"]
