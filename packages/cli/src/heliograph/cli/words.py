"""Times as people read them: on the clock of the machine that they sit at."""

import datetime as dt


def moment(milliseconds: int) -> str:
    """Return a date and a time of day to the second."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
