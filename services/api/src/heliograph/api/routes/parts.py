"""What routes take from the app: the view and the parts beside it."""

from typing import Annotated

from fastapi import Depends, Request

from heliograph.api.access import Access
from heliograph.api.auth import Book
from heliograph.api.lookback.download import Downloads
from heliograph.api.metrics import Figures
from heliograph.api.pages import Pages
from heliograph.api.sent import Sent
from heliograph.api.stream import Hub
from heliograph.api.view import View


async def _view(request: Request) -> View:
    view: View = request.app.state.view
    return view


async def _figures(request: Request) -> Figures:
    figures: Figures = request.app.state.figures
    return figures


async def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


async def _sent(request: Request) -> Sent:
    sent: Sent = request.app.state.sent
    return sent


async def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


async def _book(request: Request) -> Book:
    access: Access = request.app.state.access
    return access.book


async def _downloads(request: Request) -> Downloads:
    downloads: Downloads = request.app.state.downloads
    return downloads


async def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


TheView = Annotated[View, Depends(_view)]
TheFigures = Annotated[Figures, Depends(_figures)]
ThePages = Annotated[Pages, Depends(_pages)]
TheSent = Annotated[Sent, Depends(_sent)]
TheHub = Annotated[Hub, Depends(_hub)]
TheBook = Annotated[Book, Depends(_book)]
TheDownloads = Annotated[Downloads, Depends(_downloads)]
TheAccess = Annotated[Access, Depends(_access)]
