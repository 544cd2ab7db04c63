"""The pages of commands and scripts: true, escaped, live, filtered by their address; and set points of a device."""

import asyncio
import json
import re

from heliograph.api.errors import Silent
from heliograph.api.pages import words
from heliograph.api.pages.asked import KEPT_TURNS, MOST_KEPT, Asked
from heliograph.contract import JournalWay, ScriptCondition, ScriptLine, SetPointState
from heliograph.contract.channels import STATE
from support.driven import driven
from support.markup import Markup
from support.plausible import collector_state, now
from support.plausible_commands import entry
from support.servers import need
from support.waiting import until

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;</time><script>alert(2)</script>"
PAGES = ["/commands", "/scripts", "/scripts/zero%20export"]


def seen(html: str) -> str:
    """What a person reads, with plain blanks."""
    return " ".join(" ".join(Markup(html).texts).replace(words.NARROW, " ").split())


async def section_until(api, query: str, name: str, condition) -> str:
    """Follow a page's stream until one of its sections fits."""
    async with asyncio.timeout(60), api.client().stream("GET", f"/events?{query}") as answer:
        async for line in answer.aiter_lines():
            section = json.loads(line[6:])["sections"].get(name, "") if line else ""
            if section and condition(section):
                return section
    raise AssertionError("the stream ended")


async def test_the_journal_is_shown_at_the_first_look(api, commands):
    commands.rows = [
        entry(9, JournalWay.LOCAL, origin="web page, 10.0.0.7", ended=None, result=None),
        entry(8, error="roof_3 does not answer", result=None),
        entry(7),
    ]
    html = (await api.get("/commands")).text
    text = seen(html)
    for part in (
        "Journal", "web page, 10.0.0.7", "Running", "Error roof_3 does not answer", "sunpm.writeVariable", "req-7",
        '{"device": "roof_1", "variable": "cmdPwrPercent", "value": 60}', '{"value": 60.0, "raw": 60}', "0.2 s",
        "MQTT", "Forwarded port", "Failed only",
    ):  # fmt: skip
        assert part in text, part
    assert html.count("<tr>") == 1 + 3


async def test_the_address_filters_the_journal_and_leads_to_older_entries(api, commands):
    html = (await api.get("/commands?way=script&failed=true")).text
    assert (commands.asked[-1].way, commands.asked[-1].failed) == (JournalWay.SCRIPT, True)
    current = re.findall(r'<a [^>]*href="([^"]*)" aria-current="page"', html)
    assert current == ["/commands", "/commands?way=script&amp;failed=true", "/commands?way=script"]
    assert 'data-stream="page=commands&amp;way=script&amp;failed=true"' in html
    assert "/commands?before=11" in (await api.get("/commands")).text
    older = (await api.get("/commands?before=11")).text
    assert older.count("<tr>") == 1 + 10
    assert "Newest" in seen(older)
    assert "Older" not in seen(older)
    assert (await api.get("/commands?way=post")).status_code == 422


async def test_an_empty_journal_says_what_to_do_next(api, commands):
    commands.rows = []
    assert "heliograph command" in seen((await api.get("/commands")).text)
    assert "Nothing in the journal fits" in seen((await api.get("/commands?failed=true")).text)


async def test_every_first_look_is_new_also_without_a_script_that_follows(api, commands):
    assert "reboot" not in (await api.get("/commands")).text
    commands.rows = [entry(91, name="sunpm.reboot"), *commands.rows]
    assert "reboot" in (await api.get("/commands")).text


async def test_a_command_appears_on_the_open_page_when_it_begins_and_ends(api, commands):
    async def happen() -> None:
        await commands.tell(entry(90, name="sunpm.reboot", ended=None, result=None))
        await section_until(api, "page=commands", "journal", lambda html: "reboot" in html and "Running" in html)
        await commands.tell(entry(90, name="sunpm.reboot", result='"OK"'))

    happening = asyncio.create_task(happen())
    await section_until(api, "page=commands", "journal", lambda html: "reboot" in html and ">OK<" in html)
    await happening


