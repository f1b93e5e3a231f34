"""Texts and files: in whole or not at all, out only to who may see where they stand."""

from collections.abc import AsyncIterator

import pytest

from lianxi.gateway.services import Limits
from lianxi.proof.commitments import commit
from lianxi.store.store import Store
from tests.gateway.house import House, args, code
from tests.store.scenario import Scenario

SALT = b"\x05" * 32
PDF = "application/pdf"


async def put(house: House, data: bytes, media: str = "text/plain", unit: str = "U01") -> str:
    """Hand `data` in; "" when it was taken, else the code of the refusal."""
    answer = await house.put(unit, commit(SALT, data), SALT, data, media)
    return "" if answer.status_code == 204 else code(answer)


@pytest.mark.parametrize(
    ("data", "media"),
    [
        ("进度 60 %\n\tgood".encode(), "text/plain"),
        (b"x" * 65_536, "text/plain"),
        (b"x", "text/plain; charset=utf-8"),
        (b"%PDF\x00\r\n" * 20_000, PDF),
        (b"\xff\x00", "application/octet-stream"),
    ],
)
async def test_what_is_handed_in_comes_back_byte_by_byte(
    fresh: House, data: bytes, media: str
) -> None:
    assert await put(fresh, data, media) == ""
    answer = await fresh.get("U01", f"openings/{commit(SALT, data)}")
    assert answer.content == data
    assert answer.headers["content-type"] == media.partition(";")[0]
    assert answer.headers["lianxi-salt"] == SALT.hex()
    assert answer.headers["content-disposition"] == "attachment"


async def test_handing_in_twice_is_the_same_as_once(fresh: House) -> None:
    assert await put(fresh, b"once") == ""
    assert await put(fresh, b"once") == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b"nul\x00",
        b"bell\x07",
        b"line\r\n",
        b"\xff\xfe",
        b"\xef\xbb\xbfbom",
        "e\u0301 not NFC".encode(),
        "right-to-left \u202e override".encode(),
        "isolate \u2066".encode(),
        b"\xed\xa0\x80",
    ],
)
async def test_a_text_that_is_no_clean_text_is_refused(fresh: House, data: bytes) -> None:
    assert await put(fresh, data) == "MALFORMED"
    # as a file the same bytes are nobody's business
    assert await put(fresh, data, "application/octet-stream") == ""


async def test_the_limits_of_texts_and_files(store: Store) -> None:
    house = House(Scenario().register_all(), store, Limits(evidence_bytes=100_000))
    assert await put(house, b"x" * 65_537) == "TOO_LARGE"
    assert await put(house, b"x" * 100_000, PDF) == ""
    assert await put(house, b"x" * 100_001, PDF) == "TOO_LARGE"


async def test_bytes_that_do_not_open_the_commitment_are_refused(fresh: House) -> None:
    answer = await fresh.put("U01", commit(SALT, b"one"), SALT, b"two")
    assert (answer.status_code, code(answer)) == (422, "OPENING_MISMATCH")
    answer = await fresh.put("U01", commit(SALT, b"one"), b"\x06" * 32, b"one")
    assert (answer.status_code, code(answer)) == (422, "OPENING_MISMATCH")
    assert (await fresh.get("office", f"openings/{commit(SALT, b'one')}")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Lianxi-Salt": "00"},
        {"Lianxi-Salt": "G" * 64},
        {"Lianxi-Salt": "AB" * 32},
        {"Content-Type": "text"},
        {"Content-Type": "text/plain; charset=gbk"},
        {"Content-Type": "../../etc/passwd"},
    ],
)
async def test_headers_in_another_form_are_refused(fresh: House, headers: dict[str, str]) -> None:
    good = {"Lianxi-Salt": SALT.hex(), "Content-Type": "text/plain", **fresh.headers("U01")}
    answer = await fresh.client.put(
        f"/v1/demo/openings/{commit(SALT, b'one')}", content=b"one", headers=good | headers
    )
    assert (answer.status_code, code(answer)) == (400, "MALFORMED")


