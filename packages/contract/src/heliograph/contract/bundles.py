"""A debug bundle on its way: how far it is, its stop, and its parts for who downloads it (spec 3.4)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from heliograph.contract.identifiers import Milliseconds, Payload
from heliograph.contract.requests import Outcome


class BundleStage(StrEnum):
    """How far a debug bundle is."""

    GATHERING = "gathering"
    PACKING = "packing"
    MADE = "made"
    STOPPED = "stopped"


class BundleState(Payload):
    """The debug bundle that is being made, or the last one."""

    stage: BundleStage
    origin: str
    """Who asked for it."""
    asked: Milliseconds
    name: str = ""
    """Of the file, once it is made."""
    bytes: int = 0
    servers: tuple[Literal[1, 2], ...] = ()
    """Those that get it."""
    waiting: tuple[Literal[1, 2], ...] = ()
    """Those of them that do not have it yet."""


class StopBundle(Payload):
    """End the debug bundle that is being made, or take back one that no server has begun to get."""


class BundlePartRequest(Payload):
    """Ask for a part of the last debug bundle."""

    name: str
    offset: Annotated[int, Field(ge=0)] = 0


class BundlePart(Outcome):
    """A part of it."""

    content: Annotated[str, Field(repr=False)] = ""
    """Base64; empty at the end."""
    total: int = 0
    """Bytes of the whole."""
