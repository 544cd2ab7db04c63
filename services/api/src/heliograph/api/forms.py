"""Forms of a page as browsers send them, and the places on this gateway that they may lead to."""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request

from heliograph.api.editing import read_body
from heliograph.api.errors import Unfit, Unreadable
from heliograph.api.media import media_type

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 16


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form. Raises what becomes a problem document."""
    if media_type(request) != _FORM:
        raise Unfit(f"A form is expected here: {_FORM}.")
    body = await read_body(request)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Unreadable("This is no form in UTF-8.") from error
    return dict(fields)


def local_path(wanted: str) -> str:
    """A path on this gateway, as it was given; the first page for anything else."""
    parts = urlsplit(wanted) if wanted.isprintable() and "\\" not in wanted else None
    is_local = parts is not None and not parts.scheme and not parts.netloc and wanted.startswith("/")
    return wanted if is_local and not wanted.startswith("//") else "/"
