"""A deployment in a namespace of its own, whose findings, events and letters tests look at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, select, text
from temporalio.client import Client

from lianxi import ids
from lianxi.domain.values import Commitment
from lianxi.messages import RECONCILE_WORKFLOW, ReconcileInput, ReconcileResult
from lianxi.ports import Opening
from lianxi.store.tables import findings as findings_table
from lianxi.store.tables import mailbox
from tests.deployment import Deployment, eventually
from tests.parties import salt_for, text_commitment

GRACE = 0.3
"""Seconds; five minutes between two comparisons are none here: tests ask for each."""

UNRECORDED = 2.0
"""Seconds in place of four minutes, longer than recording takes."""


@dataclass
class Ground:
    """What a test does and sees."""

    deployment: Deployment

    @classmethod
    @asynccontextmanager
    async def running(cls, client: Client, folder: Path, **given: Any) -> AsyncIterator["Ground"]:
        """Worker and mailroom up, conference founded, nothing to find."""
        deployment = Deployment.prepared(client, folder, **given)
        deployment.settings = deployment.settings.model_copy(
            update={
                "reconcile_grace": GRACE,
                "reconcile_unrecorded": UNRECORDED,
                "seal_seconds": 0.2,
                "anchors_dir": folder / "anchors",
            }
        )
        try:
            async with deployment.worker():
                await deployment.engine.start_mailrooms(("mailbox",))
                await deployment.engine.start_sealer()
                ground = cls(deployment)
                ground.hand_in("directory")
                await deployment.found()
                yield ground
        finally:
            deployment.store.close()

    def hand_in(self, words: str, by: str = "office") -> dict[str, Any]:
        """A text with its opening, as a client hands it in before the command that names it."""
        commitment = Commitment.model_validate(text_commitment(words))
        opening = Opening(commitment, salt_for(words), words.encode(), "text/plain")
        origin = self.deployment.parties.origin
        self.deployment.store.openings.put(origin, opening, by, datetime.now(UTC))
        return commitment.model_dump()

    async def issue(self, ref: str = "task-1", **changes: Any) -> str:
        """A task whose title was handed in, begun in the trail; its id."""
        self.hand_in(f"title of {ref}")
        task = await self.deployment.issue(ref, **changes)
        await self.deployment.until_kinds(task, "TaskIssued")
        return task

    def workflow(self, task: str) -> str:
        """How findings name a task's workflow."""
        return f"workflow:{ids.task_workflow_id(self.deployment.parties.conference, task)}"

    async def reconcile(self) -> ReconcileResult:
        """One comparison, now."""
        result = await self.deployment.engine.reconcile()
        assert result is not None, "no result in time"
        return result

    async def reconcile_by_the_clock(self) -> ReconcileResult:
        """One comparison, as the Schedule starts it."""
        result: ReconcileResult = await self.deployment.client.execute_workflow(
            RECONCILE_WORKFLOW,
            ReconcileInput(),
            id=ids.reconcile_workflow_id(f"scheduled-{uuid4().hex}"),
            task_queue=self.deployment.settings.task_queue,
            result_type=ReconcileResult,
        )
        return result

    async def finds(self, code: str, place: str | None = None) -> str:
        """Compare until it is named, as an event and in the auditor's mailbox; its place."""

        async def named() -> Any:
            await self.reconcile()
            return next((p for c, p in self.standing() if c == code and place in (None, p)), None)

        found = str(await eventually(named))
        event = next(
            e for e in self.events("FindingRaised") if (e["code"], e["place"]) == (code, found)
        )
        assert event["code"] == code
        for who in ("auditor", "convener", "office"):
            await eventually(lambda who=who: "finding" in self.letters(who))
        return found

    async def finds_nothing(self) -> None:
        """Compare and see nothing standing open, nor too young."""

        async def clean() -> bool:
            result = await self.reconcile()
            found = self.standing()
            assert not found, found
            return not result.pending

        await eventually(clean)

    def standing(self) -> list[tuple[str, str]]:
        """Code and place of every open finding."""
        wanted = select(findings_table.c.code, findings_table.c.place).where(
            findings_table.c.cleared.is_(None)
        )
        with self.deployment.store.engine.connect() as connection:
            return [(row.code, row.place) for row in connection.execute(wanted)]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of the audit stream's events of a kind."""
        return [e.data for e in self.deployment.events(ids.AUDIT_STREAM) if e.kind == kind]

    def letters(self, unit: str) -> list[str]:
        """The kinds of letters in a mailbox."""
        wanted = select(mailbox.c.kind).where(mailbox.c.unit == unit)
        with self.deployment.store.engine.connect() as connection:
            return list(connection.scalars(wanted))

    def sql(self, statement: str) -> None:
        """What somebody with the file does to the database."""
        engine = create_engine(self.deployment.settings.trail_url)
        with engine.begin() as connection:
            for trigger in _triggers(connection):
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
            done = connection.exec_driver_sql(statement)
            assert done.rowcount, "it changed nothing"
        engine.dispose()


def _triggers(connection: Any) -> list[str]:
    return list(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
