"""The rules of redaction, one test each, in the order of `lianxi.domain.conference.redacting`."""

from typing import Any

import pytest
from pydantic import ValidationError

from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference.decide import MAX_PROPOSALS, decide, rungs_due
from lianxi.domain.conference.react import react, still_holds
from lianxi.domain.conference.state import (
    MAX_REDACTIONS,
    ConferenceState,
    IssueProposal,
    RedactionProposal,
    evolve,
)
from lianxi.domain.task.commands import ApproveProposal, RejectProposal
from lianxi.domain.values import Role
from tests.domain.gwt import REASON, commitment, event_hash
from tests.domain.test_conference_decide import (
    DIGESTS,
    ISSUES_ARE_THE_CONVENERS,
    NOW,
    after,
    founded,
    issue,
    order,
    refused,
)

TEXT = commitment("what is to go").commit


def redact(commit: str = TEXT, **changes: Any) -> cmd.RedactOpening:
    fields = {"commit": commit, "reason": REASON, "task": "T-0001", "units": ("U01",)}
    return cmd.RedactOpening.model_validate({**fields, **changes})


def proposed() -> ConferenceState:
    """The office has proposed to redact TEXT."""
    return after(founded(), "office", redact())[0]


def test_by_the_convener_it_takes_effect() -> None:
    """The event says what, why, where and whose; the state keeps commitment and reason."""
    state, event = after(founded(), "convener", redact())
    assert event == ev.OpeningRedacted(commit=TEXT, reason=REASON, task="T-0001", units=("U01",))
    assert state.redacted == {TEXT: REASON.commit}


def test_by_the_office_it_waits_for_the_convener() -> None:
    """As a proposal that expires like that of an issue; nothing is redacted meanwhile."""
    state = proposed()
    (proposal,) = state.proposals.values()
    assert isinstance(proposal, RedactionProposal)
    assert (proposal.act, proposal.commit, proposal.task) == ("redact", TEXT, "T-0001")
    assert state.next_deadline == proposal.expires > NOW
    assert state.redacted is None


def test_it_takes_effect_when_the_convener_approves() -> None:
    """With the proposal in the event; the office cannot approve its own."""
    state = proposed()
    (event,) = state.proposals
    assert refused(state, order("office", ApproveProposal(proposal=event))).params == {
        "act": "redact"
    }
    approved, recorded = after(state, "convener", ApproveProposal(proposal=event))
    assert recorded == ev.OpeningRedacted(
        commit=TEXT, reason=REASON, task="T-0001", units=("U01",), proposal=event
    )
    assert (approved.proposals, approved.redacted) == ({}, {TEXT: REASON.commit})


def test_it_does_not_when_the_convener_rejects_or_nobody_decides() -> None:
    """Each by an event of its own; then it may be proposed again."""
    state = proposed()
    (event,) = state.proposals
    rejected, said = after(state, "convener", RejectProposal(proposal=event, reason=REASON))
    assert said == ev.RedactionRejected(proposal=event, reason=REASON)
    expires = state.proposals[event].expires
    (expired,) = rungs_due(state, expires)
    assert expired == ev.RedactionExpired(proposal=event, due_at=expires)
    gone = evolve(state, ev.ConferenceFact(3, event_hash(3), expires, expired))
    for one in (rejected, gone):
        assert (one.proposals, one.redacted) == ({}, None)
        assert len(after(one, "office", redact())[0].proposals) == 1


def test_rules_that_leave_it_to_the_convener_change_nothing() -> None:
    """It always is the convener's: the office's waits as ever."""
    state = founded(
        rules=ISSUES_ARE_THE_CONVENERS.model_copy(update={"needs_convener": ("redact",)})
    )
    assert isinstance(after(state, "office", redact())[1], ev.RedactionProposed)


@pytest.mark.parametrize("unit", ["U01", "auditor"])
def test_nobody_else_asks_for_it(unit: str) -> None:
    """Units and the auditor."""
    assert refused(founded(), order(unit, redact())).code == "ROLE_NOT_ALLOWED"


def test_the_directory_stays() -> None:
    """Without it nobody knows whose acts they are."""
    state = founded()
    no = refused(state, order("convener", redact(state.directory.commit)))
    assert (no.code, no.params["what"]) == ("NOT_REDACTABLE", "directory")


def test_the_reason_of_a_redaction_stays() -> None:
    """In force or proposed; nor is what goes, or went, the reason of another."""
    other = commitment("another")
    for state in (after(founded(), "convener", redact())[0], proposed()):
        assert refused(state, order("convener", redact(REASON.commit, reason=other))).params == {
            "commit": REASON.commit,
            "what": "redaction-reason",
        }
        gone = {"commit": TEXT, "size": 1}
        no = refused(state, order("convener", redact(other.commit, reason=gone)))
        assert no.code == "NOT_REDACTABLE"


