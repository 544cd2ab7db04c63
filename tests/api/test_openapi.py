"""The description of the API is true: its surface, its examples, its errors."""

import pytest

from heliograph.api import examples
from heliograph.api.commanded import (
    CommandBody,
    CommandsDone,
    CommandsNow,
    CommandsRunning,
    CommandTable,
    EntryList,
    SetPointList,
)
from heliograph.api.detected import AcceptBody, DetectBody, DetectionBegun, DetectionList, DetectionNow
from heliograph.api.devicebodies import DefinitionChecked, DefinitionList, DeviceDone
from heliograph.api.errors import Problem
from heliograph.api.explanations import EXPLANATIONS
from heliograph.api.logged import LogList
from heliograph.api.lookback.models import DeviceSeries, RecordPage
from heliograph.api.models import (
    Accepted,
    AlarmList,
    BundleMade,
    ConnectBody,
    ConnectionList,
    Device,
    DeviceList,
    DeviceVariables,
    Health,
    ProblemDocument,
    TraceAccepted,
)
from heliograph.api.people import (
    AccountBody,
    AccountList,
    AccountNow,
    LoginBody,
    PasswordBody,
    RoleBody,
    Said,
    SessionList,
    TokenBody,
    TokenList,
    TokenMade,
    WhoNow,
)
from heliograph.api.plantnow import PlantNow
from heliograph.api.scripted import ScriptDone, ScriptList, ScriptLog
from heliograph.api.sets import MOST_FILES, ConfigurationNow, EditBody, EditDone, RevisionList, RevisionWhole, SetFiles
from heliograph.api.tested import PlannedList, ServerTestBegun
from heliograph.contract import ServerTestState, StatusDocument

