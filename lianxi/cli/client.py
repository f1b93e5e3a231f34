"""One run's view of the conference: who acts, where, and the reads they may make (cli layer)."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags
from lianxi.cli.keyfile import Key, read_key
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.cli.profiles import Settings
from lianxi.cli.transport import Answer, Gateway, NoAnswerError, NotReachedError, refusal_in
from lianxi.proof.commitments import opens
from lianxi.proof.signing import sign_session

if TYPE_CHECKING:
    from lianxi.cli.log_watch import LogWatch

SESSION_VALIDITY = timedelta(minutes=10)
_ORIGIN_PARTS = 4
PAGE = 500
"""The gateway's largest page."""


class Place(NamedTuple):
    """The conference as the client must know it to sign anything."""

    conference: str
    origin: str


class Client:
    """Everything a command needs of the world; made lazily, so that nothing is read in vain."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self.settings = Settings.of(flags)
        self._reader: Key | None = None
        """Whose session reads, where that is not the key that signs."""

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway of the profile; not yet connected."""
        address = self.settings.value("gateway").text or ""
        return Gateway(address, self.settings.value("ca").text)

    @cached_property
    def key(self) -> Key:
        """The key to sign with."""
        path = self.settings.key_path
        if path is None:
            raise CliError("NO_KEY")
        return read_key(path, ask=not self.flags.on("no_input"))

    @cached_property
    def unit(self) -> str:
        """For whom the key acts; a unit set elsewhere must be the same."""
        stated = self.settings.value("unit").text
        if stated is not None and stated != self.key.unit:
            raise CliError("UNIT_MISMATCH")
        return self.key.unit

    @cached_property
    def place(self) -> Place:
        """Conference and origin: set, of the key file, remembered, or asked of the gateway once.

        What was learned is kept: a gateway that later names another origin is not followed.
        """
        settings = self.settings
        conference = settings.value("conference").text
        origin = settings.value("origin").text
        if origin is not None and conference not in (None, conference_of(origin)):
            origin = None  # of the conference that the profile is for, and another one is asked for
        if origin is None and self.key.origin and conference in (None, self.key.conference):
            origin = self.key.origin
        if origin is not None:
            return Place(conference or conference_of(origin), origin)
        return self._remembered(conference) or self._learn(conference)

    @cached_property
    def log(self) -> "LogWatch":
        """The watch over the conference's log."""
        from lianxi.cli.log_watch import LogWatch

        return LogWatch(self)

    @cached_property
    def me(self) -> dict[str, Any]:
        """Who the gateway takes the caller for, and the conference's zone and office hours."""
        return self.read("me")

    def path(self, rest: str) -> str:
        """A path of this conference's."""
        return f"/v1/{quote(self.place.conference)}/{rest}"

    def read(self, rest: str, **query: str | int | None) -> dict[str, Any]:
        """The JSON of a read."""
        return self.get(rest, **query).document()

    def get(self, rest: str, **query: str | int | None) -> Answer:
        """A read; raises its refusal."""
        answer = self._watched("GET", self.path(rest), query=query, headers=self._authorization)
        refusal = refusal_in(answer)
        if refusal is not None and self._with_next_key(refusal):
            try:
                return self.get(rest, **query)
            except CliError as error:
                if error.code != "KEY_UNKNOWN":
                    raise
                # the next key has not taken over: what is wrong is that the one in use was retired
                self._read_with(None)
        if refusal is not None:
            raise refusal
        return answer

    def ask(self, rest: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of a read whose question is too long for a query; it changes nothing."""
        headers = {**self._authorization, "Content-Type": "application/json"}
        body = json.dumps(question).encode()
        answer = self._watched("POST", self.path(rest), body=body, headers=headers)
        refusal = refusal_in(answer)
        if refusal is not None:
            raise refusal
        return answer.document()

    def pages(self, rest: str, **query: str | int | None) -> Iterator[dict[str, Any]]:
        """Every item of a listing, page by page."""
        cursor: str | None = None
        while True:
            page = self.read(rest, **query, limit=PAGE, cursor=cursor)
            yield from items_of(page)
            cursor = page.get("next")
            if not cursor:
                return

    def opening(self, commit: str, size: int | None = None) -> tuple[bytes, str]:
        """The bytes and media type behind a commitment, checked against it."""
        content, media, _salt = self.salted_opening(commit, size)
        return content, media

    def salted_opening(self, commit: str, size: int | None = None) -> tuple[bytes, str, bytes]:
        """`opening`, and the salt that goes with it."""
        answer = self.get(f"openings/{quote(commit)}")
        try:
            salt = bytes.fromhex(answer.headers.get("lianxi-salt", ""))
        except ValueError:
            salt = b""
        length = len(answer.body) if size is None else size
        if not opens(commit, length, salt, answer.body):
            raise CliError("BYTES_FOREIGN", commit=commit)
        media = answer.headers.get("content-type", "application/octet-stream")
        return answer.body, media, salt

    def put_opening(self, commit: str, salt: bytes, media: str, data: bytes) -> None:
        """Hand in a text or file."""
        headers = {**self._authorization, "Content-Type": media, "Lianxi-Salt": salt.hex()}
        path = self.path(f"openings/{commit}")
        answer = self._watched("PUT", path, body=data, headers=headers)
        refusal = refusal_in(answer)
        if refusal is not None:
            raise refusal

    def unsigned(self, path: str) -> dict[str, Any]:
        """A read that needs no key: health, conferences."""
        answer = self._exchange("GET", path)
        refusal = refusal_in(answer)
        if refusal is not None:
            raise refusal
        return answer.document()

    def exchange_quietly(
        self, method: str, path: str, *, signed: bool = False, **exchange: Any
    ) -> Answer:
        """An exchange of the client's own, whose answer's word about the log is not looked at."""
        given = exchange.pop("headers", {})
        headers = {**(self._authorization if signed else {}), **given}
        answer = self._exchange(method, path, headers=headers, **exchange)
        refusal = refusal_in(answer) if signed else None
        if refusal is not None and self._with_next_key(refusal):
            headers = {**self._authorization, **given}
            return self._exchange(method, path, headers=headers, **exchange)
        return answer

    def _with_next_key(self, refusal: CliError) -> bool:
        """Whether to read once more: the key was rotated, and the one that took over is here."""
        if self._reader is not None or refusal.code != "KEY_RETIRED":
            return False
        from lianxi.cli.key.pending import pending_key

        self._read_with(pending_key(self))
        return self._reader is not None

    def _read_with(self, reader: Key | None) -> None:
        self._reader = reader
        self.__dict__.pop("_authorization", None)

    def afterwards(self) -> None:
        """Once the command is over: upgrade open receipts, alarm, cosign where that is set."""
        self.flags.at_end.setdefault(self.place.origin, self.settle)

    def settle(self) -> None:
        """What follows from the log as seen now; never a reason for a command to fail."""
        from lianxi.cli.settling import settle

        settle(self)

    def _watched(self, method: str, path: str, **exchange: Any) -> Answer:
        """An exchange whose answer counts only if the log it names continues the one kept."""
        exchange["headers"] = {**exchange["headers"], **self.log.header()}
        answer = self._exchange(method, path, **exchange)
        self.log.look(answer)
        return answer

    def _exchange(self, method: str, path: str, **exchange: Any) -> Answer:
        try:
            return self.gateway.request(method, path, **exchange)
        except (NotReachedError, NoAnswerError):
            raise CliError("GATEWAY_UNREACHABLE", address=self.gateway.address) from None

    @cached_property
    def _authorization(self) -> dict[str, str]:
        now = times.now()
        token = sign_session(
            (self._reader or self.key).signer,
            origin=self.place.origin,
            unit=self.unit,
            issued_at=times.spell(now),
            not_after=times.spell(now + SESSION_VALIDITY),
        )
        return {"Authorization": f"Bearer {token}"}

    def served(self) -> dict[str, str]:
        """The conferences that the gateway serves, with their origins."""
        known = self.unsigned("/v1/conferences").get("conferences")
        if not isinstance(known, list):
            raise CliError("ANSWER_UNREADABLE", reason="conferences")
        return {str(entry["conference"]): str(entry["origin"]) for entry in known}

    def offered(self) -> Place:
        """The conference the gateway serves, asked anew: before there is a key."""
        return self._ask_for_place(self.flags.text("conference"))

    def _learn(self, conference: str | None) -> Place:
        place = self._ask_for_place(conference)
        self._remember(place)
        return place

    def _ask_for_place(self, conference: str | None) -> Place:
        origins = self.served()
        if not origins:
            raise CliError("NO_CONFERENCE")
        if conference is None:
            if len(origins) > 1:
                raise CliError("CHOOSE_CONFERENCE", conferences=", ".join(sorted(origins)))
            (conference,) = origins
        if conference not in origins:
            raise CliError("UNKNOWN_CONFERENCE", conference=conference)
        return Place(conference, origins[conference])

    def _remembered(self, conference: str | None) -> Place | None:
        try:
            kept = json.loads(self._memory.read_bytes())
            place = Place(kept["conference"], kept["origin"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if kept.get("gateway") != self.gateway.address or conference not in (
            None,
            place.conference,
        ):
            return None
        return place

    def _remember(self, place: Place) -> None:
        content = {
            "gateway": self.gateway.address,
            "conference": place.conference,
            "origin": place.origin,
        }
        write_private(self._memory, json.dumps(content).encode())

    @property
    def _memory(self) -> Path:
        return self.settings.state / "place.json"


def conference_of(origin: str) -> str:
    """The conference id inside `<domain>/lianxi/<conference>/<random>`."""
    parts = origin.split("/")
    if len(parts) != _ORIGIN_PARTS:
        raise CliError("ID_INVALID", given=origin, what=_("an origin"), suggestion="")
    return parts[2]


def items_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a listing's page."""
    items = page.get("items")
    if not isinstance(items, list):
        raise CliError("ANSWER_UNREADABLE", reason="items")
    return items
