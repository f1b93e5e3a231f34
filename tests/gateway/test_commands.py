"""Commands: what is looked at before they are handed in, and what is said of them afterwards."""

from collections.abc import AsyncIterator

import anyio
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from lianxi.engine.outcomes import Pending
from lianxi.gateway.services import Limits
from lianxi.ports import StoreUnavailableError
from lianxi.store.store import Store
from tests.gateway.house import STRANGER, House, code
from tests.parties import request_id_at
from tests.store.scenario import Scenario

TASK = "task/T-0001"


@pytest.fixture
def house(fresh: House) -> House:
    """With one task, not yet acknowledged."""
    fresh.issue("plan-1")
    return fresh


async def test_an_accepted_command_is_answered_with_its_receipt(house: House) -> None:
    answer = await house.send(house.command("U01", "acknowledge", TASK))
    assert answer.status_code == 200
    body = answer.json()
    assert body["schema"] == 1
    assert body["receipt"]["action"] == "acknowledge"
    assert [event["kind"] for event in body["receipt"]["events"]] == ["AssignmentAcknowledged"]


async def test_a_repeat_finds_the_first_receipt(house: House) -> None:
    envelope = house.command("U01", "acknowledge", TASK)
    first = (await house.send(envelope)).json()["receipt"]
    again = (await house.send(envelope)).json()["receipt"]
    assert again == first | {"already": True}


async def test_a_refusal_of_the_rules_keeps_its_code_and_status(house: House) -> None:
    answer = await house.send(house.command("U01", "recall", TASK))
    assert (answer.status_code, code(answer)) == (409, "WRONG_STATE")


async def test_codes_of_the_proof_layer_read_as_the_catalogue_has_them(house: House) -> None:
    late = house.command("U01", "acknowledge", TASK)
    house.scenario.now = house.scenario.now.replace(year=2025)
    answer = await house.send(late)
    assert (answer.status_code, code(answer)) == (409, "NOT_YET_VALID")


async def test_waiting_until_it_is_recorded(house: House) -> None:
    answer = await house.send(house.command("U01", "acknowledge", TASK), wait="recorded")
    assert answer.json()["recorded"] is True


async def test_the_wait_is_bounded_and_says_that_it_is_not_recorded(house: House) -> None:
    house.desk.record = None
    with anyio.fail_after(5):
        answer = await house.send(
            house.command("U01", "acknowledge", TASK), wait="recorded", timeout=0.2
        )
    assert answer.status_code == 200
    assert answer.json()["recorded"] is False


async def test_the_wait_outlasts_a_recording_that_is_late(house: House) -> None:
    decided = anyio.Event()
    house.desk.record = decided.set
    envelope = house.command("U01", "acknowledge", TASK)
    async with anyio.create_task_group() as group:

        async def record_later() -> None:
            await decided.wait()
            await anyio.sleep(0.1)
            house.record()

        group.start_soon(record_later)
        answer = await house.send(envelope, wait="recorded", timeout=5)
    assert answer.json()["recorded"] is True


@pytest.mark.parametrize(
    "query", [{"wait": "sealed"}, {"timeout": "121"}, {"timeout": "nan"}, {"wiat": "recorded"}]
)
async def test_a_bad_wait_is_refused_before_anything_is_done(
    house: House, query: dict[str, str]
) -> None:
    answer = await house.send(house.command("U01", "acknowledge", TASK), **query)
    assert (answer.status_code, code(answer)) == (422, "INVALID_ARGS")
    assert house.desk.seen == []


# --- the worker away, the desk broken, the store away ---


async def test_with_the_worker_away_the_answer_is_pending_with_the_request_id(
    house: House,
) -> None:
    envelope = house.command("U01", "acknowledge", TASK)
    house.desk.answer = Pending("019a4b5c-0000-7000-8000-000000000000")
    answer = await house.send(envelope)
    assert (answer.status_code, code(answer)) == (202, "PENDING")
    error = answer.json()["error"]
    assert error["retryable"] is True
    assert error["params"] == {"request_id": "019a4b5c-0000-7000-8000-000000000000"}


@pytest.mark.parametrize("failure", [RuntimeError("secret"), StoreUnavailableError("x")])
async def test_a_failure_after_handing_in_is_pending_never_failed(
    house: House, failure: Exception
) -> None:
    house.desk.answer = failure
    answer = await house.send(house.command("U01", "acknowledge", TASK))
    assert (answer.status_code, code(answer)) == (202, "PENDING")
    assert "secret" not in answer.text


