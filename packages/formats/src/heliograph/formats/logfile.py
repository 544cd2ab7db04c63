"""Log files, written line by line (spec 3.4): `YYYY-MM-DD HH:MM:SS.mmm;<level>;<service>;<text>`, UTC."""

import datetime as dt


def log_line(time: int, level: str, service: str, text: str) -> str:
    """Return one line. `time` in milliseconds since 1970; line ends and control characters become blanks."""
    moment = dt.datetime.fromtimestamp(time // 1000, dt.UTC)
    flat = "".join(character if character.isprintable() else " " for character in text)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time % 1000:03d};{level};{service};{flat}\n"