def test_no_text_is_its_own_reason() -> None:
    """It would be destroyed with what it explains."""
    no = refused(founded(), order("convener", redact(reason={"commit": TEXT, "size": 1})))
    assert no.params["what"] == "redaction-reason"


def test_once() -> None:
    """What is destroyed, or waits to be, is not again; the convener need not wait for a proposal."""
    state = after(founded(), "convener", redact())[0]
    for unit in ("convener", "office"):
        assert refused(state, order(unit, redact())).code == "ALREADY_REDACTED"
    assert refused(proposed(), order("office", redact())).code == "ALREADY_SO"


def test_a_proposal_goes_with_what_it_would_destroy() -> None:
    """The convener redacts without it: nothing waits any more, other proposals do."""
    state = after(proposed(), "convener", redact())[0]
    assert (state.proposals, list(state.redacted or ())) == ({}, [TEXT])


def test_whoever_is_named_is_a_unit_of_the_conference() -> None:
    """Each once."""
    assert refused(founded(), order("convener", redact(units=("U77",)))).params == {"unit": "U77"}
    with pytest.raises(ValidationError):
        redact(units=("U01", "U01"))
    with pytest.raises(ValidationError):
        redact(units=())


def test_bounds() -> None:
    """So many redactions, so many proposals of whatever kind."""
    full = founded().model_copy(
        update={"redacted": {event_hash(n): event_hash(0) for n in range(1, MAX_REDACTIONS + 1)}}
    )
    assert refused(full, order("convener", redact())).code == "REDACTIONS_FULL"
    state = proposed()
    (proposal,) = state.proposals.values()
    many = {event_hash(n): proposal for n in range(MAX_PROPOSALS)}
    crowded = state.model_copy(update={"proposals": many})
    assert refused(crowded, order("office", redact(event_hash(5)))).code == "PROPOSALS_FULL"
    waiting = full.model_copy(update={"proposals": state.proposals})
    approve = order("convener", ApproveProposal(proposal=proposal.event))
    assert refused(waiting, approve).code == "REDACTIONS_FULL"


def test_issues_and_redactions_wait_side_by_side() -> None:
    """In the order of their instants, each ends as what it is."""
    state = founded(rules=ISSUES_ARE_THE_CONVENERS)
    for command in (issue(), redact()):
        (event,) = decide(state, order("office", command), DIGESTS, NOW)
        hashed = event_hash(len(state.proposals) + 30)
        state = evolve(state, ev.ConferenceFact(2, hashed, NOW, event))
    assert [p.act for p in state.proposals.values()] == ["issue", "redact"]
    assert [type(event) for event in rungs_due(state, state.next_deadline or NOW)] == [
        ev.IssueExpired,
        ev.RedactionExpired,
    ]
    # as a running workflow carries them over
    again = ConferenceState.model_validate_json(state.model_dump_json())
    assert again == state
    assert [type(p) for p in again.proposals.values()] == [IssueProposal, RedactionProposal]


def test_a_state_of_release_0_2_is_read() -> None:
    """Its proposals are issues and name no act; it has redacted nothing."""
    state = founded(rules=ISSUES_ARE_THE_CONVENERS)
    state = after(state, "office", issue())[0]
    document = state.model_dump(mode="json", exclude_none=True)
    assert "redacted" not in document
    assert all("act" not in waiting for waiting in document["proposals"].values())
    assert ConferenceState.model_validate(document) == state


def notices(event: ev.ConferenceEvent) -> list[tuple[str, str]]:
    found = react(ev.ConferenceFact(2, event_hash(22), NOW, event), founded())
    return [(notice.addressee, notice.kind) for notice in found]


def test_who_is_told() -> None:
    """The convener of a proposal while it waits; the office of its end; the units of what is gone."""
    state, event = after(founded(), "office", redact())
    assert notices(event) == [(Role.CONVENER.value, "redaction-proposed")]
    (asked,) = react(ev.ConferenceFact(2, event_hash(22), NOW, event), state)
    assert still_holds(asked, state)
    assert not still_holds(asked, founded())
    _, done = after(founded(), "convener", redact(units=("U01", "U02")))
    assert notices(done) == [("U01", "redacted"), ("U02", "redacted")]
    assert notices(after(founded(), "convener", redact(units=None))[1]) == []
    _, said = after(state, "convener", RejectProposal(proposal=event_hash(22), reason=REASON))
    assert notices(said) == [("office", "redaction-rejected")]