async def test_scripts_are_shown_with_what_may_be_done_to_them(api, commands):
    del commands
    html = (await api.get("/scripts")).text
    text = seen(html)
    for part in (
        "zero export Running", "Nothing into the grid · version 1.1", "1 restart", "3 600 · 1.8 s of processor time",
        "213 kB", "zero export.target", "night Waits after a failure", "night.lua:12: attempt to index a nil value",
        "spare Disabled",
    ):  # fmt: skip
        assert part in text, part
    assert re.findall(r'data-script="([^"]*)" data-script-do="([^"]*)"', html) == [
        ("zero export", "stop"), ("zero export", "disable"), ("night", "start"), ("night", "disable"),
        ("spare", "enable"),
    ]  # fmt: skip
    assert "/scripts/zero%20export" in Markup(html).loaded


async def test_a_script_has_a_page_with_its_log_live(api, commands):
    html = (await api.get("/scripts/zero%20export")).text
    assert "line 400" in html
    assert "line 200<" not in html
    assert 'data-stream="page=script&amp;name=zero+export"' in html
    commands.log = [ScriptLine(number=401, time=now(), level="error", text="the meter is silent"), *commands.log]
    log = await section_until(api, "page=script&name=zero%20export", "log", lambda html: "meter is silent" in html)
    assert "error: the meter is silent" in seen(log)


async def test_what_is_not_there_is_said(api, commands):
    answer = await api.get("/scripts/nothing")
    assert answer.status_code == 404
    assert "There is no such script" in seen(answer.text)
    commands.scripts = ()

    async def gone() -> bool:
        await commands.report()
        return "SCRIPT_File[0]" in (await api.get("/scripts")).text

    await until(gone)


async def test_without_the_service_commands_the_pages_say_so(serve, peers):
    del peers
    api = await serve()
    assert "commands does not answer" in seen((await api.get("/commands")).text)
    assert "The scripts are not known now" in seen((await api.get("/scripts")).text)


async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(api, commands):
    del commands
    for path in PAGES:
        markup = Markup((await api.get(path)).text)
        assert markup.inline == []
        for link in markup.loaded:
            assert link.startswith(("/", "#"))
            assert not link.startswith("//")
        for link in {link for link in markup.loaded if link.startswith("/assets/")}:
            assert (await api.get(link)).status_code == 200


async def test_pages_lead_to_the_login_who_may_not_read_and_hold_no_data(serve, peers, commands):
    del peers, commands
    api = await serve(gateway_api_token="0123456789abcdef0123")
    for path in PAGES:
        answer = await api.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2F")
        assert "req-7" not in answer.text
        assert "Nothing into the grid" not in answer.text
    assert (await api.get("/events?page=commands")).status_code == 401


async def test_hostile_texts_stay_text(api, commands):
    commands.rows = [
        entry(1, origin=HOSTILE, caller=HOSTILE, name=HOSTILE, parameters=json.dumps({"a": HOSTILE}), result=HOSTILE),
        entry(2, error=HOSTILE, result=None),
    ]
    commands.log = [ScriptLine(number=1, time=10**17, text=HOSTILE)]
    commands.scripts = (
        commands.scripts[0].model_copy(update={"name": HOSTILE, "label": HOSTILE, "functions": (HOSTILE,)}),
        commands.scripts[1].model_copy(update={"name": "ok", "cause": HOSTILE}),
    )

    async def told() -> bool:
        await commands.report()
        return "onerror" in (await api.get("/scripts")).text

    await until(told)
    for path in ("/commands", "/scripts", "/scripts/ok"):
        markup = Markup((await api.get(path)).text)
        assert "onerror" in " ".join(markup.texts)
        assert markup.inline == []
        assert "img" not in markup.tags
        assert markup.tags.count("script") <= 5


async def test_the_page_of_a_device_shows_its_set_points(api, peers):
    kept = SetPointState(device="1", variable="7", raw=6000, fallback=500, until=now() + 3_600_000, caller="script z")
    lapsed = SetPointState(device="1", variable="1", raw=1, fallback=0, until=now(), lapsed=True, cause="it is silent")
    other = SetPointState(device="2", variable="7", raw=77, fallback=0, until=now() + 1)

    async def shown() -> str:
        state = collector_state(set_points=(lapsed, kept, other))
        await peers.collector.store(STATE, state, service="collector")
        text = seen((await api.get("/devices/1")).text)
        return text if "Set points" in text else ""

    text = await until(shown)
    assert "Power limit 60.00 %" in text
    assert "5.000 % script z" in text
    assert "Lapsed it is silent" in text
    assert "Set points" not in seen((await api.get("/devices/3")).text)