async def test_with_the_store_away_a_command_without_texts_goes_on(house: House) -> None:
    await house.get("U01", "me")  # the conference has been seen once
    house.lose_store()
    answer = await house.send(house.command("U01", "acknowledge", TASK))
    assert answer.status_code == 200


async def test_with_the_store_away_the_signature_is_still_looked_at(house: House) -> None:
    await house.get("U01", "me")
    house.lose_store()
    forged = house.command("U01", "acknowledge", TASK, signer=house.scenario.signer("U02"))
    answer = await house.send(forged)
    assert (answer.status_code, code(answer)) == (403, "UNIT_MISMATCH")
    unknown = house.command("U01", "acknowledge", TASK, signer=STRANGER)
    answer = await house.send(unknown)
    assert (answer.status_code, code(answer)) == (503, "STORE_UNAVAILABLE")
    assert house.desk.seen == []


async def test_with_the_store_away_a_command_with_texts_waits(house: House) -> None:
    await house.get("U01", "me")
    house.lose_store()
    args = {"percent": 10, "text": {"commit": "d" * 64, "size": 3}}
    answer = await house.send(house.command("U01", "progress", TASK, args=args))
    assert (answer.status_code, code(answer)) == (503, "STORE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


async def test_with_the_store_never_seen_nothing_can_be_said(house: House) -> None:
    house.lose_store()
    answer = await house.send(house.command("U01", "acknowledge", TASK))
    assert (answer.status_code, code(answer)) == (503, "STORE_UNAVAILABLE")


async def test_reads_say_that_the_store_is_away_and_health_does_not_mind(house: House) -> None:
    house.lose_store()
    answer = await house.get("U01", "todo")
    assert (answer.status_code, code(answer)) == (503, "STORE_UNAVAILABLE")
    assert (await house.client.get("/v1/health")).json()["status"] == "ok"


async def test_a_defect_shows_its_request_id_and_no_traceback(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> object:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(house, "source", broken)
    with capture_logs() as logs:
        answer = await house.get("U01", "todo")
    assert (answer.status_code, code(answer)) == (500, "INTERNAL")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["error"]["params"]["request_id"]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["internal error"]


# --- looked at before it is handed in ---


async def refused(house: House, body: bytes) -> tuple[int, str]:
    """The refusal of a body that must not reach the desk."""
    answer = await house.send(body)
    assert house.desk.seen == []
    return answer.status_code, code(answer)


async def test_an_unknown_key_is_refused_by_the_roster_in_the_store(house: House) -> None:
    body = house.command("U01", "acknowledge", TASK, signer=STRANGER)
    assert await refused(house, body) == (401, "KEY_UNKNOWN")


async def test_a_key_that_came_a_moment_ago_is_taken_once_its_roster_is_recorded(
    fresh: House,
) -> None:
    scenario = fresh.scenario
    task = fresh.issue("plan-1")
    second = "U01b"
    assert task == "T-0001"
    newcomer = scenario.signer(second)
    body = fresh.command("U01", "acknowledge", TASK, signer=newcomer)
    assert await refused(fresh, body) == (401, "KEY_UNKNOWN")
    original = scenario.signer
    scenario.signer = lambda unit: newcomer if unit == "U01" else original(unit)  # type: ignore[method-assign]
    scenario.register_key("U01")
    fresh.record()
    answer = await fresh.send(body)
    assert answer.status_code == 200


async def test_a_unit_cannot_sign_for_another(house: House) -> None:
    body = house.command("U02", "acknowledge", TASK, signer=house.scenario.signer("U01"))
    assert await refused(house, body) == (403, "UNIT_MISMATCH")


async def test_a_changed_byte_breaks_the_signature(house: House) -> None:
    good = house.command("U01", "acknowledge", TASK)
    other = house.command("U01", "acknowledge", TASK, number=1)
    signature = other[other.index(b'"sig":"') + 7 :][:88]
    place = good.index(b'"sig":"') + 7
    body = good[:place] + signature + good[place + 88 :]
    assert await refused(house, body) == (401, "SIGNATURE_INVALID")


async def test_a_command_for_another_conference_is_refused(house: House) -> None:
    body = house.command(
        "U01", "acknowledge", TASK, origin="example.org/lianxi/demo/ffffffffffffffff"
    )
    assert await refused(house, body) == (403, "WRONG_ORIGIN")


@pytest.mark.parametrize("stream", ["audit", "mail/smtp"])
async def test_streams_without_commands_take_none(house: House, stream: str) -> None:
    assert await refused(house, house.command("U01", "acknowledge", stream)) == (
        400,
        "WRONG_STREAM",
    )


async def test_a_text_that_was_not_handed_in_is_named(house: House) -> None:
    args = {"percent": 10, "text": {"commit": "d" * 64, "size": 3}}
    answer = await house.send(house.command("U01", "progress", TASK, args=args))
    assert (answer.status_code, code(answer)) == (409, "OPENING_MISSING")
    assert answer.json()["error"]["params"] == {"commit": "d" * 64}
    assert house.desk.seen == []


async def test_a_text_of_another_size_is_not_the_one_handed_in(house: House) -> None:
    text = house.scenario.text("ten", "U01")
    house.record()
    args = {"percent": 10, "text": {"commit": text.commit, "size": text.size + 1}}
    body = house.command("U01", "progress", TASK, args=args)
    assert await refused(house, body) == (409, "OPENING_MISSING")


async def test_the_repeat_of_a_recorded_command_needs_its_openings_no_more(house: House) -> None:
    text = house.scenario.text("ten", "U01")
    house.record()
    house.scenario.act("U01", "T-0001", "acknowledge")
    args = {"percent": 10, "text": text.model_dump(mode="json")}
    envelope = house.command("U01", "progress", TASK, args=args)
    assert (await house.send(envelope)).status_code == 200
    with house.store.writing.begin() as connection:  # type: ignore[union-attr]
        connection.exec_driver_sql('DELETE FROM openings WHERE "commit" = ?', (text.commit,))
    again = await house.send(envelope)
    assert again.status_code == 200
    assert again.json()["receipt"]["already"] is True


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "MALFORMED"),
        (b"{}", "MALFORMED"),
        (b"[" * 40 + b"]" * 40, "MALFORMED"),
        (b'{"payload":"","payload":""}', "MALFORMED"),
        (b'{"a":NaN}', "MALFORMED"),
        (b'{"a":9007199254740993}', "MALFORMED"),
        (b'{"a":"\\ud800"}', "MALFORMED"),
        (b"\xef\xbb\xbf{}", "MALFORMED"),
        (b"\xff\xfe", "MALFORMED"),
        (b"\x00" * 100, "MALFORMED"),
        (b"x" * 16_385, "TOO_LARGE"),
    ],
)
async def test_bad_bytes_are_refused_whole(house: House, body: bytes, expected: str) -> None:
    status, found = await refused(house, body)
    assert found == expected
    assert status == (413 if expected == "TOO_LARGE" else 400)


