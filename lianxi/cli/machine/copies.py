"""`lianxi backup | restore`: trail and server together (cli layer)."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.machine.plan import data_dir, data_option, faults_shown
from lianxi.cli.reading import form_of
from lianxi.cli.render import as_json
from lianxi.cli.terminal import put, say, visible_line
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.runtime.backup import BackupReport


@verb(
    "backup",
    example="lianxi backup --to backups/2026-11-30",
    help=N_(
        "Copy trail and server together.\n\n"
        "Into a new folder; the worker is paused while both are copied. Private keys stay out unless"
        " asked for. Note the digest elsewhere too."
    ),
)
@option("--to", required=True, metavar="DIR", help=N_("The new folder."))
@option("--with-keys", is_flag=True, help=N_("Private keys as well."))
@data_option
@click.pass_obj
def backup(flags: Flags, to: str, with_keys: bool, data: str | None) -> None:  # noqa: FBT001  a switch
    """One copy, whole or not at all."""
    with faults_shown():
        from lianxi.runtime.backup import backup as copy

        report = copy(data_dir(data), Path(to), with_keys=with_keys)
    _show(flags, report)


@verb(
    "restore",
    example="lianxi restore --from backups/2026-11-30 --data lianxi-restored",
    help=N_(
        "Bring a backup back.\n\n"
        "Into a new data directory, verified, whole or not at all; then lianxi up --data DIR."
    ),
)
@option("--from", "source", required=True, metavar="DIR", help=N_("The backup's folder."))
@data_option
@click.pass_obj
def restore(flags: Flags, source: str, data: str | None) -> None:
    """Back from one copy."""
    with faults_shown():
        from lianxi.runtime.backup import restore as bring_back

        report = bring_back(Path(source), data_dir(data))
    _show(flags, report)
    say(_("next: {command}").format(command=f"lianxi up --data {report.folder}"))


def _show(flags: Flags, report: "BackupReport") -> None:
    if form_of(flags).output in ("json", "jsonl"):
        content = {
            "schema": 1,
            "folder": str(report.folder),
            "files": report.files,
            "size": report.size,
            "digest": report.digest,
            "keys": report.keys,
            "paused": report.paused,
            "left_out": list(report.left_out),
        }
        put(as_json(content))
        return
    line = _("{files} files, {size} bytes in {folder}, digest {digest}")
    put(
        visible_line(
            line.format(
                files=report.files, size=report.size, folder=report.folder, digest=report.digest
            )
        )
    )
    if report.left_out:
        say(_("left out: {names}").format(names=visible_line(", ".join(report.left_out))))
