"""The description of the API is true: its surface, its examples, its errors."""

import re

from heliograph.api import examples
from heliograph.api.certified import SetCertificates
from heliograph.api.commanded import (
    CommandBody,
    CommandsDone,
    CommandsNow,
    CommandsRunning,
    CommandTable,
    EntryList,
    SetPointList,
)
from heliograph.api.detected import DetectionBegun, DetectionList, DetectionNow
from heliograph.api.devicebodies import DefinitionChecked, DefinitionList, DeviceDone
from heliograph.api.errors import Problem
from heliograph.api.explanations import EXPLANATIONS
from heliograph.api.logged import LogList
from heliograph.api.lookback.models import DeviceSeries, RecordPage
from heliograph.api.models import (
    Accepted,
    AlarmList,
    BundleMade,
    BundleStopped,
    ConnectionList,
    Device,
    DeviceList,
    DeviceVariables,
    Health,
    ProblemDocument,
    TraceAccepted,
)
from heliograph.api.people import (
    AccountList,
    AccountNow,
    Said,
    SessionList,
    TokenList,
    TokenMade,
    TokenNow,
    WhoNow,
)
from heliograph.api.plantnow import PlantNow
from heliograph.api.scripted import ScriptDone, ScriptList, ScriptLog
from heliograph.api.sets import ConfigurationNow, EditDone, RevisionList, RevisionWhole, SetFiles
from heliograph.api.systemnow import SystemNow
from heliograph.api.tested import HostKey, PlannedList, ServerTestBegun
from heliograph.contract import BundleState, ServerTestState, StatusDocument
from support.described import PROBLEM, description, examples_of, faults, operations

SURFACE = {
    ("get", "/api/v1/status"): (200, StatusDocument),
    ("get", "/api/v1/plant"): (200, PlantNow),
    ("get", "/api/v1/system"): (200, SystemNow),
    ("get", "/api/v1/certificates"): (200, SetCertificates),
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
    ("delete", "/api/v1/servers/{number}/connection"): (202, Accepted),
    ("post", "/api/v1/servers/host-key"): (200, HostKey),
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
    ("get", "/api/v1/support-bundle"): (200, BundleState),
    ("delete", "/api/v1/support-bundle"): (200, BundleStopped),
    ("get", "/api/v1/support-bundle/file"): (200, None),
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
    ("get", "/api/v1/tokens/{name}"): (200, TokenNow),
    ("delete", "/api/v1/tokens/{name}"): (200, Said),
    ("get", "/health/live"): (200, Health),
    ("get", "/health/ready"): (200, Health),
    ("get", "/metrics"): (200, None),
}


DESCRIPTION = description()
OPERATIONS = operations()


async def test_what_the_gateway_gives_is_this_description(serve, peers):
    told = (await (await serve()).get("/api/v1/openapi.json")).json()
    assert (told["paths"], told["components"]) == (DESCRIPTION["paths"], DESCRIPTION["components"])
    assert told["info"]["title"] == "Heliograph"


def test_the_surface_is_the_one_promised():
    assert {(operation.method, operation.path) for operation in OPERATIONS} == set(SURFACE)


def test_every_operation_says_in_words_what_it_does_and_takes():
    for operation in OPERATIONS:
        assert re.fullmatch(r"[A-Z].*[^.]", operation.told["summary"])
        assert re.fullmatch(r"[A-Z`].*[.!]", operation.told["description"], re.DOTALL)
        assert operation.told["description"].rstrip(".") != operation.told["summary"]
        assert operation.told["tags"]
        for parameter in operation.told.get("parameters", ()):
            assert parameter.get("description"), parameter["name"]


def test_every_body_and_every_answer_has_examples_that_are_valid_by_its_own_schema():
    for operation in OPERATIONS:
        contents = [*operation.told.get("requestBody", {}).get("content", {}).values()]
        for answer in operation.answers.values():
            contents += answer["content"].values()
        assert contents
        for content in contents:
            shown = examples_of(content)
            assert shown, content
            for example in shown:
                assert list(faults(content["schema"], example)) == []


