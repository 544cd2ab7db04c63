"""`POST /api/v1/support-bundle`: who may ask, and what is answered."""

from heliograph.api.models import BundleMade, ProblemDocument
from support.plausible_set import UID

PATH = "/api/v1/support-bundle"


async def test_a_bundle_is_asked_for_and_its_name_is_answered(api, peers):
    answer = await api.send("POST", PATH)
    assert answer.status_code == 202, answer.text
    made = BundleMade.model_validate_json(answer.content)
    assert (made.name, made.bytes, made.servers) == (f"{UID}_SYSTEME_240601_120000.tar.gz", 4711, (1, 2))
    assert made.detail == "A connection to server 1 and server 2 follows and carries it."
    assert [request.origin for request in peers.bundles] == ["REST"]


async def test_without_the_token_none_is_made(api, peers):
    assert (await api.post(PATH)).status_code == 401
    assert (await api.post(PATH, headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert peers.bundles == []


async def test_a_refusal_of_sync_is_told(api, peers):
    peers.refusal = "no file server takes it"
    answer = await api.send("POST", PATH)
    assert answer.status_code == 409
    assert ProblemDocument.model_validate_json(answer.content).detail == "no file server takes it"


async def test_without_sync_it_is_said(serve, peers):
    api = await serve()
    answer = await api.send("POST", PATH)
    assert answer.status_code == 503
    assert "sync does not answer" in answer.text