@pytest.mark.parametrize("name", ["..", "x" * 64, "A" * 64, "%2e%2e%2fpasswd"])
async def test_a_path_that_is_no_commitment_leads_nowhere(fresh: House, name: str) -> None:
    answer = await fresh.put("U01", name, SALT, b"one")
    assert answer.status_code in (400, 404, 422)
    assert (await fresh.get("U01", f"openings/{name}")).status_code == 404


async def test_nobody_unknown_has_a_byte_read(fresh: House) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        taken += 1
        yield b"x"

    answer = await fresh.client.put(f"/v1/demo/openings/{'a' * 64}", content=body())
    assert (answer.status_code, taken) == (401, 0)


async def test_a_store_that_is_away_takes_nothing_and_says_so(fresh: House) -> None:
    fresh.lose_store()
    assert await put(fresh, b"text") == "STORE_UNAVAILABLE"


# --- who may see what ---


def report(house: House, task: str, unit: str) -> str:
    """The commitment of a unit's report."""
    submission = house.scenario.tasks[task].state.assignments[unit].submission
    assert submission is not None
    return submission.report.commit


async def seen_by(house: House, commitment: str) -> set[str]:
    """Who gets the bytes."""
    everybody = ("convener", "office", "auditor", *house.scenario.units)
    return {
        unit
        for unit in everybody
        if (await house.get(unit, f"openings/{commitment}")).status_code == 200
    }


ABOVE = {"convener", "office", "auditor"}


async def test_the_tasks_own_texts_are_for_those_on_it(lived: House) -> None:
    assert await seen_by(lived, lived.scenario.tasks["T-0001"].state.title.commit) == ABOVE | {
        "U01",
        "U02",
        "U03",
    }
    assert await seen_by(lived, lived.scenario.tasks["T-0003"].state.title.commit) == ABOVE | {
        "U02"
    }


async def test_a_units_report_is_its_own_in_mode_each(lived: House) -> None:
    assert await seen_by(lived, report(lived, "T-0001", "U01")) == ABOVE | {"U01"}


async def test_the_lead_reads_the_reports_of_its_supports_and_not_the_other_way(
    lived: House,
) -> None:
    assert await seen_by(lived, report(lived, "T-0002", "U01")) == ABOVE | {"U01", "U03"}
    assert await seen_by(lived, report(lived, "T-0002", "U03")) == ABOVE | {"U03"}


async def test_a_return_reason_is_for_the_unit_it_concerns(lived: House) -> None:
    reason = lived.scenario.tasks["T-0001"].state.assignments["U01"].return_reason
    assert reason is not None
    assert await seen_by(lived, reason.commit) == ABOVE | {"U01"}


async def test_what_stands_nowhere_yet_is_for_whoever_handed_it_in(lived: House) -> None:
    draft = lived.scenario.text("draft", "U02")
    lived.record()
    assert await seen_by(lived, draft.commit) == {"U02"}


async def test_the_directory_is_for_everybody_of_the_conference(lived: House) -> None:
    directory = lived.scenario.conference.state.directory.commit
    assert await seen_by(lived, directory) == ABOVE | {"U01", "U02", "U03"}


async def test_a_lead_that_was_replaced_reads_no_more_of_the_others(fresh: House) -> None:
    scenario = fresh.scenario
    task = fresh.issue("led", mode="lead", lead="U01", units=["U02", "U03"])
    scenario.act("U02", task, "acknowledge")
    scenario.submit("U02", task)
    fresh.record()
    assert "U01" in await seen_by(fresh, report(fresh, task, "U02"))
    reason = args(scenario.text("moved"))
    scenario.act("office", task, "withdraw", unit="U01", reason=reason, new_lead="U03")
    fresh.record()
    assert await seen_by(fresh, report(fresh, task, "U02")) == ABOVE | {"U02", "U03"}
