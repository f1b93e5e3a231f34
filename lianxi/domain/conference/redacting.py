"""The rules of redaction: what may be destroyed, and by whom (domain layer).

In the order of the tests in tests/domain/test_redaction.py:

- By the convener it takes effect; by the office it waits for the convener.
- The directory stays, and so does the reason of every redaction, in force or proposed.
- Once: what is destroyed, or proposed to be, is not again.
- Whoever is named is a unit of the conference.
"""

from datetime import datetime

from lianxi.domain.conference import events as ev
from lianxi.domain.conference import refusals as no
from lianxi.domain.conference.commands import RedactOpening
from lianxi.domain.conference.state import MAX_REDACTIONS, ConferenceState, RedactionProposal
from lianxi.domain.task.refusals import AlreadySoError


def redact(state: ConferenceState, command: RedactOpening) -> ev.OpeningRedacted:
    """The convener's own redaction."""
    _check(state, command)
    return ev.OpeningRedacted(
        commit=command.commit, reason=command.reason, task=command.task, units=command.units
    )


def propose(
    state: ConferenceState, command: RedactOpening, expires: datetime
) -> ev.RedactionProposed:
    """The office's, which waits until `expires`."""
    _check(state, command)
    if any(proposal.commit == command.commit for proposal in _proposed(state)):
        raise AlreadySoError(task=state.conference, state="proposed")
    return ev.RedactionProposed(
        commit=command.commit,
        reason=command.reason,
        task=command.task,
        units=command.units,
        expires=expires,
    )


def redact_proposed(state: ConferenceState, proposal: RedactionProposal) -> ev.OpeningRedacted:
    """What the convener approves; between proposal and approval nothing has become unredactable.

    A redaction of the same commitment takes the proposal with it, and a commitment that a proposal
    names cannot be the reason of another.
    """
    if len(state.redacted or ()) >= MAX_REDACTIONS:
        raise no.RedactionsFullError(limit=MAX_REDACTIONS)
    return ev.OpeningRedacted(
        commit=proposal.commit,
        reason=proposal.reason,
        task=proposal.task,
        units=proposal.units,
        proposal=proposal.event,
    )


def _check(state: ConferenceState, command: RedactOpening) -> None:
    redacted = state.redacted or {}
    if command.commit in redacted:
        raise no.AlreadyRedactedError(commit=command.commit)
    if command.commit == state.directory.commit:
        raise no.NotRedactableError(commit=command.commit, what="directory")
    reasons = {command.reason.commit, *redacted.values()}
    reasons.update(proposal.reason.commit for proposal in _proposed(state))
    # a reason that is destroyed, or about to be, would explain nothing
    going = {*redacted, *(proposal.commit for proposal in _proposed(state))}
    if command.commit in reasons or command.reason.commit in going:
        raise no.NotRedactableError(commit=command.commit, what="redaction-reason")
    for unit in command.units or ():
        if unit not in state.members:
            raise no.UnknownUnitError(unit=unit)
    if len(redacted) >= MAX_REDACTIONS:
        raise no.RedactionsFullError(limit=MAX_REDACTIONS)


def _proposed(state: ConferenceState) -> list[RedactionProposal]:
    return [p for p in state.proposals.values() if isinstance(p, RedactionProposal)]
