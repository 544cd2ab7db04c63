"""Every list, table and panel with nothing in it says what to do next: each case of each template, rendered alone."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from heliograph.api import pages
from heliograph.api.auth import NOBODY
from heliograph.api.pages.alarms import AlarmFilter
from heliograph.api.pages.commands import JournalFilter
from heliograph.api.pages.devicelist import DeviceFilter
from heliograph.api.pages.logs import LogFilter
from heliograph.api.pages.rendering import Renderer
from heliograph.api.pages.servers import HistoryFilter
from heliograph.api.view import View
from heliograph.contract import StatusDocument
from support.markup import Markup, seen

TEMPLATES = Path(pages.__file__).parent / "templates"
STATUS = StatusDocument(time=1, attention=())
NOTHING = SimpleNamespace(entries=(), lines=(), connections=(), revisions=(), before=None)
REVISION = SimpleNamespace(uid="WPM00C44F", number=3)
LOG = {"levels": {}, "tones": {}, "services": (), "problem": "", "log": NOTHING}
DEVICES = {"revision": REVISION, "devices": [], "count": 0, "more": 0, "lines": (), "filter": DeviceFilter()}
PLANT = SimpleNamespace(
    power_watts=SimpleNamespace(expected=0), energy_today_kwh=None, grid=None, meters=(), consumption_watts=None
)
ACCOUNT = {
    "who": NOBODY, "version": "1", "stream": {}, "time": 1, "now": 1, "token_place": "", "sections": {"identity": ""},
    "sessions_of_mine": (), "accounts": (), "tokens": (),
}  # fmt: skip
PERSON = {
    "kind": "gateway token",
    "words": "the gateway's token",
    "operates": True,
    "acts": True,
    "name": "",
    "csrf": "",
}
FOUND_NONE = SimpleNamespace(
    detection=1, targets=("10.0.0.0/24",), running=False, stopped=False, asked=254, total=254, proposals=(),
    problems=(), began=1, ended=2,
)  # fmt: skip
SUMMARY = {"status": STATUS, "devices": (), "answering": 0, "resting": [], "delivery": None, "next": None}
CASES = [
    ("log", {**LOG, "filter": LogFilter(text="x")}, "No such line", "/log?level=debug"),
    ("log", {**LOG, "filter": LogFilter()}, "The log is empty", "/system"),
    ("states", {"revision": None}, "No configuration is in force yet", "/configuration"),
    ("states", {"revision": REVISION, "devices": ()}, "No device is configured", "/devices/new"),
    ("servers", {"status": STATUS, "settings": {}}, "No server is configured", "/servers/1"),
    ("delivery", {"status": STATUS}, "No server is configured", "/servers"),
    ("alarms", {"problem": "", "rows": [], "filter": AlarmFilter(device="1")}, "No such alarm", "/alarms"),
    ("alarms", {"problem": "", "rows": [], "filter": AlarmFilter()}, "No alarm so far", "Give a variable action 8"),
    ("news", {"alarms": []}, "No alarm so far", "/alarms"),
    ("revisions", {"revisions_problem": "", "revisions": NOTHING, "before": None}, "No revision yet", "Put a set"),
    ("values", {"now": SimpleNamespace(variables=())}, "Its definition has no variables", "another definition below"),
    ("journal", {"problem": "", "journal": NOTHING, "filter": JournalFilter(who="x")}, "No such entry", "/commands"),
    ("journal", {"problem": "", "journal": NOTHING, "filter": JournalFilter()}, "No command yet", "Send one here"),
    ("plan", {"device": SimpleNamespace(plan=None, errors={})}, "It is not polled", "an action other than 0 and 1"),
    ("no_script", {"text": "It is not there."}, "There is no such script", "/scripts"),
    ("gone", {"text": "It is not there."}, "There is no such device", "/devices"),
    ("server_test", {"test": None, "STEPS": {}}, "No server was tested yet", "Test this server"),
    ("planned", {"problem": "", "planned": NOTHING}, "No connection is planned", "/servers/1"),
    (
        "return",
        {"problem": "", "summary": REVISION, "number": 3, "against": 3, "difference": []},
        "Revision 3 is in force",
        "/configuration",
    ),
    ("devices", {**DEVICES, "revision": None}, "No configuration is in force yet", "/configuration"),
    ("devices", DEVICES, "No device is configured", "/devices/new"),
    ("devices", {**DEVICES, "count": 4}, "No device fits", "/devices"),
    ("streams", {"status": STATUS}, "Not known yet", "/log?level=debug&service=sync"),
    ("scripts", {"scripts": None, "uid": ""}, "The scripts are not known now", "/system"),
    ("scripts", {"scripts": (), "uid": ""}, "No script is configured", "/new-script"),
    ("certificates", {"status": STATUS, "problem": "", "rows": ()}, "The set has no certificate", "Put the"),
    (
        "history",
        {"history_problem": "", "connections": NOTHING, "filter": HistoryFilter(server="1")},
        "No such connection",
        "/servers",
    ),
    (
        "history",
        {"history_problem": "", "connections": NOTHING, "filter": HistoryFilter()},
        "No connection yet",
        "Connect to all now",
    ),
    ("detection", {"detection": None}, "No search so far", "Give the hosts or lines to search"),
    (
        "configuration",
        {
            "status": STATUS, "revision": None, "told": None, "rejected": False, "services": (), "findings": (),
        },
        "No revision is in force",
        "Put a set into the set directory",
    ),
    ("figures", {"plant": PLANT, "devices": (REVISION,)}, "No figures of the plant are known", "/devices"),
    ("account_page", ACCOUNT, "No session", "/login"),
    (
        "account_page",
        {**ACCOUNT, "who": SimpleNamespace(**PERSON)},
        "There is no account yet",
        "/setup",
    ),
    ("account_page", {**ACCOUNT, "who": SimpleNamespace(**PERSON)}, "Nobody has an account", "/setup"),
    ("account_page", {**ACCOUNT, "who": SimpleNamespace(**PERSON)}, "No program has a token", "token-form"),
    ("bundle", {"servers": (), "bundle": None}, "No server is configured that could take it", "/servers/1"),
    ("bundle", {"servers": (REVISION,), "bundle": None}, "None was made yet", "make one to send it"),
    ("detection", {"detection": FOUND_NONE, "detection_lines": ()}, "No SunSpec device was found", "add it by hand"),
    ("storage", {"status": STATUS}, "nothing is kept yet", "a record comes at the end of each period"),
    ("summary", SUMMARY, "none configured", "/devices/new"),
    ("summary", SUMMARY, "no server is configured", "/servers/1"),
    ("traces", {"traces": ()}, "No trace is being written", "Choose an interface"),
    ("script_log", {"problem": "", "log": NOTHING}, "It has said nothing yet", "wd.log"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "facts", "what", "next_step"), CASES)
def test_what_is_empty_says_so_and_what_to_do_next(template, facts, what, next_step):
    html = Renderer(cast("View", None)).render(template, facts)
    assert what in seen(html)
    assert next_step in seen(html) or next_step in Markup(html).loaded or f'id="{next_step}"' in html


def test_no_empty_state_of_a_template_is_left_out_above():
    tested = {(template, what) for template, _, what, _ in CASES}
    found = [
        (path.stem, title)
        for path in sorted(TEMPLATES.glob("*.html"))
        for title in re.findall(r'call empty\("([^"]+)"', path.read_text())
    ]
    assert found
    for template, title in found:
        assert any(name == template and what.startswith(title) for name, what in tested), (template, title)
