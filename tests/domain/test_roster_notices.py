"""Who is told that keys have changed: the unit whose they are, and the convener."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lianxi.domain.conference import events as ev
from lianxi.domain.conference.react import react
from lianxi.domain.conference.state import ConferenceState, evolve
from lianxi.domain.roster import RosterChanges, RosterKey
from lianxi.domain.values import role_of
from tests.domain.gwt import REASON, event_hash
from tests.domain.test_conference_decide import founded

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def key(unit: str, number: int, **changes: Any) -> RosterKey:
    """A key, of which only whose it is matters here."""
    fields = {
        "unit": unit,
        "role": role_of(unit),
        "key_id": f"{number:064x}",
        "public_key": f"{number:064x}",
    }
    return RosterKey.model_validate(fields | changes)


def after(state: ConferenceState, data: ev.ConferenceEvent) -> tuple[ConferenceState, set[Any]]:
    """The state behind an event, and who is told what."""
    fact = ev.ConferenceFact(9, event_hash(9), NOW, data)
    state = evolve(state, fact)
    return state, {(n.addressee, n.kind, n.about, n.due) for n in react(fact, state)}


def changed(state: ConferenceState, **changes: Any) -> ev.RosterChanged:
    """The event of a change."""
    return ev.RosterChanged(
        version=state.roster.version + 1,
        prev_roster=event_hash(1),
        roster=event_hash(2),
        changes=RosterChanges(**changes),
        signatures=(),
    )


def test_a_unit_is_told_what_became_of_its_keys() -> None:
    """Rotated: changed; only retired: revoked; the convener hears of every change once."""
    state = founded()
    adding = changed(state, add=(key("U01", 1), key("U02", 2), key("system", 3, use="log")))
    state, told = after(state, adding)
    changed_keys = {("U01", "keys-changed", None, None), ("U02", "keys-changed", None, None)}
    assert told == changed_keys | {("convener", "keys-changed", None, None)}
    one, two = key("U01", 1).key_id, key("U02", 2).key_id
    state, told = after(state, changed(state, add=(key("U01", 4),), retire=(one, two)))
    assert told == {
        ("U01", "keys-changed", None, None),
        ("U02", "key-revoked", None, None),
        ("convener", "keys-changed", None, None),
    }
    assert state.roster.by_key_id[two].state == "retired"


def registered(state: ConferenceState, entry: RosterKey) -> ev.KeyRegistered:
    """The event of a key that joins."""
    return ev.KeyRegistered(
        version=state.roster.version + 1,
        prev_roster=event_hash(1),
        roster=event_hash(2),
        entry=entry,
        possession="0" * 128,
        signatures=(),
    )


def test_a_unit_is_told_of_a_key_beside_or_behind_another() -> None:
    """Of its first one nobody is; after a revocation too, since the roster's signers may add one."""
    state, told = after(founded(), registered(founded(), key("U01", 1)))
    assert told == set()
    second = {(who, "key-registered", "U01", None) for who in ("U01", "convener")}
    state, told = after(state, registered(state, key("U01", 2)))
    assert told == second
    gone = (key("U01", 1).key_id, key("U01", 2).key_id)
    state, _ = after(state, changed(state, retire=gone))
    assert after(state, registered(state, key("U01", 3)))[1] == second
    assert after(state, registered(state, key("U02", 4)))[1] == set()


def test_a_replacement_is_told_with_its_instant() -> None:
    """Time for the unit to say that it lost none."""
    state = founded()
    effective = NOW + timedelta(hours=72)
    entry = key("U01", 5, effective=effective, replaces=f"{1:064x}")
    replaced = ev.KeyReplaced(
        version=2,
        prev_roster=event_hash(1),
        roster=event_hash(2),
        entry=entry,
        possession="0" * 128,
        signatures=(),
        reason=REASON,
    )
    _state, told = after(state, replaced)
    assert told == {
        ("U01", "key-replaced", "U01", effective),
        ("convener", "key-replaced", "U01", effective),
    }
