"""Every operation of a description of an API, tried by schemathesis with what fits it and with what does not."""

from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi import checks as promised

ENDLESS = "/api/v1/events"
CHECKS: list[Callable] = [
    promised.status_code_conformance,
    promised.content_type_conformance,
    promised.response_schema_conformance,
]
load_all_checks()
schemathesis.serializer.alias(["application/zip", "application/gzip"], "application/octet-stream")


def try_all(description: dict[str, Any], url: str, headers: dict[str, str], examples: int) -> list[str]:
    """Try every operation so often in each way; return which were tried."""
    tried = []
    with requests.Session() as session:
        session.trust_env = False
        for found in schemathesis.openapi.from_dict(description).get_all_operations():
            operation = found.ok()
            if operation.path == ENDLESS:
                continue
            tried.append(operation.label)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                _try(operation, mode, session, url, headers, examples)
    return tried


def _try(operation, mode, session, url, headers, examples) -> None:
    @seed(1)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def one(case) -> None:
        answer = case.call(base_url=url, session=session, headers=headers, timeout=60)
        kinds = [*CHECKS, *([not_a_server_error] if answer.status_code != 503 else [])]
        case.validate_response(answer, checks=kinds)
        if answer.status_code >= 400:
            problem = answer.json()
            assert problem["status"] == answer.status_code
            assert problem["type"].startswith("/problems/")

    try:
        one()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing about it can be wrong
