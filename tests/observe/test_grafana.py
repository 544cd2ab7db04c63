"""What Grafana is given: a dashboard as its published types have it, and files that bring it and Prometheus together.

The schema is made of the types that Grafana publishes for the very version of compose.yaml (scripts/grafana-schema).
"""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import jsonschema_rs
import pytest
import yaml

from support.terminal import ROOT
from support.watching import DASHBOARD

GRAFANA = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["grafana"]
SCHEMA = json.loads((ROOT / "tests/observe/grafana/dashboard.schema.json").read_text(encoding="utf-8"))
PROVISIONING = ROOT / "observe/grafana/provisioning"
SOURCE_KEYS = {"name", "uid", "type", "access", "url", "isDefault", "jsonData", "version", "editable", "orgId"}
PROVIDER_KEYS = {"name", "orgId", "folder", "folderUid", "type", "disableDeletion", "updateIntervalSeconds", "options"}
"""As Grafana's documentation of provisioning names them; for these files it publishes no schema."""


def faults(dashboard: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(dashboard)]


def test_the_dashboard_is_one_of_the_grafana_of_the_compose_file():
    version = GRAFANA["image"].removeprefix("grafana/grafana:")
    assert f"@grafana/schema {version} " in SCHEMA["$comment"], "run scripts/grafana-schema"
    assert faults(DASHBOARD) == []


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        (["panels", 1, "options"], "colourMode", "background"),
        (["panels", 1, "options"], "graphMode", "lines"),
        (["panels", 1, "targets", 0], "expression", "up"),
        (["panels", 1, "fieldConfig", "defaults", "thresholds"], "mode", "relative"),
        (["templating", "list", 0], "sort", "name"),
        (["time"], "until", "now"),
    ],
)
def test_what_grafana_does_not_know_is_found(place, key, value):
    changed = copy.deepcopy(DASHBOARD)
    part: Any = changed
    for step in place:
        part = part[step]
    part[key] = value
    assert faults(changed)


def test_the_dashboard_needs_no_plugin_and_lets_choose_site_and_device():
    core = {"row", "stat", "timeseries", "state-timeline"}
    assert {panel["type"] for panel in DASHBOARD["panels"]} <= core
    assert [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"] == [
        "Overview", "Devices", "Servers", "Resources",
    ]  # fmt: skip
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["site", "instance", "device"]


def test_panels_do_not_cover_each_other():
    taken = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_the_datasource_is_the_prometheus_of_the_profile_and_that_of_every_panel():
    (source,) = provisioned("datasources/prometheus.yml", "datasources", SOURCE_KEYS)
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    scrape = yaml.safe_load((ROOT / "observe/prometheus.yml").read_text(encoding="utf-8"))["global"]["scrape_interval"]
    assert source["jsonData"] == {"timeInterval": scrape}
    assert set(sources(DASHBOARD)) == {("prometheus", source["uid"])}


def test_the_dashboard_lies_where_grafana_is_told_to_look():
    (provider,) = provisioned("dashboards/heliograph.yml", "providers", PROVIDER_KEYS)
    mounts = dict(re.fullmatch(r"(\./[^:]+):([^:]+):ro", m).groups() for m in GRAFANA["volumes"] if m.startswith("./"))
    assert mounts == {
        "./observe/grafana/provisioning": "/etc/grafana/provisioning",
        "./observe/dashboards": provider["options"]["path"],
    }
    first = PurePosixPath(GRAFANA["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(first.parent) == provider["options"]["path"]
    assert (ROOT / "observe/dashboards" / first.name).is_file()


def provisioned(file: str, what: str, known: set[str]) -> list[dict[str, Any]]:
    read = yaml.safe_load((PROVISIONING / file).read_text(encoding="utf-8"))
    assert set(read) == {"apiVersion", what}
    assert all(set(one) <= known for one in read[what])
    return read[what]


def sources(part: Any) -> Iterator[tuple[str, str]]:
    """Every datasource that stands anywhere in it."""
    if isinstance(part, dict):
        if "datasource" in part:
            yield part["datasource"]["type"], part["datasource"]["uid"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from sources(inner)
