"""The description of the API as the gateway gives it, without a gateway, and every operation in it one by one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from heliograph.api.problems import ProblemApp
from heliograph.api.routes import ROUTERS

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    method: str
    path: str
    told: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def parameters(self) -> set[str]:
        """Names of the parameters, small."""
        return {parameter["name"].lower() for parameter in self.told.get("parameters", ())}

    @property
    def answers(self) -> dict[str, Any]:
        """By status; what is described once for all is put in its place."""
        return {status: resolved(answer) for status, answer in self.told["responses"].items()}

    @property
    def good(self) -> tuple[str, dict[str, Any]]:
        """The first good answer."""
        return next((status, answer) for status, answer in self.answers.items() if status < "300")

    def headers(self, status: str) -> set[str]:
        """Headers of an answer."""
        return set(self.answers[status].get("headers", ()))


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    app = ProblemApp(title="Heliograph", version="1", openapi_url="/api/v1/openapi.json")
    for router in ROUTERS:
        app.router.routes += router.routes
    return app.openapi()


def operations() -> list[Operation]:
    """Every operation."""
    return [
        Operation(method, path, told)
        for path, item in description()["paths"].items()
        for method, told in item.items()
    ]  # fmt: skip


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a part refers to, or itself."""
    while "$ref" in part:
        found: Any = description()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def examples_of(content: dict[str, Any]) -> list[Any]:
    """The examples of one media type of a body or an answer."""
    several = [example["value"] for example in content.get("examples", {}).values()]
    return several + ([content["example"]] if "example" in content else [])


def faults(schema: dict[str, Any], value: Any) -> Iterator[str]:
    """Where a value does not fit a schema of the description."""
    for error in _judge(json.dumps(schema)).iter_errors(value):
        yield f"{error.instance_path}: {error.message[:200]}"


@cache
def _judge(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": description()["components"]})
