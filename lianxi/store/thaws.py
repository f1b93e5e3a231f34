"""Until where a frozen stream was let go on: what alarmed before that is over (store layer)."""

from sqlalchemy import Connection, select

from lianxi.domain.conference.events import ConferenceThawed
from lianxi.domain.task.events import TaskThawed
from lianxi.store.tables import events

_THAWED = (TaskThawed.__name__, ConferenceThawed.__name__)


def last_thaws(connection: Connection, origin: str) -> dict[str, int]:
    """Position of the last thaw of each stream of a conference that ever was thawed."""
    # neither grouped nor sorted by the database, which would walk the whole conference for the order
    rows = connection.execute(
        select(events.c.stream, events.c.position).where(
            events.c.origin == origin, events.c.kind.in_(_THAWED)
        )
    ).all()
    return {row.stream: row.position for row in sorted(rows, key=lambda row: row.position)}
