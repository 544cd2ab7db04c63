"""The command line against the real REST API: what it reads fits, what it sends is taken, what is refused is told."""

import asyncio
import json

from typer.testing import CliRunner, Result

from heliograph.api.archives import unpack
from heliograph.cli.main import app
from support.plausible_set import FILES


async def run(api, *arguments: object) -> Result:
    """Beside the loop that answers it."""
    environment = {"HELIOGRAPH_URL": api.url, "HELIOGRAPH_TOKEN": api.token}
    return await asyncio.to_thread(CliRunner().invoke, app, list(map(str, arguments)), env=environment)


async def test_every_command_that_asks_a_gateway_reads_its_answers(api, peers, commands, tmp_path):
    for words in (
        ["status"], ["config", "get"], ["config", "log", "--limit", "3"], ["config", "diff", "--from", "10"],
        ["journal"], ["script"], ["connect"], ["support-bundle"], ["trace", "serial1"], ["command", "status"],
    ):  # fmt: skip
        result = await run(api, *words, "--json")
        assert result.exit_code in (0, 1), (words, result.output)
        assert json.loads(result.stdout), words
    assert len(peers.connects) == 1
    fetched = await run(api, "config", "get", tmp_path / "set.zip")
    assert fetched.exit_code == 0, fetched.output
    assert set(FILES) < set(unpack((tmp_path / "set.zip").read_bytes()))


async def test_a_set_is_checked_put_and_taken_back_and_a_stranger_does_none_of_it(api, peers, tmp_path):
    assert (await run(api, "config", "get", tmp_path)).exit_code == 0
    (tmp_path / "DEF" / "meter.csv").write_text(FILES["DEF/meter.csv"].replace("Voltage", "Potential"))
    checked = await run(api, "config", "put", tmp_path, "--check", "--json")
    assert checked.exit_code == 0, checked.output
    assert "Potential" in json.loads(checked.stdout)["diff"]
    assert not [edit for edit in peers.revisions.edits if not edit.only_check]

    await run(api, "config", "put", tmp_path / "DEF" / "meter.csv", "--yes", "--timeout", "1")
    (edit,) = [edit for edit in peers.revisions.edits if not edit.only_check]
    assert (set(edit.files), edit.based_on, edit.whole) == ({"DEF/meter.csv"}, 3, False)

    await run(api, "config", "rollback", "7", "--yes", "--timeout", "1")
    assert [request.number for request in peers.revisions.returns] == [7]

    environment = {"HELIOGRAPH_URL": api.url, "HELIOGRAPH_TOKEN": "wrong"}
    refused = await asyncio.to_thread(
        CliRunner().invoke, app, ["config", "put", str(tmp_path), "--yes"], env=environment
    )
    assert refused.exit_code == 4
    assert "wants a token" in refused.stderr