async def test_a_respelled_envelope_is_not_canonical(house: House) -> None:
    body = house.command("U01", "acknowledge", TASK)
    assert await refused(house, body + b" ") == (400, "NOT_CANONICAL")


async def test_the_limit_holds_while_reading_not_after(house: House) -> None:
    """A body without an announced length stops being read at the first byte too many."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 4_096

    answer = await house.client.post("/v1/demo/commands", content=endless())
    assert (answer.status_code, code(answer)) == (413, "TOO_LARGE")
    assert taken < 100


async def test_a_body_that_trickles_in_is_given_up(store: Store) -> None:
    house = House(Scenario().register_all(), store, Limits(command_seconds=0.05))

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await anyio.sleep(0.02)

    answer = await house.client.post("/v1/demo/commands", content=trickle())
    assert (answer.status_code, code(answer)) == (400, "MALFORMED")
    assert answer.json()["error"]["params"]["reason"] == "too-slow"


async def test_every_line_of_a_command_carries_request_id_and_task(house: House) -> None:
    with capture_logs(processors=[merge_contextvars]) as logs:
        await house.send(house.command("U01", "acknowledge", TASK))
    assert {line["event"] for line in logs} == {"command accepted", "request"}
    for line in logs:
        assert line["request_id"] == request_id_at(house.scenario.now, 0)
        assert line["task"] == "T-0001"


async def test_same_content_registered_again_names_the_task(house: House) -> None:
    def issuing(number: int) -> bytes:
        title = {"commit": house.scenario.tasks["T-0001"].state.title.commit, "size": 11}
        due = {"rule": "duration", "seconds": 10 * 86_400}
        args = {"ref": "plan-1", "mode": "each", "title": title, "due": due}
        args["units"] = list(house.scenario.units)
        return house.command("convener", "issue", "conference", args=args, number=number)

    answer = await house.send(issuing(0))
    assert (answer.status_code, code(answer)) == (409, "ALREADY_REGISTERED")
    assert answer.json()["error"]["params"]["task"] == "T-0001"
