"""Commands and sessions: who signed, for where, until when."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.domain.values import Actor, Role, format_instant
from lianxi.proof import canonical
from lianxi.proof.commands import (
    authenticate,
    check_address,
    check_standing,
    check_times,
    open_command,
    update_id,
)
from lianxi.proof.envelopes import COMMAND_TYPE, encode, seal_envelope
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.sessions import open_session

from .material import (
    CONVENER,
    NOW,
    ORIGIN,
    OTHER,
    REQUEST_ID,
    STRANGER,
    STREAM,
    UNIT,
    command,
    entry,
    roster,
    token,
    vectors,
)

ROSTER = roster()
GOLDEN = vectors("golden.json")
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def code_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    """The stable code."""
    return refusal.value.code


def sealed(payload: dict[str, Any]) -> bytes:
    """A command envelope around any payload, signed by the unit's key."""
    return encode(seal_envelope(COMMAND_TYPE, canonical.dumps(payload), UNIT))


PAYLOAD = json.loads(open_command(command()).payload_bytes)


def test_a_command_is_opened_authenticated_and_addressed() -> None:
    """The whole way of a good command; text and bytes are one."""
    signed = open_command(command())
    assert open_command(command().decode()) == signed
    assert signed.text.encode() == command()
    assert signed.digest == sha256_hex(signed.payload_bytes)
    assert signed.payload.args == PAYLOAD["args"]
    check_address(signed.payload, origin=ORIGIN, stream=STREAM)
    assert authenticate(signed, ROSTER) == Actor(unit="U01", role=Role.UNIT, key_id=UNIT.key_id)
    check_times(signed.payload, NOW)
    check_standing(signed.payload, ROSTER, NOW)
    assert update_id(REQUEST_ID, signed.digest) == f"{REQUEST_ID}.{signed.digest}"


def test_the_golden_command_and_token_stand() -> None:
    """Ed25519 and canonical JSON are deterministic: the format cannot drift unseen."""
    assert command().decode() == GOLDEN["command"]
    assert open_command(command()).digest == GOLDEN["command_digest"]
    assert token() == GOLDEN["token"]


@given(st.integers(0, len(command()) * 8 - 1))
@settings(max_examples=400)
def test_a_flipped_bit_is_refused_or_not_authentic(position: int) -> None:
    """Anywhere in the envelope, its key id too."""
    data = bytearray(command())
    data[position // 8] ^= 1 << position % 8
    with pytest.raises(Refusal):
        authenticate(open_command(bytes(data)), ROSTER)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"v": 2}, "/v"),
        ({"alg": "rsa"}, "/alg"),
        ({"origin": "x"}, "/origin"),
        ({"stream": "task/../x"}, "/stream"),
        ({"unit": "U 01"}, "/unit"),
        ({"unit": "U01\n"}, "/unit"),
        ({"action": "Submit"}, "/action"),
        ({"action": ""}, "/action"),
        ({"args": []}, "/args"),
        ({"args": {"a": None}}, "/args"),
        ({"args": {"a": [{"b": None}]}}, "/args"),
        ({"request_id": "019a4b5c-0000-4000-8000-000000000001"}, "/request_id"),
        ({"issued_at": "2026-11-02T01:02:03Z"}, "/issued_at"),
        ({"issued_at": "2026-11-02T01:02:60.000000Z"}, "/issued_at"),
        ({"issued_at": "2026-11-02T01:02:03.000000+08:00"}, "/issued_at"),
        ({"issued_at": 1}, "/issued_at"),
        ({"more": 1}, "/more"),
    ],
)
def test_a_payload_out_of_schema_is_refused(changes: dict[str, Any], place: str) -> None:
    """With its place, though validly signed."""
    with pytest.raises(Refusal) as refusal:
        open_command(sealed(PAYLOAD | changes))
    assert (code_of(refusal), refusal.value.params["place"]) == ("SCHEMA", place)


