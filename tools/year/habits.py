"""What units do that no line of the script names: by habit, by the seed (tools, pure).

Most acknowledge and submit in time; some are late, some have their submission returned. The same
seed gives the same year.
"""

from collections.abc import Iterator
from random import Random

from tools.year.conference import SUCCEEDED, SUCCESSION
from tools.year.script import AFTERNOON, DONE, MORNING, NOON, QUARTERLY, Line, Planned, Text, at, wd

DUE_DAYS = {"urgent": 5, "major": 60, None: 15}
ACKNOWLEDGE_DAYS = {"urgent": 1, "major": 2, None: 2}
COUNTED_AS = {"calendar": 20}
"""Working days that pass in thirty calendar days, at the least."""

LATE, RETURNED, NEVER, TALKATIVE = 0.12, 0.15, 0.4, 0.5
"""Of how many: submit after due; are returned once; of a task left open, do not submit this year;
report progress in between."""

PUNCTUAL, TARDY, HANDED_IN, LOOKED_AT = 0.85, 0.1, 0.7, 0.7
"""Of the yearly duty: report a quarter in time; report it late; submit by the year's end; are
decided by then."""

QUARTERS_BEFORE_SUCCESSION = 2

_TIMES = (MORNING, NOON, AFTERNOON)

REPORT_DAYS = (("03-15", "03-24"), ("06-15", "06-24"), ("09-15", "09-24"), ("12-14", "12-22"))
"""Of each quarter: when a punctual unit reports, and when a late one does."""


def lines_of(planned: Planned, seed: int) -> tuple[Line, ...]:
    """The script's own lines, the habits of whoever it does not name, and the closing."""
    closing: tuple[Line, ...] = ()
    if planned.closes is not None:
        closing = (at(planned.closes, NOON, "office", "close", verdict="implemented"),)
    return (*planned.lines, *_habits(planned, seed), *closing)


def _habits(planned: Planned, seed: int) -> Iterator[Line]:
    if planned.idle or not planned.becomes:
        return
    named = {line.who for line in planned.lines}
    named |= {str(line.args["unit"]) for line in planned.lines if "unit" in line.args}
    for unit in planned.everybody:
        random = Random(f"{seed}/{planned.ref}/{unit}")  # noqa: S311 - a story, not a secret
        if planned.report == QUARTERLY:
            yield from _duty(planned, unit, random)
        elif unit not in named:
            yield from _ordinary(planned, unit, random)


def _ordinary(planned: Planned, unit: str, random: Random) -> Iterator[Line]:
    begins, due = planned.begins, planned.begins + _due_days(planned)
    within = ACKNOWLEDGE_DAYS.get(planned.kind, 2)
    acknowledged = begins + random.choice((*range(within + 1), within + 1))
    if begins or acknowledged:
        yield at(acknowledged, random.choice(_TIMES), unit, "acknowledge")
    else:
        yield at(0, AFTERNOON, unit, "acknowledge")
    stays_open = planned.closes is None and random.random() < NEVER
    late = random.random() < LATE
    submitted = due + 1 if late else max(due - random.choice((1, 2, 3, 4)), acknowledged + 1)
    between = (acknowledged + submitted) // 2
    if random.random() < TALKATIVE and acknowledged < between < submitted:
        percent = random.randrange(20, 80, 10)
        yield at(between, NOON, unit, "progress", percent=percent)
    if stays_open:
        return
    if late or random.random() > RETURNED:
        decided = submitted + (1 if late else random.choice((1, 2)))
        yield from _submission(submitted, unit, decided=decided)
        return
    yield at(submitted, MORNING, unit, "submit", report=DONE)
    yield at(
        submitted + 1, NOON, "office", "return", unit=unit, due=wd(5),
        reason=Text("请补充佐证材料 (evidence is missing)"),
    )  # fmt: skip
    yield from _submission(submitted + 3, unit, decided=submitted + 4)


def _submission(day: int, unit: str, *, decided: int) -> Iterator[Line]:
    yield at(day, MORNING, unit, "submit", report=DONE)
    yield at(decided, AFTERNOON, "office", "accept", unit=unit)


def _due_days(planned: Planned) -> int:
    rule = planned.due
    if isinstance(rule, dict) and rule["rule"] == "days":
        return COUNTED_AS.get(rule["kind"], int(rule["days"]))
    return DUE_DAYS[planned.kind]


def _duty(planned: Planned, unit: str, random: Random) -> Iterator[Line]:
    """The yearly duty: acknowledged at once, reported each quarter, handed in at the year's end."""
    yield at(random.choice((1, 2, 3, 4)), MORNING, unit, "acknowledge")
    last = SUCCESSION - planned.start if unit == SUCCEEDED else None
    for number, (punctual, late) in enumerate(REPORT_DAYS, 1):
        if last is not None and number > QUARTERS_BEFORE_SUCCESSION:
            return
        chance = random.random()
        if chance < PUNCTUAL:
            yield at(punctual, random.choice(_TIMES), unit, "progress", percent=number * 20)
        elif chance < PUNCTUAL + TARDY:
            yield at(late, MORNING, unit, "progress", percent=number * 20)
    if last is None and random.random() < HANDED_IN:
        yield at("12-23", random.choice(_TIMES), unit, "submit", report=DONE)
        if random.random() < LOOKED_AT:
            yield at("12-29", AFTERNOON, "office", "accept", unit=unit)
