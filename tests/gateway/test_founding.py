"""Founding a conference: the token in a file, the directory with the envelope, and nothing else."""

import json
import stat
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from lianxi.engine.outcomes import Accepted, Pending
from lianxi.gateway.founding_token import make_token
from lianxi.proof.commands import open_command
from tests.gateway.house import FOUNDING_TOKEN, House, code
from tests.store.scenario import Scenario


@pytest.fixture
def other() -> Scenario:
    """A conference that is about to be founded."""
    return Scenario(name="second")


def body(scenario: Scenario, **changes: Any) -> dict[str, Any]:
    """What the client sends."""
    opening = scenario.openings[0].opening
    envelope = next(iter(scenario.envelopes.values()))
    given = {
        "envelope": envelope,
        "opening": {
            "commit": opening.commitment.commit,
            "salt": opening.salt.hex(),
            "media": opening.media,
            "data": b64encode(opening.data).decode(),
        },
    }
    given["opening"] |= changes.pop("opening", {})
    return given | changes


async def found(house: House, content: Any, token: str = FOUNDING_TOKEN) -> Any:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await house.client.post(
        "/v1/conferences", content=raw, headers={"Authorization": f"Founding {token}"}
    )


async def test_a_founding_is_handed_in_with_its_directory_kept(
    fresh: House, other: Scenario
) -> None:
    receipt = other.conference.writer.requests.find(
        open_command(next(iter(other.envelopes.values()))), "convener"
    )
    assert receipt is not None
    fresh.desk.answer = Accepted(receipt)
    answer = await found(fresh, body(other))
    assert answer.status_code == 200
    assert answer.json()["receipt"]["action"] == "found"
    directory = other.openings[0].opening
    assert fresh.store.openings.get(other.origin, directory.commitment.commit) == directory


async def test_a_founding_without_an_answer_is_pending(fresh: House, other: Scenario) -> None:
    fresh.desk.answer = Pending("x")
    answer = await found(fresh, body(other))
    assert (answer.status_code, code(answer)) == (202, "PENDING")


async def test_another_token_founds_nothing(fresh: House, other: Scenario) -> None:
    for token in ("", "x", FOUNDING_TOKEN + "x", FOUNDING_TOKEN[:-1]):
        answer = await found(fresh, body(other), token)
        assert (answer.status_code, code(answer)) == (401, "SESSION_INVALID")
    assert fresh.desk.seen == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"opening": {"data": b64encode(b"{}").decode()}}, "OPENING_MISMATCH"),
        ({"opening": {"commit": "a" * 64}}, "OPENING_MISMATCH"),
        ({"opening": {"data": "no base64!"}}, "MALFORMED"),
        ({"opening": {"salt": "00"}}, "MALFORMED"),
        ({"envelope": "{}"}, "MALFORMED"),
        ({"envelope": 7}, "MALFORMED"),
        ({"extra": 1}, "MALFORMED"),
    ],
)
async def test_a_founding_that_does_not_fit_together_is_refused_whole(
    fresh: House, other: Scenario, changes: dict[str, Any], expected: str
) -> None:
    answer = await found(fresh, body(other, **changes))
    assert code(answer) == expected
    assert fresh.desk.seen == []
    assert fresh.store.openings.get(other.origin, other.conference.state.directory.commit) is None


async def test_another_command_is_no_founding(fresh: House, other: Scenario) -> None:
    other.register_key("office")
    envelope = list(other.envelopes.values())[-1]
    answer = await found(fresh, body(other, envelope=envelope))
    assert (answer.status_code, code(answer)) == (422, "UNKNOWN_ACTION")


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"envelope":"","envelope":""}', b"[" * 50, b"x" * (161 << 10)]
)
async def test_bad_bytes_are_refused(fresh: House, raw: bytes) -> None:
    assert code(await found(fresh, raw)) in ("MALFORMED", "TOO_LARGE")


def test_the_token_is_fresh_at_every_start_and_only_the_owners(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = make_token(run)
    second = make_token(run)
    file = run / "founding.token"
    assert first != second
    assert file.read_text().strip() == second
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in run.iterdir()] == ["founding.token"]
