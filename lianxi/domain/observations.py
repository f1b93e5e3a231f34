"""What was observed, as events of the streams `mail/<channel>` and `audit` (domain layer).

Nobody commanded these and no rule follows from them: they are the operator's word
(docs/event-model.md, basis `observation`).
"""

from typing import Annotated, Literal

from pydantic import Field

from lianxi.domain.values import Frozen, Sha256Hex, StreamName, TaskId, UnitId

Detail = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_.:-]{1,64}\z")]
"""A machine word such as an SMTP code, never a text."""


class Observation(Frozen):
    """The `data` of an observation; the class name is its kind."""


class NoticeOutcome(Observation):
    """What became of a notice: which one, to whom, caused by which event, at which attempt.

    `task` is absent for a notice of the conference.
    """

    notice_id: Sha256Hex
    event: Sha256Hex
    task: TaskId | None = None
    unit: UnitId
    attempts: int = Field(ge=0)
    detail: Detail | None = None


class NoticeSent(NoticeOutcome):
    """The channel took the letter."""


class NoticeSuperseded(NoticeOutcome):
    """The notice held no longer when its turn came; nothing was sent."""


class NoticeFailed(NoticeOutcome):
    """The channel will never take the letter."""


class ForkDetected(Observation):
    """Another event than the stored one was offered for a place; the stored one stands."""

    stream: StreamName
    seq: int = Field(ge=1)
    stored: Sha256Hex
    offered: Sha256Hex


class BatchRefused(Observation):
    """Recording refused a batch for good: no writer may offer it; its stream is frozen since.

    `seq` and `offered`: its first event. `reason`: as of `ports.BatchInvalidError`.
    """

    stream: StreamName
    seq: int = Field(ge=0)
    offered: Sha256Hex
    reason: Detail


FindingCode = Annotated[str, Field(pattern=r"\A[A-Z][A-Z0-9_]{1,47}\z")]
FindingPlace = Annotated[str, Field(pattern=r"\A[!-~]{1,256}\z")]
"""Where something was found: an event, a row, a workflow; printable ASCII, no spaces."""
FindingDetail = Annotated[str, Field(pattern=r"\A[ -~]{1,128}\z")]

MAX_PLACE = 256
MAX_DETAIL = 128
_CUT_MARK = "..."


class FindingRaised(Observation):
    """Trail, read tables and Temporal do not agree: what (a code), where, a detail in machine words.

    Raised once; it stands until `FindingCleared` says that it is there no longer.
    """

    code: FindingCode
    place: FindingPlace
    detail: FindingDetail | None = None


class FindingCleared(Observation):
    """What was found is there no longer."""

    code: FindingCode
    place: FindingPlace


class Reconciled(Observation):
    """Trail, read tables and Temporal were compared: how much was looked at, what stands open.

    `pending`: differences that are too young to count. `deep`: streams whose events were derived
    again from their commands; the others were checked by bytes and links.
    """

    streams: int = Field(ge=0)
    events: int = Field(ge=0)
    open: int = Field(ge=0)
    pending: int = Field(ge=0)
    deep: int = Field(ge=0)


def fit_place(text: str) -> str:
    """Any text as a `FindingPlace`: what cannot be printed becomes `?`, the end is cut off."""
    return _fitted(text, MAX_PLACE, lowest="!") or "?"


def fit_detail(text: str) -> str | None:
    """Any text as a `FindingDetail`; None for an empty one."""
    return _fitted(text, MAX_DETAIL, lowest=" ") or None


def _fitted(text: str, limit: int, *, lowest: str) -> str:
    plain = "".join(char if lowest <= char <= "~" else "?" for char in text)
    return plain if len(plain) <= limit else plain[: limit - len(_CUT_MARK)] + _CUT_MARK


NoticeState = Literal["due", "sent", "superseded", "failed"]

OUTCOME_STATES: dict[type[NoticeOutcome], NoticeState] = {
    NoticeSent: "sent",
    NoticeSuperseded: "superseded",
    NoticeFailed: "failed",
}

MAIL_KINDS: dict[str, type[NoticeOutcome]] = {model.__name__: model for model in OUTCOME_STATES}
"""Every kind that may stand on a stream `mail/<channel>`."""

AUDIT_KINDS: dict[str, type[Observation]] = {
    model.__name__: model
    for model in (ForkDetected, BatchRefused, FindingRaised, FindingCleared, Reconciled)
}
"""Every kind that may stand on the stream `audit`."""
