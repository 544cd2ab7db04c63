"""What every route has in common: bodies of a type that it reads, and a stable name of its own in the description.

The app takes the routes as they are: including a router would build each of them anew for every app, which takes a
second at the start of a small gateway.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from heliograph.api.media import require_media_type


def routing(*, dependencies: Sequence[Dependency] = (), **options: Any) -> APIRouter:
    """Make a router; `options` are those of `APIRouter`."""
    return APIRouter(
        dependencies=[Depends(require_media_type), *dependencies],
        generate_unique_id_function=_name,
        strict_content_type=False,
        **options,
    )


def _name(route: APIRoute) -> str:
    return f"{route.tags[0] if route.tags else 'page'}.{route.name}"
