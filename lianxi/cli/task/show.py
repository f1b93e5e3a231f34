"""`lianxi task show`: a task whole, the return reason first (cli layer)."""

from collections.abc import Mapping, Sequence
from typing import Any

from lianxi.cli import given
from lianxi.cli.arguments import complete_unit, task_argument
from lianxi.cli.change import identity
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.redacted import redacted_line
from lianxi.cli.render import (
    Column,
    days,
    instant,
    light,
    marked,
    percent,
    show_thing,
    table,
    word,
    yes_no,
)
from lianxi.cli.task.looking import SHORT, view_of
from lianxi.cli.task.matters import matter_lines
from lianxi.cli.task.said import SHOWN_ELSEWHERE, said_by
from lianxi.cli.terminal import dot, paint, visible, visible_line
from lianxi.i18n import N_

ASSIGNMENTS = (
    Column("unit", N_("unit")),
    Column("role", N_("role"), word),
    Column("state", N_("state"), word),
    Column("light", N_("light"), light),
    Column("percent", N_("progress"), percent),
    Column("acknowledge_by", N_("acknowledge by"), instant),
    Column("due", N_("due"), instant),
    Column("days_left", N_("days left"), days),
    Column("provisional", N_("provisional"), marked),
    Column("cycle", N_("cycle")),
    Column("submitted_at", N_("submitted at"), instant),
    Column("in_time", N_("in time"), yes_no),
)

TIMELINE = (
    Column("at", N_("at"), instant),
    Column("kind", N_("event")),
    Column("unit", N_("unit")),
    Column("actor", N_("by")),
    Column("seq", N_("seq")),
    Column("hash", N_("hash"), lambda value, _how: str(value or "")[:12]),
)


@verb(
    "show",
    example="lianxi task show T-0003\nlianxi task show T-0003 --unit U07 -o json",
    help=N_(
        "One task whole: texts, every unit's state and deadlines, the timeline.\n\n"
        "What is shown here is what accept, return and close decide on."
    ),
)
@task_argument()
@option("--unit", metavar="UNIT", shell_complete=complete_unit, help=N_("Only this unit's part."))
@reading()
def show(run: Reading, task: str, unit: str | None) -> None:
    """Show the task and remember which submissions were shown."""
    task = given.task_id(task, run.shelf)
    wanted = given.unit_id(unit, run.shelf) if unit else None
    view = view_of(run.client, task)
    assignments = [a for a in view["assignments"] if wanted in (None, a["unit"])]
    run.shelf.keep_seen(
        task, {**run.shelf.seen(task), **{a["unit"]: a.get("submission") for a in assignments}}
    )
    run.shelf.keep_known("units", [a["unit"] for a in view["assignments"]])
    shown = {**view, "assignments": assignments}
    show_thing({"schema": 1, "task": shown}, run.form, lambda: _text(shown, run))


def _text(view: Mapping[str, Any], run: Reading) -> str:
    how = run.form.time_format
    phase = "ready-to-close" if view.get("ready") else view.get("phase")
    lines = [
        paint(dot().join([str(view["task"]), _title(view), word(phase)]), "bold"),
        *_reasons(view),
        *_texts(view, how),
        "",
        table(view["assignments"], _columns(view["assignments"]), how),
        *_open(view, how),
        *_reports(view, how, identity(run.client.flags)),
        *_said(view, how),
        *_redacted(view, how),
    ]
    if view.get("timeline"):
        lines += ["", table(view["timeline"], TIMELINE, how)]
    return "\n".join(lines)


def _columns(assignments: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Without the mark of provisional limits where there is none."""
    provisional = any(a.get("provisional") for a in assignments)
    return [column for column in ASSIGNMENTS if provisional or column.key != "provisional"]


def _open(view: Mapping[str, Any], how: str) -> list[str]:
    lines = matter_lines(view, how)
    return ["", *lines] if lines else []


def _said(view: Mapping[str, Any], how: str) -> list[str]:
    """Reasons, messages and explanations, in the order of the timeline."""
    words = said_by(view)
    units = {a["unit"] for a in view["assignments"]}
    lines = [
        dot().join(
            [
                instant(event.get("at"), how),
                " ".join(str(event[key]) for key in ("kind", "unit") if event.get(key)),
                visible(words[event["hash"]]),
            ]
        )
        for event in view.get("timeline") or ()
        if event.get("hash") in words
        and event.get("kind") not in SHOWN_ELSEWHERE
        and event.get("unit") in (None, *units)
    ]
    return ["", _("What was said:"), *(f"  {line}" for line in lines)] if lines else []


def _redacted(view: Mapping[str, Any], how: str) -> list[str]:
    """Where something was destroyed, by whom, when, why."""
    lines = [
        dot().join(
            [
                " ".join(str(part) for part in (place.get("kind"), place.get("unit")) if part),
                str(place.get("field") or "").strip("/"),
                str(place.get("commit") or "")[:SHORT],
                redacted_line(place["redacted"], how),
            ]
        )
        for place in view.get("redacted") or ()
    ]
    return ["", _("Redacted:"), *(f"  {line}" for line in lines)] if lines else []


def _title(view: Mapping[str, Any]) -> str:
    if view.get("title"):
        return visible_line(view["title"])
    gone = any(
        place.get("kind") == "TaskIssued" and place.get("field") == "/title"
        for place in view.get("redacted") or ()
    )
    return _("(title redacted)") if gone else _("(title missing)")


def _reasons(view: Mapping[str, Any]) -> list[str]:
    return [
        paint(
            _("Returned to {unit}: {reason}").format(
                unit=a["unit"], reason=visible(a["return_reason"])
            ),
            "red",
        )
        for a in view["assignments"]
        if a.get("state") == "returned" and a.get("return_reason")
    ]


def _texts(view: Mapping[str, Any], how: str) -> list[str]:
    lines = [_("issued {time}").format(time=instant(view.get("issued_at"), how))]
    if view.get("ref"):
        lines.append(_("id {ref}").format(ref=visible_line(str(view["ref"]))))
    basis = view.get("basis")
    if basis and basis.get("text"):
        lines.append(
            _("basis: {kind}, {text}").format(
                kind=word(basis["kind"]), text=visible_line(basis["text"])
            )
        )
    if view.get("kind"):
        lines.append(_("kind {kind}").format(kind=view["kind"]))
    report = view.get("report")
    if report:
        lines.append(
            _("periodic reports: every {every}, day {day}").format(
                every=word(report.get("every")), day=report.get("day")
            )
        )
    if view.get("verdict"):
        lines.append(_("closed as {verdict}").format(verdict=word(view["verdict"])))
    if view.get("text"):
        lines += ["", visible(view["text"])]
    return lines


def _reports(view: Mapping[str, Any], how: str, suffix: str) -> list[str]:
    gone = {place["commit"]: place["redacted"] for place in view.get("redacted") or ()}
    lines: list[str] = []
    for a in view["assignments"]:
        if not a.get("submission"):
            continue
        count = len(a.get("evidence") or ())
        media = a.get("report_media") or ""
        head = _("Submission of {unit} ({media}, {count} files of evidence)")
        lines += ["", head.format(unit=a["unit"], media=media, count=count)]
        if a.get("report"):
            lines.append(visible(a["report"]))
        elif a.get("report_commit") in gone:
            lines.append("  " + redacted_line(gone[a["report_commit"]], how))
        elif a.get("report_commit"):
            command = f"lianxi task evidence {view['task']} --unit {a['unit']} --to DIR{suffix}"
            lines.append(_("  fetch it: {command}").format(command=command))
    return lines
