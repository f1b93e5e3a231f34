"""`lianxi todo`: what waits for the caller, red first, with the next command under each line (cli layer)."""

from typing import Any

from lianxi.cli.change import identity
from lianxi.cli.grammar import verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading, remember
from lianxi.cli.render import Column, as_json, instant, light, show_rows, word
from lianxi.cli.terminal import dot, put, put_long, visible_line
from lianxi.i18n import N_

NEXT_COMMAND = {
    "acknowledge": "lianxi ack {task}",
    "report": "lianxi task submit {task} --report FILE",
    "revise": "lianxi task show {task}",
    "review": "lianxi task accept {task} --unit {unit}",
    "close": "lianxi task close {task} --verdict implemented",
}
"""What to type for each thing to do; what waits for others has none."""

COLUMNS = (
    Column("number", N_("No.")),
    Column("light", N_("light"), light),
    Column("task", N_("task")),
    Column("unit", N_("unit")),
    Column("what", N_("to do"), word),
    Column("state", N_("state"), word),
    Column("due", N_("due"), instant),
    Column("title", N_("title")),
)


MANY = 6
"""So many units are named on one line."""


@verb(
    "todo",
    example="lianxi todo\nlianxi todo --as U07",
    help=N_(
        "What waits for you, the most urgent first.\n\n"
        "Under each line stands the next command. The numbers can be used instead of task ids."
    ),
)
@reading()
def todo(run: Reading) -> None:
    """Show both lists: mine, and what lies with the other side."""
    answer = run.client.read("todo")
    items, waiting = answer.get("items", []), answer.get("waiting", [])
    rows = [{"number": number, **item} for number, item in enumerate(items, 1)]
    run.shelf.keep_list([str(item["task"]) for item in items])
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
    lines = []
    for row in rows:
        limit = row.get("acknowledge_by") if row.get("what") == "acknowledge" else row.get("due")
        parts = [
            f"{row['number']:>3}  {light(row.get('light'))}",
            f"{row['task']} {row.get('unit') or ''}".rstrip(),
            word(row.get("what")),
            visible_line(row.get("title") or _("(title missing)")),
        ]
        if limit:
            parts.append(_("by {time}").format(time=_both(limit, run.form.time_format)))
        lines.append(dot().join(parts))
        command = NEXT_COMMAND.get(str(row.get("what")))
        if command:
            filled = command.format(task=row["task"], unit=row.get("unit") or "UNIT")
            lines.append(f"       {filled}{suffix}")
    return lines


def _waiting(run: Reading, waiting: list[dict[str, Any]]) -> list[str]:
    """What lies with the other side, a line per task and kind: 28 units are one line, not 28."""
    if not waiting:
        return []
    lines = ["", _("Waiting for the other side (your clock stopped where you have submitted):")]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in waiting:
        groups.setdefault((str(item["task"]), str(item.get("what"))), []).append(item)
    for (task, what), items in groups.items():
        parts = [
            f"     {task}",
            visible_line(items[0].get("title") or _("(title missing)")),
            f"{word(what)}: {_units(items)}",
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