SURFACE = {
    ("get", "/api/v1/status"): (200, StatusDocument),
    ("get", "/api/v1/plant"): (200, PlantNow),
    ("get", "/api/v1/devices"): (200, DeviceList),
    ("post", "/api/v1/devices"): (200, DeviceDone),
    ("patch", "/api/v1/devices/{index}"): (200, DeviceDone),
    ("delete", "/api/v1/devices/{index}"): (200, DeviceDone),
    ("get", "/api/v1/definitions"): (200, DefinitionList),
    ("post", "/api/v1/definitions/check"): (200, DefinitionChecked),
    ("get", "/api/v1/devices/{index}"): (200, Device),
    ("get", "/api/v1/devices/{index}/variables"): (200, DeviceVariables),
    ("get", "/api/v1/devices/{index}/series"): (200, DeviceSeries),
    ("get", "/api/v1/devices/{index}/records"): (200, RecordPage),
    ("get", "/api/v1/devices/{index}/records.csv"): (200, None),
    ("get", "/api/v1/devices/{index}/records.parquet"): (200, None),
    ("get", "/api/v1/alarms"): (200, AlarmList),
    ("get", "/api/v1/connections"): (200, ConnectionList),
    ("post", "/api/v1/connections"): (202, Accepted),
    ("post", "/api/v1/servers/{number}/test"): (202, ServerTestBegun),
    ("get", "/api/v1/servers/tests/newest"): (200, ServerTestState),
    ("get", "/api/v1/servers/tests/{test}"): (200, ServerTestState),
    ("delete", "/api/v1/servers/tests/{test}"): (200, ServerTestState),
    ("get", "/api/v1/schedules/next"): (200, PlannedList),
    ("post", "/api/v1/schedules/next"): (200, PlannedList),
    ("get", "/api/v1/log"): (200, LogList),
    ("get", "/api/v1/configuration"): (200, ConfigurationNow),
    ("get", "/api/v1/configuration/revisions"): (200, RevisionList),
    ("get", "/api/v1/configuration/revisions/{number}"): (200, RevisionWhole),
    ("post", "/api/v1/configuration/revisions/{number}/return"): (200, EditDone),
    ("get", "/api/v1/configuration/archive"): (200, None),
    ("put", "/api/v1/configuration/archive"): (200, EditDone),
    ("get", "/api/v1/configuration/files"): (200, SetFiles),
    ("patch", "/api/v1/configuration/files"): (200, EditDone),
    ("get", "/api/v1/configuration/files/{folder}/{name}"): (200, None),
    ("put", "/api/v1/configuration/files/{folder}/{name}"): (200, EditDone),
    ("delete", "/api/v1/configuration/files/{folder}/{name}"): (200, EditDone),
    ("post", "/api/v1/detections"): (202, DetectionBegun),
    ("get", "/api/v1/detections"): (200, DetectionList),
    ("get", "/api/v1/detections/{key}"): (200, DetectionNow),
    ("delete", "/api/v1/detections/{key}"): (200, DetectionList),
    ("post", "/api/v1/detections/{key}/stop"): (200, DetectionNow),
    ("post", "/api/v1/detections/{key}/accept"): (200, EditDone),
    ("post", "/api/v1/support-bundle"): (202, BundleMade),
    ("post", "/api/v1/traces"): (202, TraceAccepted),
    ("post", "/api/v1/commands"): (200, CommandsDone),
    ("get", "/api/v1/commands"): (200, EntryList),
    ("get", "/api/v1/commands/{identity}"): (200, CommandsNow),
    ("get", "/api/v1/set-points"): (200, SetPointList),
    ("get", "/api/v1/scripts"): (200, ScriptList),
    ("get", "/api/v1/scripts/{name}/log"): (200, ScriptLog),
    ("post", "/api/v1/scripts/{name}/{action}"): (200, ScriptDone),
    ("get", "/api/v1/scripts/{name}/source"): (200, None),
    ("put", "/api/v1/scripts/{name}"): (200, EditDone),
    ("delete", "/api/v1/scripts/{name}"): (200, EditDone),
    ("get", "/api/v1/built-in-commands"): (200, CommandTable),
    ("get", "/api/v1/events"): (200, None),
    ("post", "/api/v1/session"): (201, WhoNow),
    ("get", "/api/v1/session"): (200, WhoNow),
    ("delete", "/api/v1/session"): (200, Said),
    ("get", "/api/v1/sessions"): (200, SessionList),
    ("delete", "/api/v1/sessions/{key}"): (200, Said),
    ("get", "/api/v1/accounts"): (200, AccountList),
    ("post", "/api/v1/accounts"): (201, AccountNow),
    ("get", "/api/v1/accounts/{name}"): (200, AccountNow),
    ("patch", "/api/v1/accounts/{name}"): (200, AccountNow),
    ("delete", "/api/v1/accounts/{name}"): (200, Said),
    ("put", "/api/v1/accounts/{name}/password"): (200, Said),
    ("get", "/api/v1/tokens"): (200, TokenList),
    ("post", "/api/v1/tokens"): (201, TokenMade),
    ("delete", "/api/v1/tokens/{name}"): (200, Said),
    ("get", "/health/live"): (200, Health),
    ("get", "/health/ready"): (200, Health),
    ("get", "/metrics"): (200, None),
}


@pytest.fixture
async def description(serve, peers) -> dict:
    api = await serve()
    return (await api.get("/api/v1/openapi.json")).json()


async def test_the_surface_is_the_one_promised(description):
    assert {(method, path) for path, item in description["paths"].items() for method in item} == set(SURFACE)
    assert description["info"]["title"] == "Heliograph"


async def test_every_good_answer_has_an_example_that_fits_its_model(description):
    for (method, path), (status, model) in SURFACE.items():
        operation = description["paths"][path][method]
        assert operation["summary"]
        assert operation["description"]
        content = operation["responses"][str(status)]["content"]
        if model is not None:
            model.model_validate(content["application/json"]["example"], strict=False)
            assert content["application/json"]["schema"]["$ref"].endswith(f"/{model.__name__}")


