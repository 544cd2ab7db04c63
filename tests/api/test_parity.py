"""REST can do all that the page can, and nothing but REST does it: read out of the code, so that it stays true."""

import re

from heliograph.api.routes import ROUTERS
from support.described import operations
from support.parity import addresses, reached, taken_by_pages, taken_by_rest

OWN = {
    "POST /login": ("POST /api/v1/session", "heliograph.api.auth.book.Book.log_in"),
    "POST /logout": ("DELETE /api/v1/session", "heliograph.api.access.end_cookie"),
    "POST /setup": ("POST /api/v1/accounts", "heliograph.api.auth.book.Book.add_account"),
    "PUT /configuration/check": ("PATCH /api/v1/configuration/files", "heliograph.api.configuration.edit"),
    "PUT /configuration/check/archive": ("PUT /api/v1/configuration/archive", "heliograph.api.configuration.edit"),
    "PUT /scripts/{name}/check": ("PUT /api/v1/scripts/{name}", "heliograph.api.scripting.write"),
}
"""What pages send elsewhere than to REST, for markup: the operation that does the same, and what both call."""
SEEN_OTHERWISE = {
    ("View", "headline"): "GET /api/v1/devices/{index}/variables",
    ("View", "detection"): "GET /api/v1/detections",
    ("View", "server_test"): "GET /api/v1/servers/tests/newest",
    ("View", "log"): "GET /api/v1/log",
    ("View", "journal"): "GET /api/v1/commands",
    ("heliograph.api.alarmed", "told"): "GET /api/v1/alarms",
    ("heliograph.api.plots", "Sparklines"): "GET /api/v1/devices/{index}/series",
}
"""What pages take in a form of their own – the first rows, a picture, that there is news – and where REST tells it."""
REST = {str(operation): operation for operation in operations()}


def routes() -> dict[str, object]:
    """Every route of the api with what answers it."""
    known = {}
    for router in ROUTERS:
        for route in router.routes:
            known |= {f"{method} {route.path}": route.endpoint for method in route.methods}
    return known


ROUTES = routes()


def test_what_changes_something_elsewhere_than_over_rest_is_an_operation_of_rest_as_well():
    elsewhere = {
        name for name in ROUTES if not name.startswith("GET ") and not name.partition(" ")[2].startswith("/api/v1")
    }
    assert elsewhere == set(OWN)
    for own, (operation, shared) in OWN.items():
        assert operation in REST
        assert shared in reached(ROUTES[own]), own
        assert shared in reached(ROUTES[operation]), operation


def test_pages_ask_rest_for_what_they_do_and_know():
    patterns = [re.sub(r"{\w+}", r"[^/]+", name.partition(" ")[2]) for name in ROUTES]
    for file, address in addresses():
        plain = re.sub(r"(?<!/){}$", "", address)
        may_be = (plain, f"{plain}/{{}}")  # what is filled in may be two parts of a path
        assert any(re.fullmatch(pattern, one) for pattern in patterns for one in may_be), (file, address)
    of_rest = [address for _, address in addresses() if address.startswith("/api/v1/")]
    assert len(of_rest) > 30


def test_what_pages_show_can_be_read_over_rest():
    assert taken_by_pages() - taken_by_rest() <= set(SEEN_OTHERWISE)
    assert set(SEEN_OTHERWISE) <= taken_by_pages()
    assert set(SEEN_OTHERWISE.values()) <= set(REST)


def test_pages_ask_no_service_by_themselves():
    assert not {name for module, name in taken_by_pages() if module == "View" and name in ("ask", "_bus", "_ask")}
    assert ("View", "ask") in taken_by_rest()


def test_the_proof_sees_what_it_speaks_of():
    assert ("heliograph.api.systemview", "system_now") in taken_by_pages() & taken_by_rest()
    assert ("system.js", "/api/v1/commands") in set(addresses())
    assert ("device.js", "/api/v1/devices/{}") in set(addresses())
