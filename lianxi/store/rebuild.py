"""The read tables made again from events, stream by stream (store layer, pure).

Rows that show a state are kept (`rows`), rows that follow from one event are handed out at once,
so that memory grows with tasks and not with events.
"""

from collections.abc import Iterable

from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.task.evolve import with_clocks
from lianxi.domain.task.state import TaskState
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.store.projection import (
    Change,
    Recorded,
    Row,
    Value,
    project_conference,
    project_observation,
    project_task,
    task_rows,
)

Key = tuple[Value, ...]

PER_EVENT = frozenset({"notices", "commitments"})
"""Tables of which any event may have its own rows; they have its position."""


class Rebuild:
    """Folds streams; the stream `conference` of an origin comes before its tasks."""

    def __init__(self, conferences: dict[str, ConferenceState], *, clocks: bool) -> None:
        """`conferences`: by origin, where their streams were folded before; filled as they are.

        `clocks`: whether the states in between have theirs, for who asks them for a deadline.
        """
        self._clocks = clocks
        self.rows: dict[str, dict[Key, Row]] = {}
        self._conferences = conferences
        self._task: tuple[str, TaskState] | None = None

    def state_of(self, origin: str, stream: str) -> ConferenceState | TaskState | None:
        """The state of the stream under way; None before its first event, or where it has none."""
        if stream == CONFERENCE_STREAM:
            return self._conferences.get(origin)
        return None if self._task is None else self._task[1]

    def add(self, recorded: Recorded) -> list[Change]:
        """Fold one event; answers its changes of per-event tables (puts, and patches of notices).

        Raises whatever the fold makes of an event that was never decided.
        """
        event = recorded.event
        if event.stream == CONFERENCE_STREAM:
            before = self._conferences.get(event.origin)
            self._conferences[event.origin], changes = project_conference(before, recorded)
        elif task_of_stream(event.stream) is not None:
            changes = self._add_to_task(recorded)
        else:
            changes = project_observation(recorded)
        own = [change for change in changes if change.table in PER_EVENT]
        self._keep(change for change in changes if change.table not in PER_EVENT)
        return own

    def end_stream(self) -> dict[str, dict[Key, Row]]:
        """A stream is over: the rows that show the last state of a task, by table."""
        rows: dict[str, dict[Key, Row]] = {}
        if self._task is not None:
            origin, state = self._task
            for change in task_rows(origin, None, state if self._clocks else with_clocks(state)):
                row = {**change.key, **change.values}
                rows.setdefault(change.table, {})[tuple(change.key.values())] = row
            self._task = None
        return rows

    def drop_stream(self) -> None:
        """A stream broke off: nothing is known of its state."""
        self._task = None

    def _add_to_task(self, recorded: Recorded) -> list[Change]:
        event = recorded.event
        conference = self._conferences[event.origin]
        before = None if self._task is None else self._task[1]
        state, changes = project_task(conference, before, recorded, clocks=self._clocks)
        self._task = event.origin, state
        return changes

    def _keep(self, changes: Iterable[Change]) -> None:
        for change in changes:
            rows = self.rows.setdefault(change.table, {})
            key = tuple(change.key.values())
            row = {**change.key, **change.values}
            match change.op:
                case "put":
                    rows[key] = row
                case "add":
                    rows.setdefault(key, row)
                case "delete":
                    rows.pop(key, None)
                case "patch" if key in rows:
                    rows[key].update(change.values)
