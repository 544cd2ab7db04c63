"""Every list that can grow comes in pages alike: `limit`, where to go on, and the next page's address twice."""

from heliograph.contract.channels import ROWS
from heliograph.contract.recorded import RowsAnswer, RowsRequest
from support.described import operations, resolved

BOUNDED = {
    "/api/v1/devices": "of the configuration",
    "/api/v1/definitions": "of the set and the library",
    "/api/v1/devices/{index}/variables": "of one definition",
    "/api/v1/devices/{index}/series": "2,000 points at most",
    "/api/v1/support-bundle": "both servers at most",
    "/api/v1/servers/tests/newest": "steps of one test",
    "/api/v1/servers/tests/{test}": "steps of one test",
    "/api/v1/schedules/next": "100 at most, by `count`",
    "/api/v1/configuration": "findings of one set",
    "/api/v1/configuration/files": "of the configuration",
    "/api/v1/configuration/revisions/{number}": "files of the configuration",
    "/api/v1/certificates": "of the configuration",
    "/api/v1/commands/{identity}": "1,000 of one text at most",
    "/api/v1/built-in-commands": "of the language",
    "/api/v1/detections": "the newest",
    "/api/v1/detections/{key}": "what one search found",
    "/api/v1/scripts": "of the configuration",
    "/api/v1/set-points": "of the variables of the configuration",
    "/api/v1/accounts": "32 at most",
    "/api/v1/sessions": "64 at most",
    "/api/v1/tokens": "64 at most",
    "/api/v1/status": "of the configuration and the services",
    "/api/v1/plant": "of the devices",
}
"""Lists that cannot grow without end, and what bounds them."""
ON = {"/api/v1/devices/{index}/records": "begin"}
"""What says where to go on, where it is not `before`: these are the oldest first."""


def listed(operation) -> bool:
    """Whether a read answers with a list."""
    schema = operation.good[1]["content"].get("application/json", {}).get("schema", {})
    fields = resolved(schema).get("properties", {})
    return operation.method == "get" and any(field.get("type") == "array" for field in fields.values())


def test_every_list_comes_in_pages_or_is_bounded():
    lists = {operation.path for operation in operations() if listed(operation)}
    paged = {operation.path for operation in operations() if "limit" in operation.parameters}
    assert paged == lists - set(BOUNDED)
    assert set(BOUNDED) <= lists, "what is bounded is still a list"
    assert len(paged) >= 7


def test_pages_are_alike():
    for operation in operations():
        if "limit" not in operation.parameters:
            continue
        by = ON.get(operation.path, "before")
        limit = next(told for told in operation.told["parameters"] if told["name"] == "limit")["schema"]
        fields = resolved(operation.good[1]["content"]["application/json"]["schema"])["properties"]
        assert (limit["minimum"], limit["maximum"]) == (1, 1000)
        assert by in operation.parameters, operation
        assert "next" in fields
        assert "Link" in operation.headers("200")


async def test_records_name_the_next_page(api, peers):
    following = [1_700_000_000_000, None]

    async def rows(_: RowsRequest) -> RowsAnswer:
        return RowsAnswer(following=following.pop(0))

    await peers.sync.serve(ROWS, rows)
    page = await api.get("/api/v1/devices/1/records?begin=1000&limit=2")
    link = "/api/v1/devices/1/records?limit=2&begin=1700000000000"
    assert (page.json()["next"], page.headers["link"]) == (link, f'<{link}>; rel="next"')
    last = await api.get(link)
    assert (last.json()["next"], last.headers.get("link")) == (None, None)
