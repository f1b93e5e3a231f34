"""Notices as rows: one per event, addressee, channel and kind (projection, pure)."""

from collections.abc import Iterable, Iterator, Sequence

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.task.react import Notice
from lianxi.domain.values import format_instant
from lianxi.proof.hashing import sha256_hex
from lianxi.store.projection.rows import Change, Recorded, json_text

MAILBOX = "mailbox"
"""The channel that every addressee has; the only one of office, convener and auditor."""


def notice_changes(
    conference: ConferenceState, recorded: Recorded, notices: Iterable[Notice]
) -> Iterator[Change]:
    """The rows of what one event gives rise to, on every channel of its addressees."""
    for notice in notices:
        for channel in channels_of(conference, notice.addressee):
            yield notice_change(recorded, notice, channel)


def channels_of(conference: ConferenceState, addressee: str) -> Sequence[str]:
    """How an addressee is told: members as the roster file says, the convener's side by mailbox."""
    member = conference.members.get(addressee)
    if member is None:
        return (MAILBOX,)
    return (MAILBOX, *(channel for channel in member.channels if channel != MAILBOX))


def notice_id(event_hash: str, addressee: str, channel: str, kind: str) -> str:
    """SHA-256 of "event|addressee|channel|kind" in hex: what receivers deduplicate by."""
    return sha256_hex(f"{event_hash}|{addressee}|{channel}|{kind}".encode())


def notice_change(recorded: Recorded, notice: Notice, channel: str) -> Change:
    """The row of one notice on one channel."""
    identity = notice_id(recorded.hash, notice.addressee, channel, notice.kind)
    return Change(
        "notices",
        {"notice_id": identity},
        {
            "origin": recorded.event.origin,
            "position": recorded.position,
            "event": recorded.hash,
            "task": notice.task,
            "addressee": notice.addressee,
            "about": notice.about,
            "channel": channel,
            "kind": notice.kind,
            "created_at": format_instant(recorded.event.at),
            "notice_json": json_text(notice),
            "state": "due",
            "attempts": 0,
            "detail": None,
            "settled_at": None,
            "outcome": None,
        },
    )
