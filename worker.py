"""Composition root of the worker: settings -> client -> adapters -> activities -> Worker.

`python worker.py` against any Temporal (TEMPORAL_* variables or a profile of the temporal CLI).
SIGTERM and SIGINT end it in order, with exit code 0.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from pydantic import ValidationError
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner

from activities.notices import NoticeActivities, NoticePorts, Pace
from activities.reconcile import Allowed, ReconcileActivities
from activities.record import RecordActivities
from activities.sealing import SealActivities, SealBell, SealPace
from lianxi.domain.conference.events import ConferenceFounded
from lianxi.engine.connection import connect
from lianxi.engine.engine import Engine
from lianxi.engine.inspection import TemporalInspection
from lianxi.ids import CONFERENCE_STREAM, mailroom_workflow_id, sealer_workflow_id
from lianxi.logs import configure_logs, get_logger
from lianxi.messages import MAILROOM_WORKFLOW, SEALER_WORKFLOW, RecordBatch, Tuning
from lianxi.notices.bell import Bell
from lianxi.notices.mailbox import MailboxChannel
from lianxi.notices.smtp import SmtpChannel
from lianxi.notices.smtp_settings import SmtpSettings
from lianxi.ports import Channel, StoreUnavailableError
from lianxi.proof.events import open_event
from lianxi.service_keys import read_log_keys
from lianxi.settings import Settings, SettingsError, load, refused
from lianxi.store.anchors import REFUSED, PolicyFileError, read_policy
from lianxi.store.examining import Examiner, Place, TrailLook
from lianxi.store.faults import SchemaError
from lianxi.store.mailbox import StoreMailbox
from lianxi.store.reconciling import SqlSelfAudit
from lianxi.store.sealing import SqlSealer
from lianxi.store.store import Store, open_store
from workflows.conference import ConferenceWorkflow
from workflows.mailroom import MailroomWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.sealer import SealerWorkflow
from workflows.task import TaskWorkflow

READY_FILE = "worker.ready"
LINGERING = 240
"""Slots for record activities that only stay a moment longer; a thread is made when it is needed."""
MAILROOM_PAUSE = 5.0
"""Between attempts to start the mailrooms, in seconds."""

log = get_logger("worker")


def make_worker(
    client: Client,
    store: Store,
    settings: Settings,
    runner: WorkflowRunner | None = None,
) -> Worker:
    """Everything a worker runs, on adapters of this store. Raises SettingsError.

    `runner`: tests take the sandbox, which costs too much outside of them (docs/adr/0014).
    """
    if store.writer is None or store.outbox is None:
        raise TypeError("a worker needs a writable store")
    bell = Bell()
    channels: list[Channel] = [MailboxChannel(StoreMailbox(store.writer), _now)]
    smtp = checked_smtp(settings)
    if smtp is not None:
        channels.append(SmtpChannel(smtp, _now))
    seal_bell = SealBell(settings.seal_events)

    def recorded(batch: RecordBatch) -> None:
        bell.ring()
        seal_bell.recorded(batch)

    record = RecordActivities(store.trail, recorded)
    log_keys = partial(read_log_keys, settings.log_key_file)
    sealing = SealActivities(
        SqlSealer(store.writer, store.engine, log_keys, store.anchors),
        _now,
        seal_bell,
        SealPace(every=settings.seal_seconds),
    )
    notices = NoticeActivities(
        NoticePorts(
            outbox=store.outbox, channels=channels, zone_of=_zones(store), now=_now, bell=bell
        )
    )
    reconcile = _reconciling(client, store, settings)
    slots = settings.max_activities + LINGERING
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[
            ConferenceWorkflow,
            TaskWorkflow,
            MailroomWorkflow,
            SealerWorkflow,
            ReconcileWorkflow,
        ],
        activities=[
            record.record_events,
            notices.deliver_notices,
            sealing.seal_events,
            reconcile.reconcile,
        ],
        # as many threads as activities, or sync activities wait for each other
        activity_executor=ThreadPoolExecutor(slots, "activity"),
        max_concurrent_activities=slots,
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_task_polls=3,
        max_concurrent_activity_task_polls=2,
        workflow_runner=runner or UnsandboxedWorkflowRunner(),
        # after kill -9 the first command otherwise waits 8 to 10 seconds for the lost sticky queue
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown),
    )


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Poll until `stop`; at the start pick up what a crash left unstarted."""
    with _opened(settings) as store:
        client = await connect()
        engine = Engine(
            client,
            store.trail,
            task_queue=settings.task_queue,
            tuning=Tuning(continue_after_commands=settings.continue_after_commands),
        )
        async with make_worker(client, store, settings):
            channels = _channels(settings)
            mailrooms = asyncio.create_task(start_mailrooms(engine, channels))
            sealer = asyncio.create_task(start_sealer(engine))
            reconciling = asyncio.create_task(keep_reconciling(engine, settings))
            try:
                started = await engine.start_pending()
                _collect_rarely()
                _say_ready(settings)
                log.info("ready", pid=os.getpid(), channels=channels, started_pending=started)
                await stop.wait()
            finally:
                mailrooms.cancel()
                sealer.cancel()
                reconciling.cancel()
            log.info("stopping")
    log.info("stopped")


async def start_mailrooms(engine: Engine, channels: tuple[str, ...]) -> None:
    """Until they run: while they do not, no notice goes out."""
    while not await engine.start_mailrooms(channels):
        log.warning("mailrooms not started, trying again", channels=channels)
        await asyncio.sleep(MAILROOM_PAUSE)


async def start_sealer(engine: Engine) -> None:
    """Until it runs: while it does not, nothing that is recorded gets proven."""
    while not await engine.start_sealer():
        log.warning("sealer not started, trying again")
        await asyncio.sleep(MAILROOM_PAUSE)


