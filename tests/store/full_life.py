"""Tasks of release 0.2 on which every kind of event happens once at least, by the real pure layers."""

from datetime import date, timedelta
from typing import Any

from lianxi.domain.calendar import Calendar, CalendarEntry
from lianxi.domain.rules import DEFAULT_RULES
from tests.parties import CALENDAR
from tests.store.scenario import Scenario

UNITS = ("U01", "U02", "U03", "U04", "U05", "U06")

DAYS = {"rule": "days", "kind": "working"}

RULES = DEFAULT_RULES.model_copy(
    update={"version": 3, "needs_convener": ("warning", "bulletin", "issue", "cancel")}
)


def days(number: int) -> dict[str, Any]:
    """A limit of working days."""
    return {**DAYS, "days": number}


class FullLife:
    """One conference; each method is a chapter, in the order of the calendar."""

    def __init__(self, **changes: Any) -> None:
        self.s = Scenario.today(units=UNITS, smtp=frozenset({"U02"}), **changes)
        for unit in ("office", "auditor", *UNITS[:5]):
            self.s.register_key(unit)

    def all(self) -> Scenario:
        """Every chapter."""
        self.supervised()
        self.requested()
        self.reporting()
        self.late()
        self.redacted()
        self.proposed()
        self.away()
        self.succeeded()
        self.keys_changed()
        self.recounted()
        self.ended()
        self.overtaken()
        self.thawed()
        self.waiting()
        return self.s

    def words(self, text: str, by: str = "office") -> dict[str, Any]:
        """A text handed in."""
        return self.s.text(text, by).model_dump(mode="json")

    def part(self, task: str, unit: str) -> Any:
        """One unit's assignment as it stands."""
        return self.s.tasks[task].state.assignments[unit]

    # --- the chapters ---

    def supervised(self) -> None:
        """T-0001: a lead with concurrence; urged, instructed, phoned, corrected, dissent, accepted."""
        s = self.s
        task = s.issue(
            "joint", mode="lead", lead="U01", units=["U02", "U03", "U04"], due=days(15),
            kind="ordinary", concurrence=True,
        )  # fmt: skip
        for unit in ("U01", "U02", "U03"):
            s.act(unit, task, "acknowledge")
        s.act("office", task, "urge", units=["U04"], text=self.words("make haste"))
        s.act(
            "office",
            task,
            "instruct",
            units=["U02", "U03"],
            text=self.words("by the book"),
            acknowledge=True,
        )
        given = s.tasks[task].state.instructions[-1].event
        s.act("U02", task, "heed", instruction=given)
        s.act("office", task, "phoned", unit="U04", text=self.words("called them"))
        s.act("U02", task, "progress", percent=20, text=self.words("a fifth", "U02"))
        said = self.part(task, "U02").said[-1]
        s.act("U02", task, "correct", event=said, percent=25)
        s.act(
            "office", task, "on-behalf", unit="U04", act="acknowledge", args={}, via="phone",
            basis=self.words("said so on the phone"),
        )  # fmt: skip
        filing = self.part(task, "U04").filing.event
        s.act("U04", task, "dispute", filing=filing, reason=self.words("we did not", "U04"))
        s.submit("U01", task)
        submission = self.part(task, "U01").submission.event
        s.act("U02", task, "concur", submission=submission)
        s.act("U03", task, "dissent", submission=submission, reason=self.words("not so", "U03"))
        s.wait(days=4)  # U04 stays silent
        s.act("U01", task, "recall")
        s.submit("U01", task)
        s.send_back("U01", task)
        s.submit("U01", task)
        s.decide(task, "U01", "accept", reason=self.words("good enough"))
        undo = self.part(task, "U01").undo.act
        s.act("office", task, "by-mistake", unit="U01", act=undo, reason=self.words("wrong one"))

    def requested(self) -> None:
        """T-0002: objections with all outcomes, extensions, stops, suspension, a new lead."""
        s = self.s
        task = s.issue(
            "asked", mode="lead", lead="U01", units=["U02", "U03", "U04", "U05"], due=days(20)
        )
        for unit in ("U02", "U03", "U05"):
            s.act(unit, task, "object", reason=self.words("not ours", unit))
        self.decide(task, "U02", "grant", "objection")
        self.decide(task, "U03", "refuse", "objection", reason=self.words("it is"))
        self.decide(task, "U05", "grant", "objection", acknowledge_by=days(3))
        s.act("U04", task, "acknowledge")
        s.act("U01", task, "acknowledge")
        s.act("U05", task, "acknowledge")
        s.act("U04", task, "extend", until=days(25), reason=self.words("more time", "U04"))
        self.decide(task, "U04", "grant", "extension")
        s.act("U04", task, "extend", until=days(30), reason=self.words("still more", "U04"))
        self.decide(task, "U04", "refuse", "extension", reason=self.words("no"))
        s.act("U05", task, "stop", reason=self.words("pointless", "U05"))
        s.act("U05", task, "retract", request="stop")
        s.act("U05", task, "stop", reason=self.words("pointless indeed", "U05"))
        self.decide(task, "U05", "grant", "stop")
        s.act("office", task, "suspend", unit="U04", reason=self.words("flood"), review_by=days(5))
        s.wait(days=3)
        s.act("office", task, "resume", unit="U04")
        s.act("U04", task, "extend", until=days(40), reason=self.words("a last time", "U04"))
        s.submit("U04", task)  # the request lapses
        s.act("office", task, "add", unit="U06", due=days(10))
        s.register_key("U06")
        s.act("U06", task, "acknowledge")  # its stream adopts the new roster
        s.act("office", task, "due", units=["U03"], due=days(22), reason=self.words("later"))
        s.act(
            "office", task, "withdraw", unit="U01", new_lead="U04", reason=self.words("other duty")
        )

    def reporting(self) -> None:
        """T-0003: weekly reports, one in time, one late."""
        s = self.s
        task = s.issue("weekly", units=["U06"], due=days(40), report={"every": "week", "day": 5})
        s.act("U06", task, "acknowledge")
        s.wait(days=3)
        s.act("U06", task, "progress", percent=10)
        s.wait(days=10)

    def late(self) -> None:
        """T-0004: up the whole ladder; warning sent and answered, bulletin endorsed and approved."""
        s = self.s
        task = s.issue("late", units=["U05", "U06"], due=days(3))
        s.act("U05", task, "acknowledge")
        s.wait(days=9)  # three working days past due
        first, *_ = s.tasks[task].state.proposals
        s.act("office", task, "approve", proposal=first)
        s.act("convener", task, "approve", proposal=first)
        proposals = s.tasks[task].state.proposals
        s.act("office", task, "reject", proposal=next(iter(proposals)), reason=self.words("spared"))
        warned = next(unit for unit in ("U05", "U06") if self.part(task, unit).warning)
        warning = self.part(task, warned).warning.event
        s.wait(days=12)
        s.act(warned, task, "answer", warning=warning, text=self.words("we were ill", warned))
        bulletins = s.tasks[task].state.proposals
        s.act("convener", task, "approve", proposal=next(iter(bulletins)))
        s.wait(days=16)  # the other one expires

    def proposed(self) -> None:
        """T-0005: issue and cancelling wait for the convener; one issue rejected, one expires.

        The office takes another key while the first issue waits.
        """
        s = self.s
        s.ask("convener", "adopt-rules", rules=RULES.model_dump(mode="json", exclude_none=True))
        event = s.propose(
            "approved", units=["U01", "U02"], due=days(30), text=self.words("what to do")
        )
        s.change_roster(rotate="office")
        s.wait(minutes=3)
        task = s.begin(s.ask("convener", "approve", proposal=event))
        event = s.propose("unwanted", units=["U01"], due=days(30))
        s.ask("convener", "reject", proposal=event, reason=self.words("no need", "convener"))
        s.propose("forgotten", units=["U03"], due=days(30))
        s.wait(days=15)
        s.act("office", task, "cancel", reason=self.words("no longer wanted"))
        (cancelling,) = s.tasks[task].state.proposals
        s.act("convener", task, "approve", proposal=cancelling)
        s.act("office", "T-0002", "cancel", reason=self.words("this neither"))  # left waiting

    def away(self) -> None:
        """T-0006: nobody acts for two days; the gap is noted and excluded."""
        s = self.s
        task = s.issue("gap", units=["U02", "U03"], due=days(8))
        s.pass_time(days=2, hours=3)
        gap = s.tasks[task].state.gaps[-1].event
        s.act("office", task, "exclude-gap", gap=gap, reason=self.words("power cut"))

    def succeeded(self) -> None:
        """T-0007: U02 is succeeded by U06, which is on the task too."""
        s = self.s
        task = s.issue("inherited", units=["U01", "U02", "U06", "U03"], due=days(9))
        s.act("U02", task, "acknowledge")
        self.succeed("U02", "U06")
        s.act("office", task, "transfer", unit="U02", into="U06")

    def keys_changed(self) -> None:
        """U03 takes another key and acts with it where the old one was known; the auditor lost its own."""
        s = self.s
        s.change_roster(rotate="U03")
        s.act("U03", "T-0007", "acknowledge")
        s.replace_key("auditor", s.now + timedelta(hours=72))

    def redacted(self) -> None:
        """Of T-0001: one redaction by the convener, one approved, one rejected, one left to expire."""
        s, task = self.s, "T-0001"
        filed, title = self.part(task, "U01").submission, s.tasks[task].state.title
        self.redact(filed.report.commit, task=task, units=["U01"])
        event = self.propose_redaction(filed.evidence[0].file.commit, task)
        s.ask("convener", "approve", proposal=event)
        event = self.propose_redaction(title.commit, task)
        reason = self.words("everybody knows it", "convener")
        s.ask("convener", "reject", proposal=event, reason=reason)
        self.propose_redaction(title.commit, task)

    def recounted(self) -> None:
        """T-0006 and T-0007 count by another calendar from here on."""
        s = self.s
        calendar = shifted(s.now.date())
        args = calendar.model_dump(mode="json", exclude_none=True)
        s.ask("convener", "adopt-calendar", calendar=args, units=["U01", "U06"])
        s.act("office", "T-0007", "adopt-calendar", calendar=args)

    def ended(self) -> None:
        """T-0008: closed, closed by mistake, closed, re-opened, closed, archived."""
        s = self.s
        task = s.issue("short", units=["U01"], due=days(12))
        s.submit("U01", task)
        s.accept("U01", task)
        s.act("office", task, "close", verdict="implemented")
        act = s.tasks[task].state.end_event
        s.act("office", task, "by-mistake", act=act, reason=self.words("too soon"))
        s.act("office", task, "close", verdict="implemented")
        s.act("office", task, "reopen", units=["U01"], due=days(6), reason=self.words("look again"))
        s.submit("U01", task)
        s.accept("U01", task)
        s.act("office", task, "close", verdict="implemented")
        s.tasks[task].note_cancellation(s.now)
        s.conference.note_cancellation(s.now)
        s.now += timedelta(days=200)
        s.tasks[task].fire_rungs(s.now)

    def overtaken(self) -> None:
        """A task of its own: late, a warning proposed; the unit submits, and there is nothing to warn of."""
        s = self.s
        task = s.issue("overtaken", units=["U04"], due=days(3))
        s.wait(days=9)
        s.submit("U04", task)

    def thawed(self) -> None:
        """T-0009 froze after an act that did not reach the trail, the conference without one."""
        s, task = self.s, "T-0009"
        stored = s.stored(s.tasks[task])
        s.accept("U04", task)
        s.thaw(s.tasks[task], stored)
        s.thaw(s.conference, s.stored(s.conference))

    def waiting(self) -> None:
        """An issue and a redaction that wait for the convener when the year is over."""
        s = self.s
        s.propose("waiting", units=["U03"], due=days(30), text=self.words("still to be seen"))
        title = s.tasks["T-0005"].state.title
        self.propose_redaction(title.commit, "T-0005")

    # --- inside ---

    def redact(self, commit: str, **whose: Any) -> None:
        """The convener has a text or file destroyed."""
        reason = self.words("names somebody", "convener")
        self.s.ask("convener", "redact", commit=commit, reason=reason, **whose)

    def propose_redaction(self, commit: str, task: str) -> str:
        """The office proposes it; answers the event that waits."""
        reason = self.words("names somebody too")
        answer = self.s.ask(
            "office", "redact", commit=commit, reason=reason, task=task, units=["U01"]
        )
        return answer.receipt.events[-1].hash

    def succeed(self, unit: str, into: str) -> None:
        """The conference records that one unit has taken another one's place."""
        reason = self.words("merged", "convener")
        self.s.ask("convener", "succeed", unit=unit, into=into, reason=reason)

    def decide(self, task: str, unit: str, action: str, request: str, **args: Any) -> None:
        """The office grants or refuses what a unit asked for."""
        subject = getattr(self.part(task, unit), request).event
        self.s.act("office", task, action, unit=unit, request=request, subject=subject, **args)


def shifted(today: date) -> Calendar:
    """The next version of the tests' calendar: two days off, a week from `today`."""
    off = CalendarEntry(
        first=today + timedelta(days=5), last=today + timedelta(days=7), kind="holiday", name="Off"
    )
    return CALENDAR.model_copy(update={"version": 2, "entries": (off,)})


def full_life() -> Scenario:
    """Everything."""
    return FullLife().all()
