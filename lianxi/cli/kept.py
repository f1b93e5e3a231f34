"""What the client keeps in its profile's folder: requests, receipts, the last list (cli layer).

requests/<request id>.json   the signed envelope with its salts: repeated as the same bytes
receipts/<request id>.json   receipt and envelope, one per filing; its proofs once they have come
open/<request id>            its proofs are still to come, by the instant in it
seen/<task>.json             the submissions that `task show` has shown
last-list.json, known.json   numbers of the last list; ids for completion and "did you mean"
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from lianxi.cli.private_files import private_folder, write_private

_KNOWN_LIMIT = 2_000


class KeptOpening(NamedTuple):
    """A commitment's salt, as it was when the command was signed."""

    commit: str
    salt: str
    media: str
    size: int


class KeptRequest(NamedTuple):
    """A signed command. `fingerprint` says which arguments it was made from."""

    request_id: str
    fingerprint: str
    action: str
    stream: str
    gateway: str
    made_at: str
    envelope: str
    openings: tuple[KeptOpening, ...]
    sent: bool = False


class Shelf:
    """One profile's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def request(self, request_id: str) -> KeptRequest | None:
        """The request under this id."""
        content = self._read(f"requests/{request_id}.json")
        if not isinstance(content, dict):
            return None
        openings = tuple(KeptOpening(**opening) for opening in content.pop("openings"))
        return KeptRequest(**content, openings=openings)

    def requests(self) -> Iterable[KeptRequest]:
        """Every kept request, oldest first."""
        for path in sorted(self.folder.glob("requests/*-*.json")):
            kept = self.request(path.stem)
            if kept is not None:
                yield kept

    def keep_request(self, request: KeptRequest) -> None:
        """Keep it, before it is sent."""
        content = request._asdict()
        content["openings"] = [opening._asdict() for opening in request.openings]
        self._write(f"requests/{request.request_id}.json", content)

    def receipt(self, request_id: str) -> dict[str, Any] | None:
        """The receipt under this request id, with its envelope."""
        content = self._read(f"receipts/{request_id}.json")
        return content if isinstance(content, dict) else None

    def keep_receipt(
        self, request_id: str, content: Mapping[str, Any], *, foreign: bool = False
    ) -> Path:
        """Keep a receipt; a foreign one under a name that no receipt has."""
        return self._write(
            f"receipts/{request_id}{'.foreign' if foreign else ''}.json", dict(content)
        )

    def keep_open_receipt(
        self, request_id: str, content: Mapping[str, Any], include_by: str = ""
    ) -> Path:
        """Keep a receipt whose proofs are to come by `include_by` (empty: nobody has promised)."""
        # the mark first: a mark without a receipt does no harm, a receipt without one stays open
        self.mark_receipt(request_id, include_by)
        return self.keep_receipt(request_id, content)

    def mark_receipt(self, request_id: str, mark: str) -> None:
        """Note until when a receipt's proofs are to come, or that nobody waits any more."""
        private_folder(self.folder / "open")
        write_private(self.folder / "open" / request_id, mark.encode("ascii"))

    def open_receipts(self) -> dict[str, str]:
        """The marks of receipts whose proofs are still to come, by request id, oldest first."""
        try:
            names = sorted(os.listdir(self.folder / "open"))  # noqa: PTH208  no object per name
        except OSError:
            return {}
        marks = {}
        for name in names:
            # another run of this profile writes and closes marks at the same time
            if not name.startswith("."):
                with suppress(FileNotFoundError):
                    marks[name] = (self.folder / "open" / name).read_text("ascii")
        return marks

    def close_receipt(self, request_id: str) -> None:
        """Nothing more is to come for this receipt."""
        (self.folder / "open" / request_id).unlink(missing_ok=True)

    def receipts(self) -> Iterable[dict[str, Any]]:
        """Every receipt, oldest first: request ids begin with their time."""
        for path in sorted(self.folder.glob("receipts/*-*.json")):
            if path.name.endswith(".foreign.json"):
                continue
            content = self.receipt(path.stem)
            if content is not None:
                yield content

    def keep_list(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Number the rows just shown: of each its task, and the event that an answer would name."""
        kept = [{"task": row.get("task"), "subject": row.get("subject")} for row in rows]
        self._write("last-list.json", kept)

    def listed_task(self, number: int) -> str | None:
        """The task of a numbered row."""
        task = self._listed(number).get("task")
        return None if task is None else str(task)

    def listed_subject(self, number: int) -> str | None:
        """The event that an answer to a numbered row would name."""
        subject = self._listed(number).get("subject")
        return None if subject is None else str(subject)

    def _listed(self, number: int) -> Mapping[str, Any]:
        rows = self._read("last-list.json")
        if not isinstance(rows, list) or not 1 <= number <= len(rows):
            return {}
        row = rows[number - 1]
        # release 0.1 kept the tasks alone
        return row if isinstance(row, dict) else {"task": row}

    def keep_known(self, what: str, ids: Iterable[str]) -> None:
        """Remember ids that exist; the newest last."""
        known = self._read("known.json")
        known = known if isinstance(known, dict) else {}
        before = known.get(what, [])
        merged = dict.fromkeys([*before, *ids])
        if len(merged) != len(before):
            known[what] = list(merged)[-_KNOWN_LIMIT:]
            self._write("known.json", known)

    def known(self, what: str) -> list[str]:
        """Ids that exist, as far as this profile has seen."""
        known = self._read("known.json")
        return list(known.get(what, [])) if isinstance(known, dict) else []

    def keep_seen(self, task: str, submissions: Mapping[str, str | None]) -> None:
        """Which submission of each unit was shown."""
        self._write(f"seen/{task}.json", dict(submissions))

    def seen(self, task: str) -> dict[str, str | None]:
        """What was shown of a task last."""
        seen = self._read(f"seen/{task}.json")
        return seen if isinstance(seen, dict) else {}

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return None

    def _write(self, name: str, content: Any) -> Path:
        path = self.folder / name
        write_private(path, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")
        return path
