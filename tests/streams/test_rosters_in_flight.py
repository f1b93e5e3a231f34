"""Keys that change while commands are under way: rotation, revocation, replacement; and what verify says."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from lianxi.domain.conference import decide
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster, RosterChanges, RosterKey, Threshold
from lianxi.domain.values import Role
from lianxi.ids import task_stream
from lianxi.messages import CommandAnswer, CommandMessage, RostersMessage
from lianxi.proof import rosters
from lianxi.proof.keys import Signer
from lianxi.proof.rosters import RosterStep, next_roster, roster_hash, sign_roster
from lianxi.proof.verification import Finding, TrailChecker
from lianxi.streams import admission, conference_stream
from lianxi.streams.deep import DeepChecker
from tests.proof.test_verification import rows_of
from tests.store.scenario import Scenario


@pytest.fixture
def scenario() -> Scenario:
    """Two units with a task."""
    scenario = Scenario(units=("U01", "U02")).register_all()
    scenario.issue("plan-1")
    return scenario


def send(
    scenario: Scenario, sealed: tuple[CommandMessage, str], *steps: RosterStep
) -> CommandAnswer:
    """Hand a signed command to the task, with these roster steps and no others."""
    message, arrived = sealed
    given = message.model_copy(update={"roster_steps": steps})
    stream = scenario.tasks["T-0001"]
    stream.rehearse(given, arrived, scenario.now)
    return stream.answer(given, arrived, scenario.now)


def signed(
    scenario: Scenario, unit: str, action: str = "acknowledge", /, **args: Any
) -> tuple[CommandMessage, str]:
    """A command on the task by the unit's present key."""
    return scenario._sign(unit, task_stream("T-0001"), action, args)


