"""No password stands in the log, the history, the revisions or a bundle, whatever servers quote (spec 1.9, 3.4)."""

import gzip

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from heliograph.contract import BundleRequest, PageRequest, SyncState
from heliograph.sync.desk import Desk
from heliograph.sync.keys import Keys
from heliograph.sync.remote import LinkLost
from heliograph.sync.remote.errors import LoginRefused, RemoteFailure
from heliograph.sync.support import Support
from support.logged import (
    alpha,
    command,
    edit_and,
    lines,
    raising,
)
from support.sets import UID
from support.site import CONFIG, MAIN, config, first_set, site_at

PASSWORDS = st.text("abcXYZ0189!\"$%&/()?+*#'<>|@.:, \\äß-_^~", max_size=40).map(lambda text: f"qz{text.strip()}ß7")


@given(PASSWORDS)
@example('qz"%&/+ \\<>ß7')
@example("qz';:, @|*#?ß7")
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_password_stands_in_any_line_whatever_servers_quote(tmp_path_factory, password):
    site = site_at(tmp_path_factory.mktemp("site"), first_set(**{CONFIG: config({**MAIN, "FTP_Password": password})}))
    site.mailbox.wait = lambda: None
    assert site.in_force.main is not None
    password = site.in_force.main.password
    assume(len(password) >= 4)
    site.connect(1)
    clean = site.log()
    assume(password not in clean + "works again; the last time" + UID)
    said = f"530 plant cannot log in with {password}: refused"
    failures = [*site.connect(1).failures]
    for begin in (
        alpha(unreachable=said),
        lambda s: s.refuse.update({1: said}),
        edit_and(alpha(on_read=raising(RemoteFailure("x", said)))),
        edit_and(alpha(on_read=raising(LinkLost(said)))),
        lambda s: (command(b"[]")(s), alpha(on_read=raising(RemoteFailure("x", said)))(s)),
        edit_and(alpha(on_read=raising(LoginRefused(said)))),
    ):
        begin(site)
        failures += site.connect(1).failures
        alpha(unreachable="", on_read=None)(site)
        site.refuse.clear()
    assert len(failures) >= 6
    site.offer(first_set(**{CONFIG: config({**MAIN, "FTP_Password": password, "FTP_Address": "gamma"})}))
    site.worlds["gamma"] = site.worlds["beta"]
    site.worlds["gamma"].unreachable = said
    for _ in range(3):
        failures += site.connect().failures
    site.connect(1)
    site.connect(1)
    desk = Desk(site.configuration, site.revisions, dict, Keys(site.directory / "keys"))
    part = Support(
        site.database, site.configuration, desk, site.history, site.diary, site.clock, site.parts.concealed,
        broker=lambda: "",
    )  # fmt: skip
    assert part.answer(BundleRequest(origin="REST"), SyncState(time=0, started=0, rejected=False)).error == ""
    site.connect(1)
    seen = "\n".join([
        *failures, *lines(site), site.log(),
        site.history.page(PageRequest(limit=100)).model_dump_json(),
        desk.page(PageRequest()).model_dump_json(),
        *(gzip.decompress(c).decode() for p, c in site.worlds["alpha"].files.items() if "_SYSTEME_" in p),
    ])  # fmt: skip
    assert "530 plant cannot log in with ***: refused" in seen
    assert password not in seen
    site.close()


def test_a_short_password_leaves_other_words_alone(site):
    site.parts.concealed.learn("ab")
    assert site.parts.concealed.hide('tab "ab" abc ab:') == 'tab "***" abc ***:'


def test_an_encoded_password_is_hidden_too():
    from heliograph.sync.concealed import Concealed

    concealed = Concealed()
    concealed.learn("geheim 7/ü", "plant")
    for form in ("geheim%207/%C3%BC", "geheim%207%2F%C3%BC", "cGxhbnQ6Z2VoZWltIDcvw7w="):
        assert concealed.hide(f"https://x/{form}!") == "https://x/***!"
    concealed.learn("env:PASSWORD")
    concealed.learn("")
    assert concealed.hide("env:PASSWORD") == "env:PASSWORD"
