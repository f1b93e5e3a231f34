"""Rules as a file's text, which `lianxi.rulesfile` reads back as the same rules (a leaf, no click)."""

from collections.abc import Iterator
from typing import Any

from lianxi.domain.ladder import OfficeRung, Rung
from lianxi.domain.limits import AnyLimit, DaysLimit, DurationLimit, InstantLimit
from lianxi.domain.rules import KindLimits, Rules
from lianxi.domain.values import format_instant

HEAD = """# Limits: 15wd working days, 30cd calendar days (30cd> rolls to the next working day, 30cd< to
# the one before), 15d / 36h / 90m plain time. The version must be later than the one in force.
"""

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))
_ROLLS = {"none": "", "forward": ">", "back": "<"}
_KINDS = {"working": "wd", "calendar": "cd"}


def limit_text(limit: AnyLimit) -> str:
    """A limit as people write it; the seconds of a duration that is no whole minute stay seconds."""
    match limit:
        case DaysLimit():
            roll = "" if limit.kind == "working" else _ROLLS[limit.roll]
            return f"{limit.days}{_KINDS[limit.kind]}{roll}"
        case DurationLimit():
            return duration_text(limit.seconds)
        case InstantLimit():
            return format_instant(limit.at)


def duration_text(seconds: int) -> str:
    """`2d`, `36h`, `90m`, or the seconds where it is none of these."""
    for size, unit in _UNITS:
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return str(seconds)


def as_yaml(rules: Rules) -> str:
    """The whole of the rules as YAML."""
    return HEAD + "".join(f"{line}\n" for line in _lines(rules))


def _lines(rules: Rules) -> Iterator[str]:
    yield f"version: {rules.version}"
    yield f"acknowledge_within: {duration_text(rules.acknowledge_within)}"
    yield f"archive_after: {duration_text(rules.archive_after)}"
    if rules.kinds is not None:
        yield "kinds:" if rules.kinds else "kinds: {}"
        for kind, limits in rules.kinds.items():
            yield f"  {_quoted(kind)}: {_kind(limits)}"
    if rules.spans is not None:
        yield "spans:"
        for name, value in rules.spans.model_dump().items():
            yield f"  {name}: {value}"
    if rules.needs_convener is not None:
        yield f"needs_convener: {_list(rules.needs_convener)}"
    ladder = rules.ladder
    yield "ladder:"
    yield f"  version: {ladder.version}"
    if ladder.hold_days is not None:
        yield f"  hold_days: {ladder.hold_days}"
    yield "  rungs:" if ladder.rungs else "  rungs: []"
    for rung in ladder.rungs:
        yield from _item(rung)
    if ladder.office is not None:
        yield "  office:" if ladder.office else "  office: []"
        for reminder in ladder.office:
            yield from _item(reminder)


def _item(rung: Rung | OfficeRung) -> Iterator[str]:
    fields = {
        name: value
        for name, value in rung.model_dump(mode="json", exclude_none=True).items()
        if not (name == "fires_late" and value is False)
    }
    for number, (name, value) in enumerate(fields.items()):
        yield f"    {'-' if number == 0 else ' '} {name}: {_value(name, value)}"


def _value(name: str, value: Any) -> str:
    if name.endswith("fraction"):
        return f"{value[0]}/{value[1]}"
    if name == "before_seconds":
        return duration_text(value) if value else "0"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _list(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def _kind(limits: KindLimits) -> str:
    return f"{{acknowledge: {_limit(limits.acknowledge)}, due: {_limit(limits.due)}}}"


def _limit(limit: AnyLimit) -> str:
    if isinstance(limit, DurationLimit) and limit.seconds % 60:
        return f"{{rule: duration, seconds: {limit.seconds}}}"
    if isinstance(limit, InstantLimit):
        # the system's own spelling has a microsecond, which a person's has not
        return f"{{rule: instant, at: {_quoted(format_instant(limit.at))}}}"
    return limit_text(limit)


def _list(values: Any) -> str:
    return f"[{', '.join(_quoted(str(value)) for value in values)}]"


def _quoted(text: str) -> str:
    """Plain where YAML takes a word as it stands: null and its like are quoted, and what has marks."""
    plain = text.replace("-", "").replace("_", "").isalnum() and text[0].isalpha()
    return text if plain and text not in ("null", "Null", "NULL") else f'"{text}"'
