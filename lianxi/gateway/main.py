"""The gateway's process: settings -> store, engine, application -> HTTP (composition root).

`python -m lianxi.gateway.main`. It starts while Temporal or the store is away and answers what it
can. SIGTERM and SIGINT end it in order, with exit code 0.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from lianxi.engine.connection import connect
from lianxi.engine.engine import Engine
from lianxi.gateway.app import create_app
from lianxi.gateway.engine_desk import EngineDesk
from lianxi.gateway.founding_token import make_token
from lianxi.gateway.receipts import ReceiptSigning
from lianxi.gateway.services import Limits, Services, wall_clock
from lianxi.gateway.serving import ExposedError, check_exposure, serve
from lianxi.gateway.store_source import OpenedStore
from lianxi.logs import configure_logs, get_logger
from lianxi.messages import Tuning
from lianxi.ports import StoreUnavailableError
from lianxi.proof.keys import Signer
from lianxi.service_keys import ServiceKeyError, published_keys, read_service_key
from lianxi.settings import Settings, SettingsError, load
from lianxi.store.anchors import PolicyFileError, read_policy
from lianxi.store.faults import SchemaError

_log = get_logger("lianxi.gateway")


async def run(settings: Settings, now: Callable[[], datetime] = wall_clock) -> int:
    """Serve until told to stop; the exit code. `now`: the clock for tokens and lights, in UTC."""
    try:
        check_exposure(settings)
    except ExposedError as error:
        _log.error("not started", reason=str(error))
        return 1
    try:
        policy = read_policy(settings.policy_file)
    except PolicyFileError as error:
        _log.error("not started", reason=f"policy_file: {error}")
        return 1
    store = OpenedStore(settings.trail_url, settings.evidence_dir, settings.anchors_dir, policy)
    try:
        try:
            await asyncio.to_thread(store)
        except StoreUnavailableError as error:
            _log.warning("store unavailable, trying again", reason=str(error))
        except SchemaError as error:
            _log.error("not started", reason=str(error))
            return 1
        # lazily: while Temporal is away, commands are pending
        client = await connect(lazy=True)
        make_engine = partial(
            Engine,
            client,
            task_queue=settings.task_queue,
            tuning=Tuning(continue_after_commands=settings.continue_after_commands),
        )
        services = Services(
            desk=EngineDesk(make_engine, store),
            store=store,
            founding_token=make_token(settings.run_dir),
            limits=Limits(evidence_bytes=settings.max_evidence_bytes),
            now=now,
            signing=ReceiptSigning(_receipt_key(settings.receipt_key_file)),
            public_keys=partial(published_keys, settings.receipt_key_file.parent),
        )
        _log.info("serving", host=settings.gateway_host, port=settings.gateway_port)
        served = await serve(create_app(services), settings)
    finally:
        store.close()
    _log.info("stopped" if served else "not started")
    return 0 if served else 1


def _receipt_key(path: Path) -> Signer | None:
    """The key that receipts are signed with; without it they go out unsigned, and say so."""
    try:
        return read_service_key(path)
    except ServiceKeyError as error:
        _log.warning("receipts are not signed", reason=str(error))
        return None


def main() -> None:
    """Run, flush, and leave by `os._exit`: at interpreter exit Temporal's core may crash."""
    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        os._exit(2)
    configure_logs("gateway", level=settings.log_level)
    code = 1
    try:
        code = asyncio.run(run(settings))
    except Exception:  # noqa: BLE001 - the process ends here either way; the log has the trace
        _log.exception("the gateway failed")
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