@pytest.mark.parametrize("changes", [{"v": True}, {"expect": None}])
def test_what_pydantic_would_coerce_is_refused(changes: dict[str, Any]) -> None:
    """The model must give the same bytes again."""
    with pytest.raises(Refusal) as refusal:
        open_command(sealed(PAYLOAD | changes))
    assert code_of(refusal) == "JSON_NOT_CANONICAL"


def test_a_payload_in_another_spelling_is_refused() -> None:
    """The payload must be its own canonical form."""
    spelled = json.dumps(PAYLOAD, indent=1).encode()
    with pytest.raises(Refusal) as refusal:
        open_command(encode(seal_envelope(COMMAND_TYPE, spelled, UNIT)))
    assert code_of(refusal) == "JSON_NOT_CANONICAL"


@pytest.mark.parametrize("text", ["", "\ud800", "{}", "联席", "[" * 9_000, "x" * 20_000])
def test_what_is_no_envelope_is_refused(text: str) -> None:
    """Text of any kind, half a surrogate pair among them."""
    with pytest.raises(Refusal):
        open_command(text)


def test_a_key_id_differing_between_envelope_and_payload_is_refused() -> None:
    """The envelope's key id is outside the signature."""
    with pytest.raises(Refusal) as refusal:
        open_command(sealed(PAYLOAD | {"key_id": OTHER.key_id}))
    assert code_of(refusal) == "KEY_ID_MISMATCH"


@pytest.mark.parametrize("hours", [timedelta(0), -HOUR, 24 * HOUR + TICK])
def test_a_command_is_valid_for_a_day_at_most(hours: timedelta) -> None:
    """And for some time at least."""
    with pytest.raises(Refusal) as refusal:
        open_command(command(not_after=format_instant(NOW + hours)))
    assert code_of(refusal) == "VALIDITY"


def test_times_are_judged_at_their_borders() -> None:
    """Valid up to the microsecond of not_after, and from five minutes before issued_at."""
    payload = open_command(command()).payload
    check_times(payload, NOW + 24 * HOUR)
    check_times(payload, NOW - timedelta(minutes=5))
    with pytest.raises(Refusal) as refusal:
        check_times(payload, NOW + 24 * HOUR + TICK)
    assert code_of(refusal) == "EXPIRED"
    with pytest.raises(Refusal) as refusal:
        check_times(payload, NOW - timedelta(minutes=5) - TICK)
    assert code_of(refusal) == "ISSUED_IN_FUTURE"


def test_a_stranger_another_unit_and_a_forger_are_told_apart() -> None:
    """Key not on the roster; another unit's name; a signature that is not the key's."""
    with pytest.raises(Refusal) as refusal:
        authenticate(open_command(command(STRANGER)), ROSTER)
    assert code_of(refusal) == "KEY_UNKNOWN"
    with pytest.raises(Refusal) as refusal:
        authenticate(open_command(command(OTHER)), ROSTER)
    assert code_of(refusal) == "UNIT_MISMATCH"
    forged = json.loads(command())
    forged["signatures"][0]["sig"] = json.loads(command(OTHER))["signatures"][0]["sig"]
    with pytest.raises(Refusal) as refusal:
        authenticate(open_command(canonical.dumps(forged)), ROSTER)
    assert code_of(refusal) == "SIGNATURE_INVALID"


def test_a_retired_key_is_authentic_but_has_no_standing() -> None:
    """So its repeated command still finds the first receipt."""
    retired = roster(entry(CONVENER, "convener"), entry(UNIT, "U01", state="retired"))
    signed = open_command(command())
    assert authenticate(signed, retired).unit == "U01"
    with pytest.raises(Refusal) as refusal:
        check_standing(signed.payload, retired, NOW)
    assert code_of(refusal) == "KEY_RETIRED"
    with pytest.raises(Refusal) as refusal:
        check_standing(signed.payload, roster(entry(CONVENER, "convener")), NOW)
    assert code_of(refusal) == "KEY_UNKNOWN"


def test_a_command_for_elsewhere_is_refused() -> None:
    """Neither a test system nor another task takes it."""
    payload = open_command(command()).payload
    with pytest.raises(Refusal) as refusal:
        check_address(payload, origin=ORIGIN[:-1] + "0", stream=STREAM)
    assert code_of(refusal) == "ORIGIN_MISMATCH"
    with pytest.raises(Refusal) as refusal:
        check_address(payload, origin=ORIGIN, stream="task/T-0004")
    assert code_of(refusal) == "STREAM_MISMATCH"


