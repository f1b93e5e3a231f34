"""The three ways in which the same commands are answered: engine, gateway, bare Temporal.

The caller signs each command just before it is sent, on every side alike: that is in the
throughput, not in the latency. Texts are handed in once, before the clock starts.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client

from bench.bare_messages import BARE_UPDATE, BARE_WORKFLOW, BareAnswer, BareCommand
from bench.keepalive import KeepAlive
from bench.lifecycle import Answered
from bench.stage import BARE_QUEUE, House
from lianxi.domain.values import format_instant
from lianxi.engine.outcomes import Accepted
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.proof.signing import sign_session
from tests.parties import DAY, Parties, salt_for, text_commitment

TEXT = "what the benchmark has to say"


class Signing:
    """The commands of a lifecycle, signed by whoever gives them."""

    def __init__(self, parties: Parties) -> None:
        self._parties = parties

    def issue(self, ref: str) -> str:
        """By the office, for all units."""
        return self._parties.issuing(ref, title=text_commitment(TEXT))

    def acknowledge(self, task: str, unit: str) -> str:
        """By a unit."""
        return self._parties.sign(unit, task_stream(task), "acknowledge", {})

    def submit(self, task: str, unit: str) -> str:
        """By a unit, with a report."""
        args = {"report": text_commitment(TEXT)}
        return self._parties.sign(unit, task_stream(task), "submit", args)

    def close(self, task: str, expect: str) -> str:
        """By the office; `expect` empty where no trail gives hashes."""
        args = {"verdict": "not-implemented", "reason": text_commitment(TEXT)}
        return self._parties.sign(
            "office", task_stream(task), "close", args, expect=expect or "0" * 64
        )


class _SignedSide:
    """What all sides have in common: sign, send, take the time."""

    def __init__(self, parties: Parties) -> None:
        self._sign = Signing(parties)

    async def issue(self, ref: str) -> Answered:
        """A task for all units."""
        return await self._timed("", self._sign.issue(ref), ref)

    async def acknowledge(self, task: str, unit: str) -> Answered:
        """By one unit."""
        return await self._timed(task, self._sign.acknowledge(task, unit))

    async def submit(self, task: str, unit: str) -> Answered:
        """By one unit."""
        return await self._timed(task, self._sign.submit(task, unit))

    async def close_task(self, task: str, expect: str) -> Answered:
        """Not implemented."""
        return await self._timed(task, self._sign.close(task, expect))

    async def _timed(self, task: str, envelope: str, ref: str = "") -> Answered:
        began = time.monotonic()
        receipt = await self._send(task, envelope, ref)
        at = time.monotonic()
        last = receipt["events"][-1] if receipt.get("events") else {}
        return Answered(
            at, at - began, last.get("seq", 0), last.get("hash", ""), receipt.get("task") or task
        )

    async def _send(self, task: str, envelope: str, ref: str) -> Mapping[str, Any]:
        raise NotImplementedError


class EngineSide(_SignedSide):
    """Through `lianxi.engine` in this process, as the gateway does it."""

    name = "engine"

    def __init__(self, house: House) -> None:
        super().__init__(house.parties)
        self._engine = house.engine

    async def _send(self, _task: str, envelope: str, _ref: str) -> Mapping[str, Any]:
        outcome = await self._engine.submit(envelope)
        if not isinstance(outcome, Accepted):
            raise TypeError(f"not accepted: {outcome}")
        receipt = outcome.receipt
        last = receipt.events[-1]
        return {"events": [{"seq": last.seq, "hash": last.hash}], "task": receipt.task}


class GatewaySide(_SignedSide):
    """Over HTTP on loopback, connections kept, one for every caller at the same time."""

    name = "gateway"

    def __init__(self, house: House, port: int) -> None:
        super().__init__(house.parties)
        self._parties = house.parties
        self._http = KeepAlive("127.0.0.1", port)

    async def hand_in_texts(self) -> None:
        """The text that every command names, and the directory, before the clock starts."""
        for text in (TEXT, "directory"):
            data = text.encode()
            status, answer = await self._http.exchange(
                "PUT",
                f"/v1/{self._parties.conference}/openings/{text_commitment(text)['commit']}",
                data,
                {
                    "Content-Type": "text/plain",
                    "Lianxi-Salt": salt_for(text).hex(),
                    "Authorization": f"Bearer {self._token('office')}",
                },
            )
            if status >= 300:
                raise RuntimeError(f"text not taken: {status} {answer}")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _send(self, _task: str, envelope: str, _ref: str) -> Mapping[str, Any]:
        path = f"/v1/{self._parties.conference}/commands"
        status, answer = await self._http.post(path, envelope.encode())
        if status != 200:
            raise RuntimeError(f"not accepted: {status} {answer}")
        receipt: Mapping[str, Any] = answer["receipt"]
        return receipt

    def _token(self, unit: str) -> str:
        now = time.time()
        return sign_session(
            self._parties.signers[unit],
            origin=self._parties.origin,
            unit=unit,
            issued_at=_instant(now - 1),
            not_after=_instant(now + DAY / 4),
        )


class BareSide(_SignedSide):
    """Temporal alone (`bench.bare`): an update for each command; issuing also starts a workflow."""

    name = "bare"

    def __init__(self, client: Client, parties: Parties) -> None:
        super().__init__(parties)
        self._client = client

    async def begin(self) -> None:
        """Start the workflow that stands for the conference."""
        await self._start(CONFERENCE_STREAM)

    def workflow_id(self, task: str) -> str:
        """The workflow that stands for a task."""
        return f"bare/{task}"

    async def _send(self, task: str, envelope: str, ref: str) -> Mapping[str, Any]:
        handle = self._client.get_workflow_handle(self.workflow_id(task or CONFERENCE_STREAM))
        await handle.execute_update(
            BARE_UPDATE, BareCommand(envelope=envelope), result_type=BareAnswer
        )
        if ref:
            await self._start(ref)
        return {"task": ref or task}

    async def _start(self, task: str) -> None:
        await self._client.start_workflow(
            BARE_WORKFLOW, id=self.workflow_id(task), task_queue=BARE_QUEUE
        )


def _instant(seconds: float) -> str:
    return format_instant(datetime.fromtimestamp(seconds, UTC))
