"""What the documents name is there: commands with options, addresses, variables, files, figures, words of the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from heliograph.api.routes import ROUTERS
from support.documents import DOCUMENTS, shown_words, spans, text_of, typed
from support.terminal import ROOT

COMMAND = re.compile(r"(?:^|[\s=/(])heliograph (?=[a-z-])(.*)")
ENDS = re.compile(r" [|&>#] | \|\| | && |[;,]|  +|\)$")
OPTION = re.compile(r"`(--[a-z-]+)")
OPTIONS_OF_OTHERS = {"--strict", "--check", "--screenshots"}
ADDRESS = re.compile(r"(?:\b(GET|POST|PUT|PATCH|DELETE) )?(/(?:api/v1|health)/[\w/{}.-]*[\w}]|/metrics\b)")
METHOD = re.compile(r"-X ([A-Z]+)")
PAGE = re.compile(r"(?:http://127\.0\.0\.1:8080)?(/[a-z][a-z-]*(?:/[a-z-]+)*)/?")
OF_THE_MACHINE = ("/dev", "/etc", "/opt", "/run", "/var", "/usr", "/state", "/tls", "/home", "/health", "/api", "/data")
VARIABLE = re.compile(r"(?<![\w$.{-])(?!WPM)[A-Z][A-Z0-9]+(?:_[A-Z][A-Z0-9]*)+(?![\w-])")
SETTING = re.compile(r"\b(?:GATEWAY|SERVER|FTP|HTTP|MQTT|NTP|LIMIT|SCHEDULE|SCRIPT|CMD|LOG)\d?_[A-Z][a-z]\w*")
FIGURE = re.compile(r"\bheliograph_[a-z_]+\b(?!\.)")
PLACE = re.compile(r"(?:docs|examples|scripts|tests|packages|services|observe|definitions|requirements|bench)/[\w./-]*")
_OPERATED = ("commands", "first-inverter", "install", "limit-a-plant", "observe", "operations", "start", "troubleshoot")
OPERATED = [ROOT / f"docs/{name}.md" for name in _OPERATED]
"""In these, italics are words of the gateway and nothing else."""


def told(names: dict[Path, set[str]], known: set[str]) -> list[str]:
    """The names that are not known, with their documents."""
    return [f"{path.relative_to(ROOT)}: {name}" for path, found in names.items() for name in sorted(found - known)]


def test_every_command_that_a_document_shows_is_there_with_its_options():
    commands = dict(_commands())
    shown = [(path, line) for path in DOCUMENTS for line in _command_lines(text_of(path))]
    assert len(shown) > 100
    assert [f"{path.name}: heliograph {line}: {why}" for path, line in shown if (why := _wrong(commands, line))] == []


def test_every_option_that_a_sentence_names_is_one_of_some_command():
    known = set().union(*dict(_commands()).values()) | OPTIONS_OF_OTHERS
    named = {path: {s.split()[0] for s in spans(text_of(path)) if s.startswith("--")} for path in DOCUMENTS}
    assert told(named, known) == []


def _commands() -> Iterator[tuple[str, set[str]]]:
    """Each command of the reference with its options."""
    head, *sections = text_of(ROOT / "docs/cli.md").split("\n## heliograph ")
    of_all = {"--help", *OPTION.findall(head.partition("## Which gateway")[2].partition("## Environment")[0])}
    for section in sections:
        yield section.partition("\n")[0], of_all | set(OPTION.findall(section))


def _command_lines(text: str) -> Iterator[str]:
    for line in typed(text):
        if found := COMMAND.search(line):
            yield ENDS.split(found[1])[0].strip()


def _wrong(commands: dict[str, set[str]], line: str) -> str:
    words = re.sub(r"[][…]", " ", line).split()
    beginnings = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
    name = next((beginning for beginning in beginnings if beginning in commands), None)
    if name is None:
        is_group = any(known.startswith(f"{beginnings[0]} ") for known in commands)
        return "" if is_group else "no such command"
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    return " ".join(given - commands[name])


def test_every_address_of_the_rest_api_and_of_the_page_is_answered():
    routes = [route for router in ROUTERS for route in router.routes]
    asked = {path: set(_addresses(text_of(path))) for path in DOCUMENTS}
    assert sum(map(len, asked.values())) > 15
    assert [
        f"{path.name}: {method} {address}" for path, found in asked.items() for method, address in found
        if not any(route.path_regex.match(address) and method in (*route.methods, "") for route in routes)
    ] == []  # fmt: skip


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    for line in typed(text):
        sent = METHOD.search(line)
        yield from ((method or (sent[1] if sent else ""), path) for method, path in ADDRESS.findall(line))
    for span in spans(text):
        if (page := PAGE.fullmatch(span)) and not page[1].startswith(OF_THE_MACHINE):
            yield "GET", page[1]


def test_every_variable_of_the_environment_stands_in_the_reference():
    reference = "".join(text_of(ROOT / f"docs/{name}.md") for name in ("reference/environment", "cli"))
    known = set(re.findall(r"`([A-Z0-9_]+)`", reference))
    named = {path: {n for line in typed(text_of(path)) for n in VARIABLE.findall(line)} for path in DOCUMENTS}
    assert told(named, known) == []


def test_every_setting_of_a_configuration_stands_in_the_reference():
    reference = "".join(text_of(ROOT / f"docs/reference/{name}.md") for name in ("config", "schedules-and-scripts"))
    known = set(SETTING.findall(reference))
    named = {path: set(SETTING.findall(text_of(path))) for path in DOCUMENTS}
    assert told({p: {re.sub(r"2_", "_", name) for name in found} for p, found in named.items()}, known) == []


def test_every_built_in_command_stands_in_the_reference():
    known = set(re.findall(r"^## (\w+)", text_of(ROOT / "docs/reference/commands.md"), re.MULTILINE))
    meant = re.compile(r"sunpm\.(\w+)|heliograph command (\w+)(?!\w*\.)\b")
    named = {path: {n for pair in meant.findall(text_of(path)) for n in pair if n} for path in DOCUMENTS}
    assert any(named.values())
    assert told(named, known) == []


def test_every_figure_stands_in_the_reference():
    known = set(re.findall(r"`(heliograph_\w+)`", text_of(ROOT / "docs/reference/metrics.md")))
    named = {path: set(FIGURE.findall(text_of(path))) for path in DOCUMENTS}
    assert any(named.values())
    assert told(named, known | {"heliograph_rules", "heliograph_rules_test"}) == []


def test_every_file_and_directory_of_the_repository_that_is_named_exists():
    named = {path: {span for span in spans(text_of(path)) if PLACE.fullmatch(span)} for path in DOCUMENTS}
    assert [
        f"{path.name}: {place}" for path, found in named.items() for place in found
        if not (ROOT / place).exists() and not list(ROOT.glob(f"services/*/src/heliograph/*/{place}"))
        and not (path.parent / place).exists()
    ] == []  # fmt: skip


def test_every_file_of_a_service_that_is_named_is_kept_by_it():
    known = set(re.findall(r"`([a-z/.-]+)`", text_of(ROOT / "docs/reference/gateway-files.md")))
    files = re.compile(r"[a-z-]+\.(?:db|sqlite3?|json)")
    named = {path: {span for span in spans(text_of(path)) if files.fullmatch(span)} for path in OPERATED}
    assert any(named.values())
    assert told(named, known) == []


def test_every_target_of_make_and_every_service_of_compose_is_there():
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    asked = {path: {n for s in typed(text_of(path)) for n in re.findall(r"^make ([a-z-]+)", s)} for path in DOCUMENTS}
    assert told(asked, targets) == []
    services = set(yaml.safe_load(text_of(ROOT / "compose.yaml"))["services"])
    called = re.compile(r"docker compose (?:exec(?: -T)?|logs(?: --tail \d+)?) ([a-z-]+)")
    assert told({p: {n for s in typed(text_of(p)) for n in called.findall(s)} for p in DOCUMENTS}, services) == []


def test_a_backup_by_the_document_holds_every_volume_of_the_gateway():
    (named,) = re.findall(r"^for v in (.*); do$", text_of(ROOT / "docs/install.md"), re.MULTILINE)
    volumes = set(yaml.safe_load(text_of(ROOT / "compose.yaml"))["volumes"])
    assert set(named.split()) == {v for v in volumes if not v.startswith("demo-")} - {"prometheus", "grafana"}


def test_what_stands_in_italics_is_said_by_the_gateway_or_shown_on_its_page():
    sources = [path for kind in ("html", "py") for path in ROOT.glob(f"services/*/src/**/*.{kind}")]
    sources += ROOT.glob("packages/contract/src/**/*.py")
    said = " ".join(" ".join(map(text_of, sources)).split()).lower()
    said = re.sub(r'" f?"', "", said)  # a message that goes on in the next line
    assert {words for path in OPERATED for words in shown_words(text_of(path)) if words.lower() not in said} == set()