def test_good_answers_are_those_of_the_models():
    for operation in OPERATIONS:
        status, model = SURFACE[operation.method, operation.path]
        content = operation.answers[str(status)]["content"]
        if model is not None:
            model.model_validate(content["application/json"]["example"], strict=False)
            assert content["application/json"]["schema"]["$ref"].endswith(f"/{model.__name__}")


def test_every_error_is_a_problem_document_of_its_status_with_an_example_in_words():
    for operation in OPERATIONS:
        for status, answer in operation.answers.items():
            if int(status) < 400:
                continue
            (media,) = answer["content"]
            assert media == PROBLEM
            assert answer["content"][media]["schema"]["$ref"].endswith("/ProblemDocument")
            for example in examples_of(answer["content"][media]):
                problem = ProblemDocument.model_validate(example)
                assert problem.status == int(status)
                assert problem.type.removeprefix("/problems/") in EXPLANATIONS
                assert len(problem.detail.split()) > 3
                assert problem.instance.startswith("/api/v1/")


def test_the_set_may_be_refused_where_it_is_edited_and_the_headers_of_errors_are_described():
    for operation in OPERATIONS:
        answers = operation.answers
        types = {example["type"] for example in examples_of(answers.get("422", {}).get("content", {}).get(PROBLEM, {}))}
        is_edit = answers.get("200", {}).get("content", {}).get("application/json", {}).get("schema", {}).get(
            "$ref", ""
        ).endswith(("EditDone", "DeviceDone"))  # fmt: skip
        assert ("/problems/set-refused" in types) == is_edit, operation
        if "429" in answers:
            assert operation.headers("429") == {"Retry-After"}
        if "503" in answers:
            assert operation.headers("503") == {"Retry-After"}
        if "401" in answers:
            assert operation.headers("401") == {"WWW-Authenticate"}
    assert "HTTPValidationError" not in DESCRIPTION["components"]["schemas"]


def test_every_operation_has_a_stable_name_of_its_own_and_says_what_it_may_answer():
    names = [operation.told["operationId"] for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert {"devices.devices", "configuration.write", "access.log_in"} <= set(names)
    for operation in OPERATIONS:
        known, is_secured = set(operation.answers), bool(operation.told.get("security"))
        assert "500" in known
        assert not operation.told.get("requestBody") or known >= {"400", "408", "413", "415", "422"}
        assert not is_secured or known >= {"401", "429", "503"}
        assert not is_secured or operation.method == "get" or "403" in known


def test_every_type_of_problem_is_explained():
    assert {problem.slug for problem in (Problem, *Problem.__subclasses__())} <= set(EXPLANATIONS)


def test_texts_of_commands_are_described():
    post = DESCRIPTION["paths"]["/api/v1/commands"]["post"]
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


def test_files_are_described_as_text():
    file = DESCRIPTION["paths"]["/api/v1/configuration/files/{folder}/{name}"]
    assert file["get"]["responses"]["200"]["content"]["text/plain"]["example"]
    assert file["put"]["requestBody"]["content"]["text/plain"]["example"]
    for method in ("put", "delete"):
        assert "if-match" in {parameter["name"] for parameter in file[method]["parameters"]}
        assert file[method]["security"] == [{"HTTPBearer": []}, {"Session": []}]


def test_tokens_and_sessions_are_described():
    schemes = DESCRIPTION["components"]["securitySchemes"]
    assert schemes["HTTPBearer"]["scheme"] == "bearer"
    assert {"in": "cookie", "name": "heliograph"}.items() <= schemes["Session"].items()
    assert DESCRIPTION["paths"]["/api/v1/connections"]["post"]["security"] == [{"HTTPBearer": []}, {"Session": []}]


def test_examples_are_told_apart_from_defaults():
    assert examples.STATUS.devices
    assert examples.CONNECTIONS.connections[0].transfers
