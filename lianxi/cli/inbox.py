"""`lianxi inbox`: the caller's mailbox (cli layer)."""

from typing import Any

from lianxi.cli.client import items_of
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading, remember
from lianxi.cli.render import Column, instant, show_rows
from lianxi.cli.terminal import dot, paint, put_long, say, visible, visible_line
from lianxi.i18n import N_

COLUMNS = (
    Column("at", N_("at"), instant),
    Column("task", N_("task")),
    Column("kind", N_("kind")),
    Column("subject", N_("subject"), limit=80),
    Column("notice_id", N_("notice")),
)


@verb(
    "inbox",
    example="lianxi inbox\nlianxi inbox --unread",
    help=N_(
        "Your mailbox, the newest first.\n\nEach notice says what is asked, by when, and what to type."
    ),
)
@option("--unread", is_flag=True, help=N_("Only what you have not read."))
@reading(pages=True)
def inbox(run: Reading, unread: bool) -> None:  # noqa: FBT001  click hands a switch over so
    """One page."""
    query = {"unread": "true"} if unread else {}
    page = run.client.read("inbox", **query, limit=run.limit, cursor=run.cursor)
    items = items_of(page)
    remember(run.shelf, items)
    following = page.get("next")
    if run.form.output == "table" and not run.form.fields:
        put_long("\n".join(_lines(items, run.form.time_format)) if items else _("No notices."))
    else:
        show_rows(items, COLUMNS, run.form, following=following)
    if following and run.form.output != "json":
        say(_("More: add --cursor {cursor}").format(cursor=following))


def _lines(items: list[dict[str, Any]], how: str) -> list[str]:
    lines = []
    for item in items:
        head = dot().join(
            [
                instant(item.get("at"), how),
                visible_line(str(item.get("subject") or item.get("kind"))),
            ]
        )
        lines.append(paint(head, "bold"))
        lines += [f"  {line}" for line in visible(str(item.get("body") or "")).splitlines()]
    return lines
