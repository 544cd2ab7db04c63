"""What a Prometheus says of a gateway: everything that dashboard and rules ask, taken down at one time."""

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from support.dashboards import Query, Variables, queries, resolved
from support.prometheus import Prometheus
from support.terminal import ROOT
from support.waiting import until

DASHBOARD: dict[str, Any] = json.loads((ROOT / "observe/dashboards/heliograph.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "observe/heliograph_rules.yml").read_text(encoding="utf-8"))[
    "groups"
][0]["rules"]
CHOSEN = {"site": "Roof of the dairy", "device": "roof_3"}
"""What a person chooses on the dashboard, instead of all."""
_SELECTOR = re.compile(r"\b(?:heliograph_\w+|up)\b(?:\{[^}]*\})?")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring) ?\(([^)]*)\)")

Series = list[dict[str, str]]
"""Labels of each; a name is the label `__name__`."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The answers."""

    targets: list[dict[str, Any]]
    series: Series
    metadata: dict[str, list[dict[str, str]]]
    all: Variables
    panels: list[tuple[Query, Series, Series]]
    """Each query with what it gives where all is chosen, and where one device is."""
    rules: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    selected: dict[str, Series]
    """By selector of a rule: what it selects, whether the rule fires or not."""


def selectors(expression: str) -> list[str]:
    """The metrics that an expression asks for, each with the labels by which it chooses."""
    return _SELECTOR.findall(expression)


def grouping(expression: str) -> set[str]:
    """The labels by which it gathers and joins."""
    return {label.strip() for labels in _GROUPING.findall(expression) for label in labels.split(",")}


async def watch(server: Prometheus) -> Watched:
    """Ask for everything once the counters were seen to rise and every rule was evaluated.

    Where a scrape failed meanwhile, on a busy machine, all of it is asked again: nothing is told of that moment.
    """
    await until(lambda: server.now("increase(heliograph_device_gaps_total[5m]) > 0"))
    await until(lambda: _evaluated(server))

    async def undisturbed() -> Watched | None:
        watched = await _asked(server)
        return watched if await server.now("min_over_time(up[10s]) == 1") else None

    return await until(undisturbed)


async def _asked(server: Prometheus) -> Watched:
    everything = await resolved(DASHBOARD, server, {})
    one = await resolved(DASHBOARD, server, CHOSEN)
    asked = {selector for rule in RULES for selector in selectors(rule["expr"])}
    return Watched(
        targets=(await server.get("targets"))["activeTargets"],
        series=await server.get("series", **{"match[]": '{job="heliograph"}'}),
        metadata=await server.get("metadata"),
        all=everything,
        panels=[(q, await q.asked(server, everything), await q.asked(server, one)) for q in queries(DASHBOARD)],
        rules=await _rules(server),
        alerts=(await server.get("alerts"))["alerts"],
        selected={selector: await server.now(selector) for selector in asked},
    )


async def _rules(server: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in (await server.get("rules"))["groups"] for rule in group["rules"]]


async def _evaluated(server: Prometheus) -> bool:
    return all(rule["health"] != "unknown" for rule in await _rules(server))
