"""The profile `observe`: dashboard and rules ask only for figures that the gateway gives, and nothing stands open."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from heliograph.api.metrics import FIGURES
from support.promql import KNOWN_WORDS, names
from support.servers import need
from support.terminal import ROOT

OBSERVE = ROOT / "observe"
LABELS = {figure.name: {*figure.labels, "instance", "job"} for figure in FIGURES} | {"up": {"instance", "job"}}
"""Of every scrape Prometheus adds `instance` and `job`, and `up`."""
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((OBSERVE / "dashboards/heliograph.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((OBSERVE / "heliograph_rules.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PARTS = {name: part for name, part in COMPOSE["services"].items() if part.get("profiles") == ["observe"]}
TEMPLATE = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


def expressions() -> Iterator[tuple[str, str, str]]:
    """Where an expression stands, it, and the text in which its labels are shown."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target["expr"], target["legendFormat"]
    for variable in DASHBOARD["templating"]["list"]:
        yield f"variable {variable['name']}", variable["definition"], ""
    for rule in RULES:
        yield f"rule {rule['alert']}", rule["expr"], " ".join(rule["annotations"].values())


def faults(expression: str, shown: str) -> Iterator[str]:
    """What is asked for in vain. The second argument of `label_values` is a label, not a metric."""
    asked, _, label = expression.removeprefix("label_values(").rpartition(", ")
    is_variable = expression.startswith("label_values(")
    found = names(asked if is_variable else expression)
    grouping = found.grouping | ({label.removesuffix(")")} if is_variable else set())
    yield from found.metrics.keys() - LABELS.keys()
    yield from found.words - KNOWN_WORDS
    for metric, labels in found.metrics.items():
        yield from (f"{metric}{{{label}}}" for label in labels - LABELS.get(metric, set()))
    there = set().union(*(LABELS.get(metric, set()) for metric in found.metrics))
    yield from grouping - there
    yield from set(TEMPLATE.findall(shown)) - there - {"value"}


def test_every_metric_and_label_of_dashboard_and_rules_exists():
    found = {where: list(faults(expression, shown)) for where, expression, shown in expressions()}
    assert {where: wrong for where, wrong in found.items() if wrong} == {}
    assert len(found) > 40


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("heliograph_device_upp", ""),
        ('heliograph_device_up{server="1"}', ""),
        ("sum by (server) (heliograph_device_up)", ""),
        ("heliograph_device_up", "{{ $labels.server }}"),
        ("label_values(heliograph_site_info, device)", ""),
        ("quantile(heliograph_device_up)", ""),
    ],
)
def test_an_expression_that_asks_in_vain_is_found(expression, shown):
    assert list(faults(expression, shown))


def test_the_dashboard_needs_no_plugin_and_lets_choose_site_and_device():
    core = {"row", "stat", "timeseries", "state-timeline"}
    assert {panel["type"] for panel in DASHBOARD["panels"]} <= core
    assert {panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"} == {
        "Overview", "Devices", "Servers", "Resources",
    }  # fmt: skip
    assert {"site", "instance", "device"} == {v["name"] for v in DASHBOARD["templating"]["list"]}
    source = yaml.safe_load((OBSERVE / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))
    used = {p["datasource"]["uid"] for p in DASHBOARD["panels"] if "datasource" in p}
    assert used == {source["datasources"][0]["uid"]}


def test_panels_do_not_cover_each_other():
    taken = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_rule_says_how_grave_it_is_and_what_to_do():
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith((".", "}}."))


def test_the_containers_have_nothing_more_than_they_need():
    assert set(PARTS) == {"prometheus", "grafana"}
    for name, part in PARTS.items():
        assert part["read_only"] is True, name
        assert part["cap_drop"] == ["ALL"]
        assert part["security_opt"] == ["no-new-privileges:true"]
        assert part["user"].split(":")[0] not in ("0", "root", "")
        assert part["mem_limit"]
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?[0-9]+\.[0-9]+\.[0-9]+", part["image"])
        assert all(port.startswith("127.0.0.1:") for port in part["ports"])
        assert all(volume.endswith(":ro") for volume in part["volumes"] if volume.startswith("./"))
        assert "bus" not in part["networks"]


def test_there_is_no_default_password_and_an_empty_one_does_not_start(tmp_path):
    grafana = PARTS["grafana"]
    assert grafana["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_admin_password"
    assert not any("PASSWORD" in name and not name.endswith("__FILE") for name in grafana["environment"])
    for name, start in {"grafana": "exec /run.sh", "prometheus": "exec /bin/prometheus"}.items():
        part = PARTS[name]
        secret = tmp_path / name
        text = part["entrypoint"][2].replace("$$", "$").replace(f"/run/secrets/{part['secrets'][0]}", str(secret))
        text = re.sub(rf"{start}.*", "echo started", text)
        for content, starts in ((None, False), ("", False), ("0123456789", True)):
            if content is not None:
                secret.write_text(content, encoding="utf-8")
            done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
            assert (done.stdout.strip() == "started") is starts, name
            assert (done.returncode == 0) is starts


@pytest.mark.parametrize("check", ["check rules heliograph_rules.yml", "test rules heliograph_rules_test.yml"])
def test_the_rules_hold_before_prometheus_own_tool(check):
    need("promtool")
    done = subprocess.run(["promtool", *check.split()], cwd=OBSERVE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
