"""`lianxi todo`: what waits for the caller, red first, with the next command under each line (cli layer)."""

from typing import Any

from lianxi.cli.change import identity
from lianxi.cli.grammar import verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading, remember
from lianxi.cli.render import Column, as_json, days, instant, light, show_rows, word, yes_no
from lianxi.cli.task.looking import SHORT
from lianxi.cli.terminal import dot, paint, put, put_long, visible_line
from lianxi.i18n import N_

NEXT_COMMAND = {
    "acknowledge": "lianxi ack {task}",
    "report": "lianxi task submit {task} --report FILE",
    "revise": "lianxi task show {task}",
    "report-period": "lianxi task progress {task} --period {act} --text TEXT",
    "concur": "lianxi task concur {task}",
    "explain": "lianxi task answer {task} --text TEXT",
    "heed": "lianxi task heed {task} --event {subject}",
    "dispute": "lianxi task dispute {task} --reason TEXT",
    "review": "lianxi task accept {task} --unit {unit}",
    "decide-extension": "lianxi task grant {task} --unit {unit} extension",
    "decide-stop": "lianxi task grant {task} --unit {unit} stop",
    "decide-objection": "lianxi task grant {task} --unit {unit} objection",
    "look-again": "lianxi task resume {task} --unit {unit}",
    "approve": "lianxi task approve {subject}",
    "close": "lianxi task close {task} --verdict implemented",
}
"""What to type for each thing to do (`lianxi.domain.task.asks.What`)."""

COLUMNS = (
    Column("number", N_("No.")),
    Column("light", N_("light"), light),
    Column("task", N_("task")),
    Column("unit", N_("unit")),
    Column("what", N_("to do"), word),
    Column("state", N_("state"), word),
    Column("by", N_("by"), instant),
    Column("late", N_("late"), yes_no),
    Column("due", N_("due"), instant),
    Column("days_left", N_("days left"), days),
    Column("title", N_("title")),
)

_WAIT = "wait-"
"""Before the word of an ask: how it reads to the side that waits for it."""

MANY = 6
"""So many units are named on one line."""


@verb(
    "todo",
    example="lianxi todo\nlianxi todo --as U07",
    help=N_(
        "What waits for you, the most urgent first.\n\n"
        "Under each line stands the next command. The numbers can be used instead of task ids, and in"
        " lianxi task approve and reject. What may be done but need not stands last."
    ),
)
@reading()
def todo(run: Reading) -> None:
    """Show both lists: mine, and what lies with the other side."""
    answer = run.client.read("todo")
    # what may be done but need not comes last; else the gateway's order stands
    items = sorted(answer.get("items", []), key=lambda item: bool(item.get("optional")))
    waiting = answer.get("waiting", [])
    rows = [{"number": number, **item} for number, item in enumerate(items, 1)]
    run.shelf.keep_list(rows)
    remember(run.shelf, [*items, *waiting])
    match run.form.output:
        case "json":
            put(as_json({"schema": 1, "now": answer.get("now"), "items": rows, "waiting": waiting}))
        case "table" if not run.form.fields:
            put_long("\n".join([*_lines(run, rows), *_waiting(run, waiting)]))
        case _:
            show_rows(rows, COLUMNS, run.form)


def _lines(run: Reading, rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return [_("Nothing waits for you.")]
    suffix = identity(run.client.flags)
    how = run.form.time_format
    lines: list[str] = []
    own, conference = run.client.unit, _("conference")
    others = False
    for row in rows:
        if row.get("who") not in (None, own) and not others:
            # the convener sees what lies with the office too, behind what only the convener decides
            others = True
            lines += [*([""] if lines else []), _("Of the office:")]
        parts = [
            f"{row['number']:>3}  {light(row.get('light'))}".rstrip(),
            f"{row.get('task') or conference} {row.get('unit') or ''}".rstrip(),
            _asked(row),
            visible_line(row.get("title") or _("(title missing)")),
        ]
        if row.get("by"):
            parts.append(_("by {time}").format(time=_both(row["by"], how)))
        elif row.get("since"):
            parts.append(_("since {time}").format(time=_both(row["since"], how)))
        if row.get("late"):
            parts.append(paint(_("late"), "red"))
        lines.append(dot().join(parts))
        command = next_command(row)
        if command:
            lines.append(f"       {command}{suffix}")
    return lines


def _asked(row: dict[str, Any]) -> str:
    """What is to be done, with the act or the period that it is about."""
    asked, act = word(row.get("what")), row.get("act")
    if row.get("optional"):
        asked = _("{asked} (if you like)").format(asked=asked)
    return f"{asked}: {word(act)}" if act else asked


def next_command(row: dict[str, Any]) -> str | None:
    """The command that answers an item; None for one that this client does not know."""
    command = NEXT_COMMAND.get(str(row.get("what")))
    if command is None:
        return None
    return command.format(
        task=row.get("task") or "TASK",
        unit=row.get("unit") or "UNIT",
        act=row.get("act") or "PERIOD",
        subject=str(row.get("subject") or "EVENT")[:SHORT],
    )


def _waiting(run: Reading, waiting: list[dict[str, Any]]) -> list[str]:
    """What lies with the other side, a line per task and kind: 28 units are one line, not 28."""
    if not waiting:
        return []
    lines = ["", _("Waiting for the other side (your clock stopped where you have submitted):")]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in waiting:
        place = str(item.get("task") or _("conference"))
        groups.setdefault((place, str(item.get("what"))), []).append(item)
    for (task, what), items in groups.items():
        parts = [
            f"     {task}",
            visible_line(items[0].get("title") or _("(title missing)")),
            f"{word(what if what.startswith(_WAIT) else _WAIT + what)}: {_units(items)}",
        ]
        since = min((str(item["since"]) for item in items if item.get("since")), default=None)
        if since:
            parts.append(_("since {time}").format(time=_both(since, run.form.time_format)))
        lines.append(dot().join(parts))
    return lines


def _units(items: list[dict[str, Any]]) -> str:
    units = [str(item.get("unit") or "") for item in items]
    if len(units) <= MANY:
        return " ".join(units)
    return _("{units} and {count} more").format(
        units=" ".join(units[:MANY]), count=len(units) - MANY
    )


def _both(text: str, how: str) -> str:
    """Local and relative, where nothing else is asked for."""
    return (
        f"{instant(text, 'local')} ({instant(text, 'relative')})"
        if how == "local"
        else instant(text, how)
    )
