"""The files of records that can be downloaded: begun here, so that what is wrong is told before the first byte."""

import datetime as dt
import re
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Final

from heliograph.api.lookback import csvtext, download, parquet
from heliograph.api.lookback.asking import Span, parts, zone_of
from heliograph.api.lookback.download import Download, Downloads
from heliograph.api.models import Device
from heliograph.api.view import View


class Form(StrEnum):
    """What a file is."""

    CSV = "csv"
    PARQUET = "parquet"


AT_ONCE: Final = {Form.CSV: 2, Form.PARQUET: 1}
"""For Parquet there is a process with a hundred megabytes."""


class AllDownloads(dict[Form, Downloads]):
    """The downloads of each form of records, and those of debug bundles."""

    def __init__(self) -> None:
        super().__init__({form: Downloads(most) for form, most in AT_ONCE.items()})
        self.bundles = Downloads(2)


async def begin(view: View, all_downloads: AllDownloads, index: str, span: Span, form: Form) -> Download:
    """Begin a file with its first piece. Raises `NotThere`, `Refused`, `Silent`."""
    device = view.device(index)
    pieces, name = _pieces(view, device, span, form), _name(view, device, span, form)
    media_type = csvtext.MEDIA_TYPE if form is Form.CSV else parquet.MEDIA_TYPE
    return await download.begin(all_downloads[form], pieces, media_type, name)


def _pieces(view: View, device: Device, span: Span, form: Form) -> AsyncGenerator[bytes]:
    found, zone = parts(view, device.index, span), zone_of(view)
    if form is Form.CSV:
        return csvtext.csv_pieces(found, zone)
    about = {"gateway": _uid(view), "device": device.index, "device_name": device.name, "time_zone": zone}
    return parquet.parquet_pieces(found, about)


def _name(view: View, device: Device, span: Span, form: Form) -> str:
    """Name a file after gateway, device and span, with harmless letters alone."""
    days = [dt.datetime.fromtimestamp(ms / 1000, dt.UTC).strftime("%y%m%d_%H%M%S") for ms in (span.begin, span.end)]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{_uid(view)}_{device.index}_{device.name}").strip("-")[:100]
    return f"{plain}_{days[0]}_{days[1]}.{form}"


def _uid(view: View) -> str:
    return view.revision.uid if view.revision else ""
