"""What the commands about this machine share: the data directory, the plan, runtime's faults (cli layer)."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option
from lianxi.cli.language import _
from lianxi.errors import Exit
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.runtime.layout import DataDir
    from lianxi.runtime.plan import SetPlan
    from lianxi.settings import Settings

EXITS = {
    "ALREADY_RUNNING": Exit.REFUSED,
    "BACKUP_RUNNING": Exit.REFUSED,
    "BACKUP_TARGET_NOT_EMPTY": Exit.REFUSED,
    "BACKUP_INSIDE_DATA": Exit.USAGE,
    "DATA_DIR_BUSY": Exit.REFUSED,
    "DATA_DIR_MISSING": Exit.NOT_FOUND,
    "NOTHING_TO_BACK_UP": Exit.NOT_FOUND,
    "ORPHANS_RUNNING": Exit.REFUSED,
    "PORT_OUT_OF_RANGE": Exit.USAGE,
    "RESTORE_INTO_RUNNING_SET": Exit.REFUSED,
    "RESTORE_TARGET_NOT_EMPTY": Exit.REFUSED,
    "TEMPORAL_UNREACHABLE": Exit.UNREACHABLE,
    "SUPERVISOR_UNREACHABLE": Exit.UNREACHABLE,
}
"""Exit codes of runtime's faults; the others are failures."""

data_option = option(
    "--data", metavar="DIR", help=N_("The data directory (LIANXI_DATA; lianxi-data unless set).")
)


def data_dir(data: str | None) -> "DataDir":
    """The data directory: --data, LIANXI_DATA, lianxi-data."""
    from lianxi.runtime.layout import DataDir

    return DataDir.at(data_path(data))


def data_path(data: str | None) -> Path:
    """The same as a path, without runtime."""
    return Path(data or os.environ.get("LIANXI_DATA") or "lianxi-data")


def gateway_of(data: str | None) -> str | None:
    """The address of the gateway of the set over a data directory, as its supervisor published it."""
    try:
        state = json.loads((data_path(data) / "run" / "state.json").read_bytes())
        address = state["gateway"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return address if isinstance(address, str) and address else None


def settings_at(data: Path) -> "Settings":
    """The settings of a data directory; SETTINGS_INVALID says which one is wrong, never its value."""
    from lianxi.settings import SettingsError, load

    try:
        return load(data=data)
    except SettingsError as error:
        raise CliError("SETTINGS_INVALID", reason=str(error)) from None


def plan_of(data: str | None) -> "SetPlan":
    """The plan that settings and environment describe."""
    from lianxi.runtime.plan import SetPlan

    settings = settings_at(data_path(data))
    port = os.environ.get("LIANXI_TEMPORAL_PORT", "7233")
    if not port.isascii() or not port.isdigit():
        raise CliError("ID_INVALID", given=port, what=_("a port"), suggestion="")
    return SetPlan(
        settings.data,
        temporal_port=int(port),
        gateway_host=settings.gateway_host,
        gateway_port=settings.gateway_port,
        gateway_scheme="https" if settings.tls_cert is not None else "http",
        service_keys=(settings.log_key_file, settings.receipt_key_file),
        environment=settings.paths_told(),
    )


@contextmanager
def faults_shown() -> Iterator[None]:
    """Runtime's faults as the client shows its own."""
    from lianxi.runtime.faults import RuntimeFault

    try:
        yield
    except RuntimeFault as fault:
        message = _(fault.message) + (f" ({fault.place})" if fault.place else "")
        exit_code = EXITS.get(fault.code, Exit.FAILED)
        raise CliError(
            fault.code, message=message, hint=_(fault.hint), exit_code=exit_code, place=fault.place
        ) from None
