"""The profile `observe` as it is written: nothing stands open, and every rule says what to do."""

import re
import subprocess

import pytest
import yaml

from support.servers import need
from support.terminal import ROOT
from support.watching import RULES

OBSERVE = ROOT / "observe"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
PARTS = {name: part for name, part in COMPOSE["services"].items() if part.get("profiles") == ["observe"]}


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