async def test_what_nobody_looks_at_is_not_asked_for_any_more_and_its_number_is_bounded():
    asked = Asked()
    questions: list[int] = []

    async def ask(key: int) -> None:
        questions.append(key)
        raise Silent("nobody answers")

    for key in range(3 * MOST_KEPT):
        asked.get(key, lambda key=key: ask(key), every=1)
    await asked.refresh()
    assert questions == list(range(2 * MOST_KEPT, 3 * MOST_KEPT))
    assert asked.get(3 * MOST_KEPT - 1, lambda: ask(0)).problem == "nobody answers"
    for _ in range(KEPT_TURNS):
        await asked.refresh()
    questions.clear()
    await asked.refresh()
    assert questions == []


async def test_a_question_is_asked_anew_at_news_and_else_seldom():
    asked = Asked()
    questions: list[int] = []
    heard = [0]

    async def ask() -> int:
        questions.append(heard[0])
        return heard[0]

    def use() -> object:
        return asked.get("journal", ask, every=10, news=lambda: heard[0]).value

    use()
    await asked.refresh()
    for _ in range(3):
        use()
        await asked.refresh()
    heard[0] = 7
    await asked.refresh()
    assert questions == [0, 7]
    assert use() == 7


def test_every_state_has_a_word():
    assert set(words.SCRIPTS) == set(ScriptCondition)
    assert set(words.WAYS) == set(JournalWay)


async def test_a_person_writes_a_value_after_a_yes_and_the_login_and_stops_a_script(api, commands):
    """In a real browser: nothing is done before the yes and the right token, which is asked for once."""
    need("chromium")
    async with driven(api.state_dir / "chromium") as page:
        await page.open(f"{api.url}/commands")
        await page.until("document.body.dataset.live === 'yes'")
        await page.do("demand(document.body, 'told', { path: '/api/v1/connections', body: '{}' }); 0")
        for token in ("wrong", api.token):
            await page.until("location.pathname === '/login' && !!document.querySelector('[name=token]')")
            assert commands.executed == []
            await page.do(
                f"document.querySelector('[name=token]').value = {token!r};"
                "document.querySelector('[name=token]').form.querySelector('button').click()"
            )
            if token == "wrong":
                fault = await page.until("(document.querySelector('.fault') || {}).textContent")
                assert "The token is wrong" in fault
        await page.until("location.pathname === '/commands'")
        await page.until("document.querySelectorAll('#send-variable option').length > 3")
        await page.do("document.querySelector('input[value=write]').click()")
        await page.do("byId('send-variable').value = '7'; byId('send-variable').dispatchEvent(new Event('change'))")
        await page.do("byId('send-value').value = '60'")
        await page.do("document.querySelector('#variable-form button').click()")
        question = await page.until("byId('confirm-dialog').open && byId('confirm-text').textContent")
        assert question == "Write 60 % to Power limit (cmdPwrPercent) of roof_1."
        await page.do("document.querySelector('#confirm-form button[type=submit]').click()")
        results = await page.until("!byId('send-results').hidden && byId('send-results').innerText")
        assert [line.split("\t") for line in results.splitlines() if "\t" in line][1:] == [
            ["sunpm.writeVariable", "Done", "value: 60 · raw: 60"], ["2", "Error", "no device x"],
        ]  # fmt: skip
        assert await page.do("byId('send-told').textContent") == "1 done, 1 ended with an error."
        await page.do("location.href = '/scripts/zero%20export'")
        await page.until("document.querySelector('[data-script-do=stop]') && document.body.dataset.live === 'yes'")
        await page.do("document.querySelector('[data-script-do=stop]').click()")
        said = await page.until("!byId('script-told').hidden && byId('script-told').textContent")
        assert said == "Script zero export is stopped until the next restart, or until it is started."
    (request,) = commands.executed
    (command,) = json.loads(request.text.text)
    assert command == {"rpcName": "sunpm.writeVariable", "parameters": {"device": 1, "variable": 7, "value": 60}}
    assert request.text.origin == "web page, 127.0.0.1"
    assert [(act.script, act.action, act.origin) for act in commands.acts] == [("zero export", "stop", "web page")]
