"""`/problems/{slug}`: what the type of a problem document means, for people."""

from typing import Annotated

from fastapi import Path
from starlette.responses import HTMLResponse

from heliograph.api.errors import NotThere
from heliograph.api.explanations import EXPLANATIONS
from heliograph.api.routes.parts import ThePages
from heliograph.api.routes.routing import routing

router = routing(include_in_schema=False)


@router.get("/problems/{slug}")
async def explained(slug: Annotated[str, Path(max_length=40)], pages: ThePages) -> HTMLResponse:
    """One type of problem. Open to everybody."""
    text = EXPLANATIONS.get(slug)
    if text is None:
        raise NotThere(f"There is no problem of this type; there are: {', '.join(EXPLANATIONS)}.")
    return HTMLResponse(pages.renderer.render("problem", {"title": slug.replace("-", " ").capitalize(), "text": text}))