async def test_every_error_is_a_problem_document(description):
    schemas = description["components"]["schemas"]
    assert "ProblemDocument" in schemas
    assert "HTTPValidationError" not in schemas
    for item in description["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    (media,) = answer["content"]
                    assert media == "application/problem+json"
                    problem = ProblemDocument.model_validate(answer["content"][media]["example"])
                    assert problem.type.removeprefix("/problems/") in EXPLANATIONS


async def test_every_operation_has_a_stable_name_of_its_own_and_says_what_it_may_answer(description):
    operations = [operation for item in description["paths"].values() for operation in item.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert {"devices.devices", "configuration.write", "access.log_in"} <= set(names)
    for operation in operations:
        known = set(operation["responses"])
        assert not operation.get("requestBody") or known >= {"400", "408", "413", "415", "422"}
        assert not operation.get("security") or known >= {"401", "429"}


def test_every_type_of_problem_is_explained():
    assert {problem.slug for problem in (Problem, *Problem.__subclasses__())} <= set(EXPLANATIONS)


async def test_lists_that_grow_come_in_pages_alike(description):
    paged = [
        item["get"]["parameters"]
        for item in description["paths"].values()
        if any(parameter["name"] == "before" for parameter in item.get("get", {}).get("parameters", []))
    ]
    assert len(paged) >= 5
    for parameters in paged:
        limit = next(parameter for parameter in parameters if parameter["name"] == "limit")
        assert (limit["schema"]["minimum"], limit["schema"]["maximum"]) == (1, 1000)


async def test_examples_of_bodies_fit(description):
    content = description["paths"]["/api/v1/connections"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        ConnectBody.model_validate(example["value"])
    for path, model in (("", DetectBody), ("/{key}/accept", AcceptBody)):
        post = description["paths"][f"/api/v1/detections{path}"]["post"]
        for example in post["requestBody"]["content"]["application/json"]["examples"].values():
            model.model_validate(example["value"])
    for method, path, model in (
        ("post", "session", LoginBody),
        ("post", "accounts", AccountBody),
        ("patch", "accounts/{name}", RoleBody),
        ("put", "accounts/{name}/password", PasswordBody),
        ("post", "tokens", TokenBody),
    ):
        body = description["paths"][f"/api/v1/{path}"][method]["requestBody"]["content"]["application/json"]
        for example in body["examples"].values():
            model.model_validate(example["value"])
    content = description["paths"]["/api/v1/configuration/files"]["patch"]["requestBody"]["content"]["application/json"]
    assert len(content["examples"]) == 2
    for example in content["examples"].values():
        EditBody.model_validate(example["value"])
    assert content["schema"]["properties"]["files"]["maxProperties"] == MOST_FILES


async def test_texts_of_commands_are_described(description):
    post = description["paths"]["/api/v1/commands"]["post"]
    content = post["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        told = example["value"]
        for command in told if isinstance(told, list) else [told]:
            CommandBody.model_validate(command)
    running = post["responses"]["202"]["content"]["application/json"]
    CommandsRunning.model_validate(running["example"])
    assert running["schema"]["$ref"].endswith("/CommandsRunning")
    names = {parameter["name"].lower() for parameter in post["parameters"]}
    assert names == {"idempotency-key", "prefer", "heliograph-client"}


async def test_files_are_described_as_text(description):
    file = description["paths"]["/api/v1/configuration/files/{folder}/{name}"]
    assert file["get"]["responses"]["200"]["content"]["text/plain"]["example"]
    assert file["put"]["requestBody"]["content"]["text/plain"]["example"]
    for method in ("put", "delete"):
        assert "if-match" in {parameter["name"] for parameter in file[method]["parameters"]}
        assert file[method]["security"] == [{"HTTPBearer": []}, {"Session": []}]


async def test_tokens_and_sessions_are_described(description):
    schemes = description["components"]["securitySchemes"]
    assert schemes["HTTPBearer"]["scheme"] == "bearer"
    assert {"in": "cookie", "name": "heliograph"}.items() <= schemes["Session"].items()
    assert description["paths"]["/api/v1/connections"]["post"]["security"] == [{"HTTPBearer": []}, {"Session": []}]


def test_examples_are_told_apart_from_defaults():
    assert examples.STATUS.devices
    assert examples.CONNECTIONS.connections[0].transfers