async def keep_reconciling(engine: Engine, settings: Settings) -> None:
    """Until the Schedule is there: without it nobody compares trail and Temporal."""
    every = timedelta(seconds=settings.reconcile_seconds)
    while not await engine.keep_reconciling(every):
        log.warning("reconciliation not scheduled, trying again")
        await asyncio.sleep(MAILROOM_PAUSE)


def checked_smtp(settings: Settings) -> SmtpSettings | None:
    """The channel smtp, if there is one, fitting the rest of the settings. Raises SettingsError."""
    needed = 4 if settings.smtp is None else 5
    # sealer and mailrooms hold one activity each all the time; recording needs two others
    if settings.max_activities < needed:
        raise SettingsError(f"max_activities: at least {needed}, three more than channels")
    if settings.smtp is None:
        return None
    try:
        smtp = SmtpSettings.model_validate(settings.smtp)
    except ValidationError as error:
        raise refused(error, within="smtp", given={"data": settings.data}) from None
    bound, why = min((settings.graceful_shutdown, "graceful_shutdown"), (Pace().lease, "a lease"))
    if smtp.timeout_seconds >= bound:
        raise SettingsError(f"smtp.timeout_seconds: must be below {bound:g} seconds ({why})")
    return smtp


def _reconciling(client: Client, store: Store, settings: Settings) -> ReconcileActivities:
    """Reconciliation on this store and this namespace."""
    if store.writer is None:
        raise TypeError("a worker needs a writable store")
    place = Place(
        settings.trail_url, settings.evidence_dir, settings.anchors_dir, settings.policy_file
    )
    return ReconcileActivities(
        TemporalInspection(client, settings.task_queue),
        SqlSelfAudit(
            store.writer,
            store.engine,
            Examiner(TrailLook(store.engine, place)),
            store.anchors.refused,
            # every second result where nothing changes: clients alarm after three
            quiet=timedelta(seconds=max(0.0, 2 * settings.reconcile_seconds - 60)),
        ),
        _now,
        allowed=Allowed(
            grace=timedelta(seconds=settings.reconcile_grace),
            unrecorded=timedelta(seconds=settings.reconcile_unrecorded),
        ),
        task_queue=settings.task_queue,
        services={
            sealer_workflow_id(): SEALER_WORKFLOW,
            **{mailroom_workflow_id(c): MAILROOM_WORKFLOW for c in _channels(settings)},
        },
    )


def _channels(settings: Settings) -> tuple[str, ...]:
    return ("mailbox", "smtp") if settings.smtp is not None else ("mailbox",)


def _opened(settings: Settings) -> Store:
    try:
        policy = read_policy(settings.policy_file)
    except PolicyFileError as error:
        raise SettingsError(f"policy_file: {error}") from None
    if settings.anchors_dir.resolve().is_relative_to(settings.data.resolve()):
        # a restored backup would bring the anchors that fit it
        raise SettingsError("anchors_dir: must lie outside of the data directory")
    store = open_store(
        settings.trail_url,
        settings.evidence_dir,
        writable=True,
        anchors_dir=settings.anchors_dir,
        policy=policy,
    )
    if store.backup is not None:
        log.info("schema upgraded", backup=store.backup.name)
    for trail in store.anchors.look_at_all():
        if trail.standing in REFUSED:
            log.error("nothing is recorded", origin=trail.origin, trail=trail.standing,
                      anchor=str(trail.path), anchor_size=trail.size)  # fmt: skip
    _finish_redactions(store)
    return store


def _finish_redactions(store: Store) -> None:
    """Remove what a crash left of redacted files."""
    if store.eraser is None:
        return
    swept = store.eraser.sweep()
    if swept.files or not swept.complete:
        log.warning("redactions finished late", files=swept.files, left=swept.left, log=swept.log)


def _zones(store: Store) -> Callable[[str], str]:
    @lru_cache(maxsize=64)
    def zone_of(origin: str) -> str:
        founding = store.trail.event_at(origin, CONFERENCE_STREAM, 1)
        if founding is None:
            raise StoreUnavailableError("the founding is not recorded yet")
        return ConferenceFounded.model_validate(open_event(founding.data).data).zone

    return zone_of


def _collect_rarely() -> None:
    """Models die by their count: the collector's default pace takes 8 % of the worker (docs/bench.md)."""
    gc.freeze()  # modules stay for ever, and need not be looked through
    gc.set_threshold(20_000, 20, 20)


def _say_ready(settings: Settings) -> None:
    """Tell the supervisor: the file holds our pid."""
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.run_dir / READY_FILE).write_text(f"{os.getpid()}\n", encoding="utf-8")


def _now() -> datetime:
    return datetime.now(UTC)


async def run(settings: Settings) -> int:
    """Run until a signal comes; the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await serve(settings, stop)
    except (SchemaError, StoreUnavailableError) as error:
        log.error("not started", reason=str(error))  # noqa: TRY400  one line, no trace
        return 1
    except (RuntimeError, OSError) as error:
        log.exception("cannot run", reason=str(error))
        return 1
    return 0


def main() -> None:
    """Run, flush, and leave by `os._exit`: the SDK's threads make an ordinary exit crash at times."""
    code = 1
    try:
        settings = load()
        checked_smtp(settings)  # before anything is opened or upgraded
        configure_logs("worker", level=settings.log_level)
        # ids are fields of the line, not part of its text
        workflow.logger.workflow_info_on_message = False
        activity.logger.activity_info_on_message = False
        code = asyncio.run(run(settings))
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        code = 2
    except Exception:
        log.exception("the worker failed")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
