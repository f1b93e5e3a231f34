"""`lianxi task evidence`: fetch reports and evidence, each checked against its commitment (cli layer)."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.cli.reading import Reading, reading
from lianxi.cli.redacted import redacted_line
from lianxi.cli.render import Column, show_rows
from lianxi.cli.terminal import tick
from lianxi.i18n import N_

COLUMNS = (
    Column("unit", N_("unit")),
    Column("what", N_("what")),
    Column("media", N_("kind")),
    Column("size", N_("bytes")),
    Column("commit", N_("commitment"), lambda value, _how: str(value)[:12]),
    Column("path", N_("file"), limit=120),
)


REDACTED = Column("redacted", N_("redacted"), limit=120)
"""Stands only where something was."""


@verb(
    "evidence",
    example="lianxi task evidence T-0003 --unit U07 --to DIR",
    help=N_(
        "Fetch reports and evidence.\n\n"
        "Lists them; with --to they are written into a folder, under names of our own. Each file is"
        " checked against the commitment that the unit signed."
    ),
)
@task_argument()
@option("--to", metavar="DIR", help=N_("Write the files into this folder."))
@reading("unit")
def evidence(run: Reading, task: str, to: str | None) -> None:
    """List, and fetch where asked."""
    task = given.task_id(task, run.shelf)
    view = run.client.read(f"tasks/{task}")["task"]
    wanted = run.query["unit"]
    rows = [row for a in view["assignments"] if wanted in (None, a["unit"]) for row in _files(a)]
    gone = _say_redacted(rows, view, run.form.time_format)
    if to is not None:
        folder = Path(to).expanduser()
        there = [row for row in rows if "redacted" not in row]
        for number, row in enumerate(there, 1):
            tick(_("fetching {number} of {total}").format(number=number, total=len(there)))
            row["path"] = str(_fetch(run, task, row, folder))
        tick("")
    columns = (*COLUMNS, REDACTED) if gone else COLUMNS
    show_rows(rows, columns, run.form, nothing=N_("Nothing has been submitted."))


def _say_redacted(rows: list[dict[str, Any]], view: Mapping[str, Any], how: str) -> bool:
    """Note in each row what was redacted; whether anything was."""
    gone = {place["commit"]: place["redacted"] for place in view.get("redacted") or ()}
    for row in rows:
        if row["commit"] in gone:
            row["redacted"] = redacted_line(gone[row["commit"]], how)
    return any("redacted" in row for row in rows)


def _files(a: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    if a.get("report_commit"):
        media = a.get("report_media") or given.OCTETS
        rows.append(
            {
                "unit": a["unit"],
                "what": "report",
                "media": media,
                "size": None,
                "commit": a["report_commit"],
            }
        )
    for number, file in enumerate(a.get("evidence") or (), 1):
        rows.append({"unit": a["unit"], "what": f"evidence-{number}", **file})
    return rows


def _fetch(run: Reading, task: str, row: dict[str, Any], folder: Path) -> Path:
    data, media = run.client.opening(row["commit"], row["size"])
    row["size"] = len(data)
    suffix = mimetypes.guess_extension(media.partition(";")[0]) or ".bin"
    path = folder / f"{task}-{row['unit']}-{row['what']}-{row['commit'][:8]}{suffix}"
    try:
        # the name holds the commitment: what stands there already is this file, or not ours
        if not path.exists() or path.read_bytes() != data:
            write_private(path, data, replace=False)
    except OSError as error:
        raise CliError(
            "FILE_UNWRITABLE", path=str(path), reason=error.strerror or str(error)
        ) from None
    return path
