"""Sessions, tokens and the limit on wrong tries as time goes by: the rules without any network."""

import json
from dataclasses import replace

import pytest

from heliograph.api.auth import Accounts, Book, Passwords, Role, Sessions, Throttle
from heliograph.api.auth.book import Client
from heliograph.api.auth.gateway_token import gateway_token
from heliograph.api.auth.passwords import Cost
from heliograph.api.auth.sessions import IDLE_MS, LONGEST_MS, MOST
from heliograph.api.auth.throttle import LONGEST_SECONDS, MOST_KEYS, place_of
from heliograph.api.auth.tokens import ProgramToken, digest_of
from heliograph.api.errors import Silent, TooMany, Unauthorised
from heliograph.contract import Service
from heliograph.runtime import EventLog

HERE = Client("192.168.1.20", "Firefox")
PASSWORD = "three words and more"


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def time(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def events(clock) -> EventLog:
    return EventLog(Service.API, clock)


@pytest.fixture
def open_book(tmp_path, clock, events):
    def opened() -> Book:
        passwords = Passwords(Cost(memory_kib=8, rounds=1))
        return Book(tmp_path, gateway_token("", tmp_path), passwords, clock, events)

    return opened


async def test_a_session_lasts_over_a_restart_and_ends_unused_or_old(open_book, clock):
    book = open_book()
    cookie = await book.log_in_with_token(book.gateway.value, HERE)
    book = open_book()
    assert (await book.who_is(cookie)).operates
    clock.seconds += IDLE_MS / 1000 - 1
    assert await book.who_is(cookie) is not None
    clock.seconds += IDLE_MS / 1000 + 601
    assert await book.who_is(cookie) is None
    cookie = await book.log_in_with_token(book.gateway.value, HERE)
    for _ in range(int(LONGEST_MS / IDLE_MS)):
        assert await book.who_is(cookie) is not None
        clock.seconds += IDLE_MS / 1000
    assert await book.who_is(cookie) is None


async def test_a_session_of_the_gateways_token_ends_when_that_becomes_another(open_book, tmp_path):
    book = open_book()
    cookie = await book.log_in_with_token(book.gateway.value, HERE)
    (tmp_path / "api-token").unlink()
    assert await open_book().who_is(cookie) is None


async def test_of_too_many_sessions_the_oldest_go(open_book, tmp_path):
    book = open_book()
    cookies = [await book.log_in_with_token(book.gateway.value, HERE) for _ in range(MOST + 1)]
    assert await book.who_is(cookies[0]) is None
    assert await book.who_is(cookies[1]) is not None
    assert len(json.loads((tmp_path / "sessions.json").read_text())) == MOST


async def test_a_token_of_a_program_expires_and_tells_its_last_use(open_book, clock):
    book = open_book()
    now = book.now()
    await book.tokens.add(ProgramToken("grafana", Role.VIEWER, digest_of("hg_x"), now, "anna", now + 60_000))
    who = await book.who_has("hg_x", HERE)
    assert (who.kind, who.name, who.role) == ("token", "grafana", Role.VIEWER)
    assert open_book().tokens.rows[0].last_used == now
    clock.seconds += 60
    with pytest.raises(Unauthorised):
        await book.who_has("hg_x", HERE)


async def test_wrong_passwords_have_to_wait_longer_and_longer(open_book, clock):
    book = open_book()
    await book.add_account("anna", Role.OPERATOR, PASSWORD, "the test")
    for _ in range(5):
        with pytest.raises(Unauthorised):
            await book.log_in("anna", "not the right one", HERE)
    waits = []
    for _ in range(4):
        with pytest.raises(Unauthorised):
            await book.log_in("anna", "not the right one", HERE)
        with pytest.raises(TooMany) as told:
            await book.log_in("anna", PASSWORD, HERE)
        waits.append(told.value.seconds)
        clock.seconds += told.value.seconds
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]
    clock.seconds += LONGEST_SECONDS
    assert await book.log_in("anna", PASSWORD, HERE)


async def test_many_tries_at_a_time_are_counted_before_any_is_looked_at(open_book):
    import asyncio

    book = open_book()
    tries = [book.log_in("nobody", f"guess number {number}", HERE) for number in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, TooMany) for result in results) == 14
    assert sum(isinstance(result, Unauthorised) for result in results) == 6


async def test_the_one_who_logs_in_rightly_does_not_wait_for_others_of_their_address(open_book):
    book = open_book()
    await book.add_account("anna", Role.OPERATOR, PASSWORD, "the test")
    for _ in range(30):
        assert await book.log_in("anna", PASSWORD, HERE)


async def test_a_password_typed_as_a_name_does_not_reach_the_log(open_book, caplog):
    with pytest.raises(Unauthorised):
        await open_book().log_in("My Secret Words!", "x", HERE)
    assert "secret" not in caplog.text.lower()
    assert HERE.address in caplog.text


def test_buckets_are_bounded_and_networks_of_ipv6_are_one_place(clock):
    throttle = Throttle(clock)
    for number in range(MOST_KEYS + 10):
        throttle.spend(f"name {number}")
    assert len(throttle._buckets) == MOST_KEYS
    assert place_of("2001:db8:1:2::7") == place_of("2001:db8:1:2:ffff::1")
    assert place_of("::ffff:10.0.0.1") == place_of("10.0.0.1")
    assert place_of("nonsense") == "unknown"


async def test_a_file_that_cannot_be_understood_is_put_aside_and_opens_nothing(tmp_path, events, caplog):
    (tmp_path / "accounts.json").write_text("[{]")
    for _ in range(2):  # a restart does not open it either
        accounts = Accounts(tmp_path, events)
        assert accounts.rows == ()
        assert accounts.are_there
    assert (tmp_path / "accounts.json.broken").read_text() == "[{]"
    assert "accounts.json.broken" in caplog.text


async def test_what_cannot_be_written_does_not_hold(tmp_path, events, clock, open_book):
    book = open_book()
    cookie = await book.log_in_with_token(book.gateway.value, HERE)
    sessions = Sessions(tmp_path, events)
    (tmp_path / ".sessions.json.new").mkdir()
    session = sessions.find(cookie, book.now())
    with pytest.raises(Silent):
        await sessions.begin(replace(session, digest="0" * 64))
    assert [row.digest for row in sessions.of("", book.now())] == [session.digest]


async def test_passwords_are_the_same_however_a_keyboard_composes_them():
    passwords = Passwords(Cost(memory_kib=8, rounds=1))
    kept = await passwords.hash("gr\u00fcner Strom 42")
    assert await passwords.fits(kept, "gru\u0308ner Strom 42")
    assert not await passwords.fits(kept, "gruner Strom 42")
    assert not await passwords.fits(None, "of nobody")
    assert not await passwords.fits("nonsense", "gr\u00fcner Strom 42")
