"""The queries of a Grafana dashboard, with its variables resolved as Grafana's Prometheus datasource does."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.prometheus import Prometheus

_LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")
_SPECIAL = re.compile(r"[$^*{}\[\]+?.()|]")
_TEMPLATE = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel."""

    panel: str
    expression: str
    legend: str
    is_instant: bool

    def labels(self) -> set[str]:
        """Those that the legend shows."""
        return shown_labels(self.legend)

    async def asked(self, server: Prometheus, variables: "Variables") -> list[dict[str, str]]:
        """The labels of what it gives."""
        ask = server.now if self.is_instant else server.drawn
        return await ask(variables.put_into(self.expression))


@dataclass(slots=True)
class Variables:
    """What is chosen on a dashboard."""

    values: dict[str, str] = field(default_factory=dict)
    """By name: as it is put into an expression."""
    options: dict[str, list[str]] = field(default_factory=dict)

    def put_into(self, expression: str) -> str:
        """The expression as Prometheus gets it."""
        return re.sub(r"\$(\w+)", lambda found: self.values[found[1]], expression)


def queries(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """All of them, in the order of the panels."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield Query(panel["title"], target["expr"], target["legendFormat"], target.get("instant", False))


async def resolved(dashboard: Mapping[str, Any], server: Prometheus, chosen: Mapping[str, str]) -> Variables:
    """Ask for the options of each variable in turn, and choose one of them where named, else all."""
    variables = Variables()
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        query = _LABEL_VALUES.fullmatch(variables.put_into(variable["query"]["query"]))
        assert query, f"{variable['query']['query']} is no label_values(series, label)"
        options = await server.get(f"label/{query['label']}/values", **{"match[]": query["series"]})
        variables.options[name] = options
        if name in chosen:
            assert chosen[name] in options, f"{name}: {chosen[name]} is none of {options}"
            variables.values[name] = _either([chosen[name]])
        else:
            variables.values[name] = variable.get("allValue") or _either(options)
    return variables


def shown_labels(text: str) -> set[str]:
    """The labels that a text with `{{name}}` or `{{ $labels.name }}` shows."""
    return set(_TEMPLATE.findall(text)) - {"value"}


def _either(options: list[str]) -> str:
    """A pattern for one of them: special characters of patterns escaped, and that once more for the string."""
    escaped = [_SPECIAL.sub(r"\\\\\g<0>", option.replace("\\", r"\\\\")) for option in options]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
