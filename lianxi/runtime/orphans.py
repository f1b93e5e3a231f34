"""Children that outlived their supervisor, known by the pid files it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianxi.runtime.children import GATEWAY_STOP_SECONDS, SERVER_STOP_SECONDS, WORKER_STOP_SECONDS
from lianxi.runtime.processes import Ending, ProcessRecord, is_alive, read_record, stop
from lianxi.runtime.state import STOP_ORDER

if TYPE_CHECKING:
    from lianxi.runtime.layout import DataDir

_PATIENCE = {
    "gateway": GATEWAY_STOP_SECONDS,
    "worker": WORKER_STOP_SECONDS,
    "server": SERVER_STOP_SECONDS,
}


def running_children(data: DataDir) -> list[ProcessRecord]:
    """Those of our recorded children that run now, in stop order, whoever supervises them."""
    records = [read_record(data.pid_file(name)) for name in STOP_ORDER]
    return [record for record in records if record is not None and is_alive(record)]


def stop_orphans(data: DataDir) -> list[tuple[str, int, Ending]]:
    """Stop them in order; only for whoever holds the supervisor's lock or knows that it is dead."""
    stopped = [
        (record.name, record.pid, stop(record, _PATIENCE[record.name]))
        for record in running_children(data)
    ]
    for name in STOP_ORDER:
        data.pid_file(name).unlink(missing_ok=True)
    return stopped
