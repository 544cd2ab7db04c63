"""`reboot` in containers: Docker starts again what ends in order, and the results reach the server."""

import json

import pytest

from support.containers import Stack

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

RESTARTED = ("collector", "sync", "commands", "api")


def test_reboot_restarts_every_service_and_is_answered(containers: Stack, tmp_path):
    status = containers.until("the status", lambda: containers.get("/api/v1/status"))
    restarts = {name: containers.inspect(name)["RestartCount"] for name in RESTARTED}
    broker = containers.inspect("nats")["State"]["StartedAt"]
    command = json.dumps([{"rpcName": "sunpm.reboot", "callerId": "again"}])
    file = f"/demo/files/1/CMD/{status['uid']}_cmd.json"
    containers.compose(
        "exec", "-T", "demo-servers", "sh", "-c", f"echo '{command}' > {file}.part && mv {file}.part {file}"
    )
    containers.until("a connection", lambda: containers.post("/api/v1/connections", {"server": 1}))
    containers.until(
        "all services are restarted and healthy",
        lambda: all(
            (found := containers.inspect(name))["RestartCount"] > restarts[name]
            and found["State"]["Health"]["Status"] == "healthy"
            for name in RESTARTED
        ),
    )
    assert containers.inspect("nats")["State"]["StartedAt"] == broker
    answers = containers.until(
        "the results", lambda: [f for f in containers.files(tmp_path, 1, "CMD") if "_ACK_" in f.name]
    )
    results = [result for file in answers for result in json.loads(file.read_text())]
    assert {"result": "OK", "callerId": "again"} in results
