"""What the gateway says of a fault leads to a paragraph of docs/troubleshoot.md: attention, alarms, alerts, codes."""

import ast
import re
from collections.abc import Iterable, Iterator

import yaml

from heliograph.cli.exits import Exit
from support.documents import text_of
from support.terminal import ROOT

TEXT = text_of(ROOT / "docs/troubleshoot.md")
TABLES = TEXT.partition("## By what it says")[2].partition("\n## ")[0]
WORDS = [line.partition(" | ")[0] for line in TABLES.splitlines() if line.startswith("| ")]
ALARM = re.compile(r'"([A-Z]{3,}(?: [A-Z]{2,})+)(?: \{|")|"(SCRIPT) \{')
SQL = {"BEGIN IMMEDIATE", "DELETE FROM"}


def test_every_sentence_of_what_needs_attention_leads_to_a_paragraph():
    assert unknown(sentences()) == []


def test_every_alarm_of_the_gateway_leads_to_a_paragraph():
    services = (ROOT / "services" / name / "src" for name in ("collector", "sync", "commands"))
    sources = [text_of(path) for service in services for path in service.rglob("*.py")]
    assert unknown({name for text in sources for found in ALARM.findall(text) for name in found if name} - SQL) == []


def test_every_alert_leads_to_a_paragraph_and_no_other_is_named():
    rules = yaml.safe_load(text_of(ROOT / "observe/heliograph_rules.yml"))["groups"][0]["rules"]
    table = TABLES.partition("| alert of")[2]
    assert set(re.findall(r"`([A-Z][A-Za-z]+)`", table)) == {rule["alert"] for rule in rules}


def test_every_exit_code_of_a_fault_has_a_line():
    section = TEXT.partition("## The terminal refuses")[2].partition("\n## ")[0]
    told = {int(code) for code in re.findall(r"\*\*(\d+)\*\*", section)}
    assert told == {int(code) for code in Exit} - {Exit.DONE, Exit.INTERRUPTED}


def unknown(words: Iterable[str]) -> list[str]:
    told = sorted(set(words))
    assert len(told) > 10
    return [word for word in told if not any(word in cell for cell in WORDS)]


def sentences() -> Iterator[str]:
    """The longest fixed piece of each sentence that says what needs a hand."""
    module = ast.parse(text_of(ROOT / "packages/contract/src/heliograph/contract/status.py"))
    telling = [f for f in module.body if isinstance(f, ast.FunctionDef) and ast.unparse(f.returns) == "list[str]"]
    for node in (node for function in telling for statement in function.body[1:] for node in ast.walk(statement)):
        found = pieces(node)
        if found and found[0][:1].isupper() and " " in found[0]:
            yield max(found, key=len).strip(" :.")


def pieces(node: ast.AST) -> list[str]:
    """The fixed texts of a literal, in their order."""
    if isinstance(node, ast.JoinedStr):
        return [piece for value in node.values for piece in pieces(value)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
