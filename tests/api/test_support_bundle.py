"""`/api/v1/support-bundle`: who may ask, what is answered; how it goes on, is stopped and downloaded."""

from typing import cast

import pytest

from heliograph.api.models import BundleMade, ProblemDocument
from heliograph.api.pages.rendering import Renderer
from heliograph.api.view import View
from heliograph.contract import BundleStage, BundleState, ServerState
from heliograph.contract.channels import STATE
from support.markup import seen
from support.plausible import now, sync_state
from support.plausible_bundle import CONTENT
from support.plausible_set import UID
from support.waiting import until

PATH = "/api/v1/support-bundle"


async def test_a_bundle_is_asked_for_and_its_name_is_answered(api, peers):
    answer = await api.send("POST", PATH)
    assert answer.status_code == 202, answer.text
    made = BundleMade.model_validate_json(answer.content)
    assert (made.name, made.bytes, made.servers) == (f"{UID}_SYSTEME_240601_120000.tar.gz", 4711, (1, 2))
    assert made.detail == "A connection to server 1 and server 2 follows and carries it."
    assert [request.origin for request in peers.bundles.asked] == ["REST"]


async def test_without_the_token_none_is_made(api, peers):
    assert (await api.post(PATH)).status_code == 401
    assert (await api.post(PATH, headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert peers.bundles.asked == []


async def test_a_refusal_of_sync_is_told(api, peers):
    peers.bundles.refusal = "no file server takes it"
    answer = await api.send("POST", PATH)
    assert answer.status_code == 409
    assert ProblemDocument.model_validate_json(answer.content).detail == "no file server takes it"


async def test_without_sync_it_is_said(serve, peers):
    api = await serve()
    answer = await api.send("POST", PATH)
    assert answer.status_code == 503
    assert "sync does not answer" in answer.text


async def told(api, peers, bundle: BundleState, **changes: object) -> dict:
    """What REST says once sync has told how a bundle is doing."""
    await peers.sync.store(STATE, sync_state(bundle=bundle, **changes), service="sync")

    async def heard():
        answer = (await api.get(PATH)).json()
        return answer if answer.get("stage") == bundle.stage and answer["waiting"] == list(bundle.waiting) else None

    return await until(heard)


async def test_one_is_made_for_downloading_alone_and_comes_whole(api, peers):
    assert (await api.get(PATH)).status_code == 404
    assert (await api.get(f"{PATH}/file")).status_code == 404
    made = await api.send("POST", PATH, json={"send": False})
    assert (made.json()["servers"], made.json()["detail"]) == ([], "It can be downloaded here.")
    assert [request.send for request in peers.bundles.asked] == [False]
    await told(api, peers, peers.bundles.state)
    answer = await api.get(f"{PATH}/file")
    assert answer.content == CONTENT
    assert answer.headers["content-disposition"] == f'attachment; filename="{UID}_SYSTEME_240601_120000.tar.gz"'
    assert answer.headers["content-type"] == "application/gzip"


async def test_a_newer_one_took_its_place_and_a_stop_is_passed_on(api, peers):
    await api.send("POST", PATH)
    await told(api, peers, peers.bundles.state)
    peers.bundles.state = peers.bundles.state.model_copy(update={"name": "another.tar.gz"})
    assert (await api.get(f"{PATH}/file")).status_code == 404
    assert (await api.send("DELETE", PATH)).json()["detail"] == "The debug bundle is stopped."
    assert peers.bundles.state.stage is BundleStage.STOPPED
    peers.bundles.refusal = "a server is getting the bundle now, and gets it whole"
    refused = await api.send("DELETE", PATH)
    assert (refused.status_code, refused.json()["detail"]) == (409, peers.bundles.refusal)
    assert (await api.clients[0].delete(PATH)).status_code == 401


SHOWN = [
    ({"stage": BundleStage.GATHERING}, ("Gathering", "by web page: anna", "Stop it"), ("Download it",)),
    ({"stage": BundleStage.PACKING}, ("Packing", "Stop it"), ("Download it",)),
    (
        {"stage": BundleStage.MADE, "name": "b.tar.gz", "bytes": 4711, "servers": (1, 2), "waiting": (2,)},
        ("On its way", "Server 1 Has it", "Server 2 Waiting", "4.7 kB", "Stop it", "Download it"),
        (),
    ),
    (
        {"stage": BundleStage.MADE, "name": "b.tar.gz", "servers": (1,), "waiting": ()},
        ("Sent", "Server 1 Has it", "in its directory of logs", "Download it"),
        ("Stop it", "Server 2"),
    ),
    (
        {"stage": BundleStage.MADE, "name": "b.tar.gz"},
        ("Made", "kept on the gateway alone", "Download it"),
        ("Stop it",),
    ),
    ({"stage": BundleStage.STOPPED, "name": "b.tar.gz"}, ("Stopped", "Download it"), ("Stop it",)),
]


def panel(servers: tuple[ServerState, ...], bundle: BundleState | None) -> str:
    """What a person reads of it on the page of the log."""
    return seen(Renderer(cast("View", None)).render("bundle", {"servers": servers, "bundle": bundle}))


@pytest.mark.parametrize(("state", "there", "absent"), SHOWN)
def test_the_page_shows_how_far_it_is_and_what_may_be_done(state, there, absent):
    text = panel(sync_state().servers, BundleState(origin="web page: anna", asked=now(), **state))
    for part in there:
        assert part in text, part
    for part in absent:
        assert part not in text, part


def test_a_server_that_fails_says_so_beside_the_bundle_that_waits_for_it():
    first, second = sync_state().servers
    servers = (first.model_copy(update={"failures": 3}), second)
    state = BundleState(stage=BundleStage.MADE, origin="CLI", asked=now(), name="b", servers=(1,), waiting=(1,))
    assert "3 connections failed; tried again 20" in panel(servers, state)


async def test_the_page_of_the_log_follows_what_sync_tells(api, peers):
    await told(api, peers, BundleState(stage=BundleStage.PACKING, origin="web page: anna", asked=now()))

    async def shown():
        return "by web page: anna" in seen((await api.get("/log")).text)

    await until(shown)
