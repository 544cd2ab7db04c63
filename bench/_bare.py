"""The baseline of what the api serves: a bare FastAPI app in the same server, with answers of any size."""

import asyncio
import sys

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

from heliograph.api.server import listen, serve

app = FastAPI()


@app.get("/bytes/{size}")
async def page(size: int) -> HTMLResponse:
    head, line, tail = (
        "<!doctype html><title>Bare</title><table>",
        "<tr><td>A line<td>of text<td>42.1</tr>\n",
        "</table>",
    )
    room = max(0, size - len(head) - len(tail))
    return HTMLResponse(head + (line * (room // len(line) + 1))[:room] + tail)


@app.get("/json/{size}")
async def document(size: int) -> Response:
    return Response(b'"' + b"x" * max(0, size - 2) + b'"', media_type="application/json")


async def main(port: int) -> None:
    await serve(app, listen("127.0.0.1", port), asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
