"""What is open on a task beside its work: requests, warnings, proposals and so on (cli layer)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lianxi.cli.language import _
from lianxi.cli.render import instant, word
from lianxi.cli.task.concurrence import concurrence_lines
from lianxi.cli.task.looking import SHORT
from lianxi.cli.terminal import dot, visible

Lines = Iterator[str]


def matter_lines(view: Mapping[str, Any], how: str) -> list[str]:
    """Everything that is open, per unit in the order of the task, then of the task itself."""
    lines = [
        line for a in view["assignments"] for matter in _OF_UNIT for line in matter(a, how) if line
    ]
    concurrence = view.get("concurrence")
    if concurrence:
        lines.append(_("Concurrence on the lead's submission:"))
        lines += [f"  {line}" for line in concurrence_lines(concurrence, how)]
    for matter in _OF_TASK:
        lines += matter(view, how)
    return lines


def _objection(a: Mapping[str, Any], how: str) -> Lines:
    asked = a.get("objection")
    if asked:
        yield _("{unit} objects since {time}: {reason}").format(**_request(a, asked, how))


def _extension(a: Mapping[str, Any], how: str) -> Lines:
    asked = a.get("extension")
    if asked:
        fields = _request(a, asked, how)
        yield _("{unit} asks for more time, until {until}, since {time}: {reason}").format(
            **fields, until=instant(asked.get("until"), how)
        )
        if asked.get("holds"):
            yield "  " + _("It is not late before the office has decided.")


def _stop(a: Mapping[str, Any], how: str) -> Lines:
    asked = a.get("stop")
    if asked:
        yield _("{unit} asks to stop since {time}: {reason}").format(**_request(a, asked, how))


def _request(a: Mapping[str, Any], asked: Mapping[str, Any], how: str) -> dict[str, str]:
    return {
        "unit": str(a["unit"]),
        "time": instant(asked.get("at"), how),
        "reason": visible(str(asked.get("reason") or "")),
    }


def _suspension(a: Mapping[str, Any], how: str) -> Lines:
    suspended = a.get("suspension")
    if suspended:
        yield _("{unit} is suspended since {time}; the office looks again by {until}").format(
            unit=a["unit"],
            time=instant(suspended.get("since"), how),
            until=instant(suspended.get("review_by"), how),
        )


def _warning(a: Mapping[str, Any], how: str) -> Lines:
    warning = a.get("warning")
    if not warning:
        return
    since = instant(warning.get("at"), how)
    if warning.get("answered"):
        yield _("{unit} was warned at {time} and has explained itself").format(
            unit=a["unit"], time=since
        )
    else:
        yield _("{unit} is warned since {time}; explanation by {until}").format(
            unit=a["unit"], time=since, until=instant(warning.get("explain_by"), how)
        )


def _filing(a: Mapping[str, Any], how: str) -> Lines:
    filing = a.get("filing")
    if not filing:
        return
    act = word(filing.get("act"))
    if filing.get("disputed"):
        yield _("Filed on behalf of {unit}: {act}; disputed").format(unit=a["unit"], act=act)
    else:
        yield _("Filed on behalf of {unit}: {act}; to be disputed by {time}").format(
            unit=a["unit"], act=act, time=instant(filing.get("dispute_by"), how)
        )


def _reporting(a: Mapping[str, Any], how: str) -> Lines:
    reporting = a.get("reporting")
    if not reporting:
        return
    if reporting.get("late"):
        yield _("{unit}: report of {period} late").format(unit=a["unit"], period=reporting["late"])
    filed = _("filed") if reporting.get("filed") else _("not filed yet")
    yield _("{unit}: report of {period} due {time}, {state}").format(
        unit=a["unit"],
        period=reporting.get("period"),
        time=instant(reporting.get("due"), how),
        state=filed,
    )


def _urged(a: Mapping[str, Any], how: str) -> Lines:
    if a.get("urged_at"):
        yield _("{unit} was urged last at {time}").format(
            unit=a["unit"], time=instant(a["urged_at"], how)
        )


def _instructions(view: Mapping[str, Any], how: str) -> Lines:
    shown = {a["unit"] for a in view["assignments"]}
    for instruction in view.get("instructions") or ():
        to = [unit for unit in instruction.get("units") or () if unit in shown]
        if not to:
            continue
        parts = [
            _("Instruction of {time} to {units}").format(
                time=instant(instruction.get("at"), how), units=", ".join(to)
            ),
            instruction["event"][:SHORT],
        ]
        waiting = [unit for unit in instruction.get("open") or () if unit in shown]
        if waiting:
            parts.append(_("not acknowledged: {units}").format(units=", ".join(waiting)))
        yield dot().join(parts)
        if instruction.get("text"):
            yield f"  {visible(instruction['text'])}"


def _proposals(view: Mapping[str, Any], how: str) -> Lines:
    for proposal in view.get("proposals") or ():
        act = f"{word(proposal.get('act'))} {proposal.get('unit') or ''}".rstrip()
        template = (
            _("Proposed: {act}; waits for the office until {time}")
            if proposal.get("stage") == "office"
            else _("Proposed: {act}; waits for the convener until {time}")
        )
        line = template.format(act=act, time=instant(proposal.get("expires"), how))
        yield dot().join([line, proposal["event"][:SHORT]])


def _gaps(view: Mapping[str, Any], how: str) -> Lines:
    for gap in view.get("gaps") or ():
        line = _("The service was away from {since} to {until}").format(
            since=instant(gap.get("since"), how), until=instant(gap.get("until"), how)
        )
        yield dot().join([line, _("excluded") if gap.get("excluded") else gap["event"][:SHORT]])


_OF_UNIT: tuple[Callable[[Mapping[str, Any], str], Lines], ...] = (
    _objection,
    _extension,
    _stop,
    _suspension,
    _warning,
    _filing,
    _reporting,
    _urged,
)
_OF_TASK: tuple[Callable[[Mapping[str, Any], str], Lines], ...] = (
    _instructions,
    _proposals,
    _gaps,
)