def refused(work: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value.code


def kinds(scenario: Scenario) -> list[str]:
    """What the task has sealed."""
    batch = scenario.tasks["T-0001"].writer.next_batch()
    return [str(json.loads(event.text)["kind"]) for event in batch.events]


def findings(scenario: Scenario) -> Sequence[Finding]:
    """All that verification finds."""
    checker = TrailChecker()
    return [finding for row in rows_of(scenario) for finding in checker.check(row)[1]]


def hear(scenario: Scenario, *steps: RosterStep, arrived: str = "rosters.1") -> int:
    """Bring roster steps to the task without a command; the version that it then has."""
    message, stream = RostersMessage(roster_steps=steps), scenario.tasks["T-0001"]
    stream.rehearse_rosters(message, arrived, scenario.now)
    return stream.adopt_rosters(message, arrived, scenario.now).version


def test_rosters_are_adopted_without_a_command(scenario: Scenario) -> None:
    """The steps are signed by the roster's own keys; heard of once, and what follows is judged by them."""
    early = signed(scenario, "U01")
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    steps = scenario.steps[-1:]
    newest = scenario.conference.state.roster.version
    assert (hear(scenario, *steps), hear(scenario, *steps)) == (newest, newest)
    assert kinds(scenario) == ["TaskIssued", "RosterAdopted"]
    assert refused(lambda: send(scenario, early)) == "KEY_RETIRED"
    send(scenario, signed(scenario, "U02"))
    assert (findings(scenario), deep_findings(scenario)) == ([], [])


def test_rungs_that_are_due_come_before_rosters(scenario: Scenario) -> None:
    """As before a command: what a rule did earlier stands earlier."""
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    scenario.now += timedelta(days=2)
    hear(scenario, scenario.steps[-1])
    first, *rungs, last = kinds(scenario)
    assert (first, last, set(rungs)) == ("TaskIssued", "RosterAdopted", {"RungFired"})
    assert deep_findings(scenario) == []


def test_rosters_that_nobody_signed_or_that_do_not_fit_change_nothing(scenario: Scenario) -> None:
    """Nor do any under the id of a command, or on a stream that is frozen."""
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    first = scenario.steps[-1]
    scenario.change_roster(retire=[scenario.signer("auditor").key_id])
    second = scenario.steps[-1]
    forged = first.model_copy(update={"signatures": second.signatures})
    stream = scenario.tasks["T-0001"]
    assert refused(lambda: hear(scenario, forged)) == "SIGNATURE_INVALID"
    assert refused(lambda: hear(scenario, second)) == "ROSTER_CHANGE"
    _, command = signed(scenario, "U02")
    assert refused(lambda: hear(scenario, first, arrived=command)) == "UPDATE_ID_MISMATCH"
    stream.writer.frozen = True
    assert refused(lambda: hear(scenario, first)) == "FROZEN"
    assert kinds(scenario) == ["TaskIssued"]


def test_a_task_that_is_archived_hears_of_no_rosters(scenario: Scenario) -> None:
    """Nothing follows the archive, not even where it is only due."""
    words = scenario.text("no longer wanted", "convener").model_dump(mode="json")
    scenario.act("convener", "T-0001", "cancel", reason=words)
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    scenario.now += timedelta(days=365)
    message = RostersMessage(roster_steps=(scenario.steps[-1],))
    stream = scenario.tasks["T-0001"]
    for work in (stream.rehearse_rosters, stream.adopt_rosters):
        assert refused(lambda work=work: work(message, "rosters.1", scenario.now)) == ("TASK_ENDED")
    assert "RosterAdopted" not in kinds(scenario)


def test_a_thaw_checks_its_rosters_four_times(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the stream's roster and the stored one, before and after it is accepted.

    How many may come along rests on that (`owed_rosters.AT_ONCE`).
    """
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    checked, adopt = [], admission.adopt

    def counted(roster: Roster, step: RosterStep) -> Roster:
        checked.append(step)
        return adopt(roster, step)

    monkeypatch.setattr(admission, "adopt", counted)
    stream = scenario.tasks["T-0001"]
    answer, steps = stream.answer, scenario.steps[-1:]

    def rehearsed(message: CommandMessage, *beside: Any) -> CommandAnswer:
        stream.rehearse(message, *beside)
        return answer(message, *beside)

    monkeypatch.setattr(stream, "answer", rehearsed)
    scenario.thaw(stream, scenario.stored(stream))
    assert checked == steps * 4
    assert kinds(scenario) == ["RosterAdopted", "TaskThawed"]


def test_a_revoked_key_is_refused_where_the_stream_hears_of_it(scenario: Scenario) -> None:
    """Signed before, arriving after; the step comes with the command, and nothing is sealed."""
    early = signed(scenario, "U01")
    key = scenario.signer("U01").key_id
    scenario.change_roster(retire=[key])
    assert refused(lambda: send(scenario, early, scenario.steps[-1])) == "KEY_RETIRED"
    assert kinds(scenario) == ["TaskIssued"]
    send(scenario, signed(scenario, "U02"), scenario.steps[-1])
    assert kinds(scenario) == ["TaskIssued", "RosterAdopted", "AssignmentAcknowledged"]
    assert refused(lambda: send(scenario, early)) == "KEY_RETIRED"
    assert findings(scenario) == []


@pytest.mark.parametrize(("later", "found"), [(119, []), (121, ["KEY_RETIRED_EARLIER"])])
def test_a_command_taken_after_the_revocation_is_found(
    scenario: Scenario, later: int, found: list[str]
) -> None:
    """The stream had not heard of it; two minutes are allowed for what is on its way."""
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    scenario.now += timedelta(seconds=later)
    send(scenario, signed(scenario, "U01"))
    assert [finding.code for finding in findings(scenario)] == found


def test_a_first_receipt_outlives_the_key(scenario: Scenario) -> None:
    """The repeat of a command that was taken finds its receipt after the key was revoked."""
    command = signed(scenario, "U01")
    first = send(scenario, command).receipt
    scenario.change_roster(retire=[scenario.signer("U01").key_id])
    send(scenario, signed(scenario, "U02"), scenario.steps[-1])
    again = send(scenario, command, scenario.steps[-1]).receipt
    assert (again.events, again.already) == (first.events, True)


def test_a_rotation_takes_effect_at_once(scenario: Scenario) -> None:
    """The old key no more, the new one instead; both streams and the trail agree."""
    old = signed(scenario, "U01")
    scenario.change_roster(rotate="U01")
    new = signed(scenario, "U01")
    assert refused(lambda: send(scenario, new)) == "KEY_UNKNOWN"
    assert refused(lambda: send(scenario, old, scenario.steps[-1])) == "KEY_RETIRED"
    receipt = send(scenario, new, *scenario.steps[-1:]).receipt
    assert [event.kind for event in receipt.events] == ["AssignmentAcknowledged"]
    # a step that the stream has adopted is passed over, however often it comes
    scenario.act("U02", "T-0001", "acknowledge")
    assert findings(scenario) == []


def test_a_lost_key_acts_until_its_successor_does(scenario: Scenario) -> None:
    """72 hours to the microsecond, on the conference's stream and on a task's."""
    lost = scenario.signer("U01")
    effective = scenario.now + timedelta(hours=72)
    scenario.replace_key("U01", effective)
    assert refused(lambda: send(scenario, signed(scenario, "U01"), *scenario.steps[-1:])) == (
        "KEY_NOT_YET"
    )
    scenario.generations["U01"] = 0
    assert scenario.signer("U01").key_id == lost.key_id
    scenario.now = effective - timedelta(microseconds=1)
    send(scenario, signed(scenario, "U01"), *scenario.steps[-1:])
    scenario.now = effective
    late = signed(scenario, "U01", "progress", percent=10)
    assert refused(lambda: send(scenario, late)) == "KEY_REPLACED"
    scenario.generations["U01"] = 1
    send(scenario, signed(scenario, "U01", "progress", percent=10))
    assert findings(scenario) == []


def test_a_replaced_key_that_acts_on_is_found(scenario: Scenario) -> None:
    """On a stream that never heard of the replacement."""
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    scenario.generations["U01"] = 0
    scenario.now += timedelta(hours=72, minutes=2, seconds=1)
    send(scenario, signed(scenario, "U01"))
    assert [finding.code for finding in findings(scenario)] == ["KEY_RETIRED_EARLIER"]


def test_a_replacement_stopped_in_time_changes_nothing(scenario: Scenario) -> None:
    """The unit had lost none, and said so."""
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    false = scenario.signer("U01").key_id
    scenario.generations["U01"] = 0
    scenario.change_roster(retire=[false])
    scenario.now += timedelta(hours=100)
    send(scenario, signed(scenario, "U01"), *scenario.steps[-2:])
    assert findings(scenario) == []


def test_a_key_that_waits_cannot_act_sooner_by_a_rotation(scenario: Scenario) -> None:
    """The 72 hours hold for whatever comes of the key that waits."""
    lost = [scenario.signer("U01").key_id]
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    assert refused(lambda: scenario.change_roster(rotate="U01")) == "ROSTER_CHANGE"
    scenario.generations["U01"] = 1
    scenario.now += timedelta(hours=72)
    scenario.change_roster(rotate="U01", retire=lost)
    assert findings(scenario) == []


@pytest.mark.parametrize("hours", [0, 80])
def test_a_lost_key_hands_over_to_no_other(scenario: Scenario, hours: int) -> None:
    """Who found or stole it would else outlive the replacement, which waits or has come."""
    lost = scenario.signer("U01")
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    scenario.now += timedelta(hours=hours)
    scenario.generations["U01"] = 2
    by_lost = scenario.possession("U01", lost)
    scenario.possession = lambda *_: by_lost  # type: ignore[method-assign]
    found = refused(lambda: scenario.change_roster(add=["U01"], retire=[lost.key_id]))
    assert found == "ROSTER_CHANGE"


def test_the_only_key_that_signs_the_roster_is_not_replaced(scenario: Scenario) -> None:
    """Nobody could change the roster from the instant on."""
    effective = scenario.now + timedelta(hours=72)
    assert refused(lambda: scenario.replace_key("convener", effective)) == "ROSTER_CHANGE"
    scenario.generations["convener"] = 0
    assert findings(scenario) == []


@pytest.mark.parametrize("together", [False, True])
def test_a_revoked_key_is_not_forgotten_with_its_replacement(
    scenario: Scenario, together: bool
) -> None:
    """The lost key and its successor go, the lost one first: it acts no more where nobody heard."""
    lost = scenario.signer("U01").key_id
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    both = [lost, scenario.signer("U01").key_id]
    for gone in [both] if together else [[key] for key in both]:
        scenario.change_roster(retire=gone)
    scenario.generations["U01"] = 0
    scenario.now += timedelta(hours=1)
    send(scenario, signed(scenario, "U01"))
    assert [finding.code for finding in findings(scenario)] == ["KEY_RETIRED_EARLIER"]


def test_a_task_may_begin_after_its_issuer_took_another_key(scenario: Scenario) -> None:
    """The worker was away, or the convener approved later: the issue was in time on the conference."""
    count = len(scenario.conference.state.roster.keys)
    answer = scenario.register_task("plan-2", by="office")
    scenario.change_roster(rotate="office")
    scenario.now += timedelta(minutes=3)
    scenario.begin(answer, key_count=count)
    assert findings(scenario) == []


@pytest.mark.parametrize("early", [timedelta(microseconds=1), timedelta(hours=72)])
def test_a_replacement_waits_72_hours(scenario: Scenario, early: timedelta) -> None:
    """Sooner is refused, and nothing has changed."""
    version = scenario.conference.state.roster.version
    with pytest.raises(Refusal) as refusal:
        scenario.replace_key("U01", scenario.now + timedelta(hours=72) - early)
    assert refusal.value.code == "REPLACEMENT_TOO_SOON"
    assert scenario.conference.state.roster.version == version


def test_what_replaced_a_key_does_not_go_without_it(scenario: Scenario) -> None:
    """Else the lost key would act again; both go together."""
    lost = scenario.signer("U01").key_id
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    new = scenario.signer("U01").key_id
    scenario.now += timedelta(hours=73)
    assert refused(lambda: scenario.change_roster(retire=[new])) == "PREDECESSOR_ACTIVE"
    scenario.change_roster(retire=[new, lost])
    roster = scenario.conference.state.roster
    assert {roster.standing(key, scenario.now) for key in (new, lost)} == {"retired"}
    assert findings(scenario) == []


def test_two_of_three_hold_the_roster(scenario: Scenario) -> None:
    """From 1 of 1 to 2 of 3, signed by all three; then any two, and the convener alone no more."""
    three = tuple(scenario.signer(unit).key_id for unit in ("convener", "U01", "U02"))
    threshold = Threshold(k=2, keys=three)
    for lacking in (("convener",), ("U01", "U02")):
        code = refused(lambda by=lacking: scenario.change_roster(by=by, threshold=threshold))
        assert code == "ROSTER_QUORUM"
    scenario.change_roster(by=("convener", "U01"), threshold=threshold)
    key = scenario.signer("auditor").key_id
    assert refused(lambda: scenario.change_roster(retire=[key])) == "ROSTER_QUORUM"
    scenario.change_roster(by=("U01", "U02"), retire=[key])
    assert findings(scenario) == []


def test_units_and_keys_of_the_conference_only(scenario: Scenario) -> None:
    """An unknown unit, a key again, a forged possession: refused on the conference's stream."""
    assert refused(lambda: scenario.change_roster(add=["U09"])) == "UNKNOWN_UNIT"
    assert refused(lambda: scenario.change_roster(add=["U01"])) == "KEY_KNOWN"
    scenario.generations["U01"] = 1
    stolen = scenario.possession("U01").model_copy(update={"signature": "0" * 128})
    scenario.possession = lambda *_: stolen  # type: ignore[method-assign]
    assert refused(lambda: scenario.change_roster(add=["U01"])) == "SIGNATURE_INVALID"


MAKE: dict[str, Callable[[Scenario], Any]] = {
    "register-key": lambda s: (s.generations.update(U01=1), s.register_key("U01")),
    "change-roster": lambda s: s.change_roster(rotate="U01"),
    "replace-key": lambda s: s.replace_key("U01", s.now + timedelta(hours=72)),
}


@pytest.mark.parametrize("action", MAKE)
def test_the_second_of_two_changes_in_flight_is_stale(scenario: Scenario, action: str) -> None:
    """Signed for the version before, as it says; else its signature just does not hold."""
    made_for = roster_hash(scenario.conference.state.roster)
    given: dict[str, Any] = {}
    ask, scenario.ask = scenario.ask, lambda *_, **args: given.update(args)  # type: ignore[method-assign,assignment]
    MAKE[action](scenario)
    scenario.ask = ask  # type: ignore[method-assign]
    scenario.steps.pop()
    scenario.change_roster(rotate="U02")
    given["prev_roster"] = made_for
    with pytest.raises(Refusal) as stale:
        scenario.ask("convener", action, **given)
    version = scenario.conference.state.roster.version
    assert (stale.value.code, stale.value.params) == (
        *("ROSTER_PROPOSAL", {"reason": "stale", "version": version}),
    )
    del given["prev_roster"]
    assert refused(lambda: scenario.ask("convener", action, **given)) == "SIGNATURE_INVALID"
    assert findings(scenario) == []


def test_verification_follows_the_chain_of_changes(scenario: Scenario) -> None:
    """A change that the conference's stream does not hold is found where a task stands under it."""
    scenario.change_roster(rotate="U01")
    scenario.act("U01", "T-0001", "acknowledge")
    rows = rows_of(scenario)
    forged = [
        row
        for row in rows
        if not (row.stream == "conference" and b'"kind":"RosterChanged"' in row.data)
    ]
    checker = TrailChecker()
    codes = {finding.code for row in forged for finding in checker.check(row)[1]}
    assert "ROSTER_UNKNOWN" in codes


def test_a_change_that_too_few_signed_is_found(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a worker that does not count; the change and what stands under it are named."""
    keys = tuple(scenario.signer(unit).key_id for unit in ("convener", "U01"))
    both = ("convener", "U01")
    scenario.change_roster(by=both, threshold=Threshold(k=2, keys=keys))
    with monkeypatch.context() as careless:
        careless.setattr(rosters, "_check_signatures", lambda *_, **__: None)
        scenario.change_roster(rotate="U02")
        scenario.act("U02", "T-0001", "acknowledge")
    found = {(f.code, f.detail) for f in findings(scenario)}
    assert ("ROSTER_INVALID", "ROSTER_QUORUM") in found
    assert "ROSTER_UNKNOWN" in {code for code, _ in found}


def deep_findings(scenario: Scenario) -> list[tuple[str, str, str]]:
    """What deriving every event again finds."""
    checker = DeepChecker()
    found = [finding for row in rows_of(scenario) for finding in checker.check(row)]
    return [(f.code, f.place, f.detail) for f in found]


def test_a_key_taken_in_without_its_units_signature_is_not_derived(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker took a rotation that the old key had not signed."""
    with monkeypatch.context() as careless:
        careless.setattr(conference_stream, "check_possessions", lambda *_, **__: None)
        careless.setattr(scenario, "possession", lambda *_: Scenario.possession(scenario, "U01"))
        scenario.change_roster(rotate="U01")
    place = (
        f"demo/conference#{len(scenario.steps) + 2}"  # the founding and an issue stand there too
    )
    assert deep_findings(scenario) == [("NOT_DERIVED", place, "ROSTER_CHANGE")]


def test_a_replacement_sooner_than_72_hours_is_not_derived(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker took one that acts an hour later."""
    with monkeypatch.context() as careless:
        careless.setattr(decide, "REPLACEMENT_DELAY", timedelta(hours=1))
        scenario.replace_key("U01", scenario.now + timedelta(hours=1))
    place = f"demo/conference#{len(scenario.steps) + 2}"
    assert deep_findings(scenario) == [("NOT_DERIVED", place, "REPLACEMENT_TOO_SOON")]


def test_a_command_by_a_log_key_is_by_no_key() -> None:
    """Keys of the log sign checkpoints, nothing else."""
    scenario = Scenario(units=("U01",)).register_all()
    log = Signer(b"\x07" * 32)
    entry = RosterKey(
        unit="system",
        role=Role.SYSTEM,
        use="log",
        key_id=log.key_id,
        public_key=log.public_key.hex(),
    )
    changes = RosterChanges(add=(entry,))
    roster = next_roster(scenario.conference.state.roster, changes)
    scenario.ask(
        "convener",
        "change-roster",
        changes=changes.model_dump(mode="json", exclude_none=True),
        roster_signatures=[
            sign_roster(roster, scenario.signer("convener")).model_dump(mode="json")
        ],
    )
    assert scenario.conference.state.roster.by_key_id[log.key_id].use == "log"
    scenario.signer = lambda _unit: log  # type: ignore[method-assign, assignment]
    assert refused(lambda: scenario.ask("system", "adopt-rules")) == "KEY_UNKNOWN"
