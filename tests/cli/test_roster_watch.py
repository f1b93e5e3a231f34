"""Which keys a verified roster gives: for log and receipts, now and before, and for one's own unit."""

import json
from typing import Any, cast

import pytest

from lianxi.cli import roster_watch
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.log_pin import Pin
from lianxi.proof.checkpoints import log_key

ORIGIN = "localhost/lianxi/demo/00000000000000aa"


class Silent:
    """A gateway that has nothing to say of its keys: whoever asks it is wrong, or told nothing."""

    def __init__(self, said: dict[str, Any] | None = None) -> None:
        self.said = said

    def exchange_quietly(self, _method: str, path: str) -> Any:
        from lianxi.cli.transport import Answer

        assert path == "/v1/log"
        assert self.said is not None, "the roster lists keys: nobody else's word counts"
        return Answer(200, {}, json.dumps(self.said).encode())


def key(unit: str, number: int, **more: str) -> dict[str, str]:
    return {"unit": unit, "key_id": f"{number:064x}", "public_key": f"{number:02x}" * 32, **more}


def keys(
    *listed: dict[str, str],
    said: dict[str, Any] | None = None,
    given: tuple[str, ...] = (),
    receipt: tuple[str, ...] = (),
) -> Any:
    """`given`, `receipt`: what a trust file or this machine's pin named before."""
    client = cast("Client", Silent(said))
    text = json.dumps({"keys": listed})
    told = Pin(ORIGIN, "", log_keys=given, receipt_keys=receipt)
    return roster_watch._keys(client, text, told, "U01")


def vkey(number: int) -> str:
    return log_key(ORIGIN, bytes([number]) * 32).vkey()


def test_the_rosters_keys_count_and_nobody_elses() -> None:
    """A retired key of the log, or for receipts, signs no more; what it has signed is still read."""
    found = keys(
        key("system", 1, use="log", state="active"),
        key("system", 2, use="log", state="retired"),
        key("system", 3, use="receipt"),
        key("system", 7, use="receipt", state="retired"),
        key("U01", 4),
        key("U01", 5, use="command", state="retired"),
        key("U02", 6),
        given=(vkey(9),),
    )
    assert found == {
        "log_keys": (vkey(1),),
        "old_log_keys": (vkey(2),),
        "receipt_keys": ("03" * 32,),
        "old_receipt_keys": ("07" * 32,),
        "unit_keys": (f"{4:064x}",),
        "replaced": (),
    }


def test_a_lost_key_is_named_with_the_instant_from_which_it_acts_no_more() -> None:
    """Its state stays active for ever: who holds the new one is not warned of the old one then."""
    lost, new = key("U01", 4), key("U01", 5)
    new |= {"replaces": lost["key_id"], "effective": "2026-03-05T00:00:00Z"}
    found = keys(lost, new, given=(vkey(9),), receipt=("03" * 32,))
    assert found["unit_keys"] == (lost["key_id"], new["key_id"])
    assert found["replaced"] == (f"2026-03-05T00:00:00Z {lost['key_id']}",)


def test_where_the_roster_lists_none_the_trust_file_counts_before_the_gateway() -> None:
    said = {"log": "07" * 32, "receipt": "08" * 32}
    assert keys(said=said)["log_keys"] == (vkey(7),)
    assert keys(said=said)["receipt_keys"] == ("08" * 32,)
    assert keys(said=said, given=(vkey(9),))["log_keys"] == (vkey(9),)
    known = keys(said=said, given=(vkey(9),), receipt=("0a" * 32,))
    assert known["receipt_keys"] == ("0a" * 32,)
    # and a machine that knows both asks nobody, whatever roster comes
    assert keys(key("U01", 4), given=(vkey(9),), receipt=("0a" * 32,))["log_keys"] == (vkey(9),)
    for nonsense in ({"log": None}, {"log": "x", "receipt": 1}, {}):
        assert keys(said=nonsense)["log_keys"] == ()


@pytest.mark.parametrize(
    "header", ["", "1", "x:y", "1:" + "A" * 64, "-1:" + "a" * 64, "1" * 30 + ":"]
)
def test_a_header_that_names_no_roster_is_refused(header: str) -> None:
    with pytest.raises(CliError, match="ANSWER_UNREADABLE"):
        roster_watch._named(header)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys":1}', '{"keys":[{"unit":1}]}'])
def test_a_text_that_is_no_roster_is_refused(text: str) -> None:
    with pytest.raises(CliError, match="ANSWER_UNREADABLE"):
        roster_watch.keys_in_roster(text)