def test_the_client_does_not_send_more_than_16_kib() -> None:
    """Refused before it leaves the machine."""
    with pytest.raises(Refusal) as refusal:
        command(args={"x": "a" * 16_384})
    assert code_of(refusal) == "JSON_TOO_LARGE"


# --- sessions ---


def test_a_session_token_opens_to_its_unit() -> None:
    """For twelve hours, to the microsecond."""
    expected = Actor(unit="U01", role=Role.UNIT, key_id=UNIT.key_id)
    for now in (NOW, NOW + 12 * HOUR):
        assert open_session(token(), origin=ORIGIN, roster=ROSTER, now=now) == expected


RETIRED = roster(entry(CONVENER, "convener"), entry(UNIT, "U01", state="retired"))


@pytest.mark.parametrize(
    ("text", "changes", "code"),
    [
        (token(), {"now": NOW + 12 * HOUR + TICK}, "EXPIRED"),
        (token(), {"now": NOW - HOUR}, "ISSUED_IN_FUTURE"),
        (token(), {"origin": ORIGIN[:-1] + "0"}, "ORIGIN_MISMATCH"),
        (token(), {"roster": RETIRED}, "KEY_RETIRED"),
        (token(STRANGER), {}, "KEY_UNKNOWN"),
        (token(OTHER), {}, "UNIT_MISMATCH"),
        (token(not_after=format_instant(NOW + 12 * HOUR + TICK)), {}, "VALIDITY"),
        (token() + "=", {}, "TOKEN_MALFORMED"),
        (token() + "\n", {}, "TOKEN_MALFORMED"),
        ("联" + token(), {}, "TOKEN_MALFORMED"),
        ("a", {}, "TOKEN_MALFORMED"),
        ("", {}, "JSON_SYNTAX"),
        ("a" * 2_049, {}, "JSON_TOO_LARGE"),
        (token(unit="x" * 33), {}, "SCHEMA"),
    ],
)
def test_a_bad_session_token_is_refused(text: str, changes: dict[str, Any], code: str) -> None:
    """One reason each."""
    given_: dict[str, Any] = {"origin": ORIGIN, "roster": ROSTER, "now": NOW}
    with pytest.raises(Refusal) as refusal:
        open_session(text, **(given_ | changes))
    assert code_of(refusal) == code


@given(st.integers(0, len(token()) - 1), st.characters())
def test_a_changed_token_is_refused(index: int, character: str) -> None:
    """Whatever character stands anywhere instead."""
    text = token()
    if text[index] == character:
        return
    with pytest.raises(Refusal):
        open_session(
            text[:index] + character + text[index + 1 :], origin=ORIGIN, roster=ROSTER, now=NOW
        )


def test_a_session_token_names_one_key() -> None:
    """The envelope's key id is outside the signature; it must be the payload's."""
    document = json.loads(base64.urlsafe_b64decode(token() + "=" * (-len(token()) % 4)))
    document["signatures"][0]["keyid"] = OTHER.key_id
    text = base64.urlsafe_b64encode(canonical.dumps(document)).rstrip(b"=").decode()
    with pytest.raises(Refusal) as refusal:
        open_session(text, origin=ORIGIN, roster=ROSTER, now=NOW)
    assert code_of(refusal) == "KEY_ID_MISMATCH"


def test_a_command_is_no_session_token_and_the_reverse() -> None:
    """The payload type is under the signature."""
    as_token = base64.urlsafe_b64encode(command()).rstrip(b"=").decode()
    with pytest.raises(Refusal) as refusal:
        open_session(as_token, origin=ORIGIN, roster=ROSTER, now=NOW)
    assert code_of(refusal) == "PAYLOAD_TYPE"
    text = token()
    with pytest.raises(Refusal) as refusal:
        open_command(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert code_of(refusal) == "PAYLOAD_TYPE"
