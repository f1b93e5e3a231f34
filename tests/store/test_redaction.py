"""What a redaction does to the store: the bytes are gone everywhere, and everything else stands.

- opening and salt go with the event -> the first tests
- the file goes after it, or at the next start -> a_crash_…, what_resists_…
- it does not come back -> nothing_comes_again
- events, hashes and read tables hold -> it_verifies
- a missing opening without one is a finding, one that is still there too -> the last tests
"""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lianxi.domain.values import Commitment
from lianxi.ports import Opening, RedactedError
from lianxi.store import tables
from lianxi.store.rebuilding import rebuild_read_tables
from lianxi.store.store import Store, open_store
from lianxi.store.verify import verify_trail
from tests.store.contract import record
from tests.store.scenario import Scenario

SECRET = "the telephone of a private person"
PHOTO = b"\x89PNG a face that was not to be seen"


class Redacted:
    """A task with a text and a file of U01, both to be redacted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.s = Scenario().register_all()
        self.task = self.s.issue("plan-1")
        self.s.act("U01", self.task, "acknowledge")
        report = self.s.text(SECRET, "U01")
        photo = self.s.file(PHOTO, "U01", "image/png")
        self.s.act(
            "U01",
            self.task,
            "submit",
            report=report.model_dump(mode="json"),
            report_media="text/plain",
            evidence=[{"file": photo.model_dump(mode="json"), "media": "image/png"}],
        )
        self.report, self.photo = report.commit, photo.commit
        self.handed_in = {one.opening.commitment.commit: one.opening for one in self.s.openings}
        record(store, self.s)
        self.s.openings.clear()

    def redact(self, *commits: str) -> None:
        """By the convener; recorded."""
        for commit in commits:
            reason = self.s.text("a private person's", "convener").model_dump(mode="json")
            self.s.ask(
                "convener", "redact", commit=commit, reason=reason, task=self.task, units=["U01"]
            )
        record(self.store, self.s)
        self.s.openings.clear()

    def findings(self) -> set[tuple[str, str]]:
        """Codes and details of `audit verify`."""
        report = verify_trail(self.store.engine, self.store.evidence)
        return {(finding.code, finding.detail) for finding in report.findings}


@pytest.fixture
def given(store: Store) -> Redacted:
    """Recorded, nothing redacted yet."""
    return Redacted(store)


def everything_in(folder: Path) -> bytes:
    """The bytes of database, write-ahead log and evidence."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_opening_is_gone_from_every_file(given: Redacted, tmp_path: Path) -> None:
    """Text, file and salts: from the database's pages, the write-ahead log and the evidence."""
    salts = [given.handed_in[commit].salt for commit in (given.report, given.photo)]
    wanted = [SECRET.encode(), PHOTO, *salts]
    before = everything_in(tmp_path)
    assert all(piece in before for piece in wanted)
    given.redact(given.report, given.photo)
    after = everything_in(tmp_path)
    assert [piece for piece in wanted if piece in after] == []
    for commit in (given.report, given.photo):
        assert given.store.openings.get(given.s.origin, commit) is None


def test_others_keep_theirs(given: Redacted) -> None:
    """Only the commitments named; the reasons of the redactions stay too."""
    before = dict(given.handed_in)
    given.redact(given.report)
    for commit, opening in before.items():
        found = given.store.openings.get(given.s.origin, commit)
        assert found == (None if commit == given.report else opening)
    with given.store.engine.connect() as connection:
        (row,) = connection.execute(select(tables.redactions)).mappings()
    assert (row["commit"], row["by"], row["task"]) == (given.report, "convener", given.task)
    reason = given.store.openings.get(given.s.origin, row["reason"])
    assert reason is not None
    assert reason.data == b"a private person's"


def test_it_verifies_and_is_counted(given: Redacted) -> None:
    """Events and read tables hold; a missing opening is explained."""
    given.redact(given.report, given.photo)
    report = verify_trail(given.store.engine, given.store.evidence)
    assert (report.findings, report.redactions) == ([], 2)


@pytest.mark.parametrize("which", ["report", "photo"])
def test_nothing_comes_again(given: Redacted, which: str) -> None:
    """Putting the opening again is refused, and leaves neither row nor file."""
    commit = getattr(given, which)
    given.redact(commit)
    with pytest.raises(RedactedError):
        given.store.openings.put(given.s.origin, given.handed_in[commit], "U01", given.s.now)
    assert given.store.openings.get(given.s.origin, commit) is None
    assert not given.store.evidence.holds(commit)
    assert given.findings() == set()


def test_a_crash_before_the_file_is_gone_is_made_good_at_the_next_start(
    given: Redacted, url: str, evidence: Path
) -> None:
    """Between the commit and the removal; twice is the same as once."""
    held = given.store.evidence.read(given.photo)
    assert held is not None
    given.redact(given.photo)
    given.store.evidence.write(given.photo, held)  # as if the removal had never come
    assert given.findings() == {("REDACTION_UNDONE", "file")}
    with open_store(url, evidence, writable=True, busy_seconds=0.2) as again:
        assert again.eraser is not None
        assert again.eraser.sweep().files == 1
        assert again.eraser.sweep() == (0, 0, True)
    assert given.findings() == set()


def test_what_resists_is_left_to_the_next_start(given: Redacted) -> None:
    """A file that cannot be removed stops no recording; `audit verify` names it."""
    path = given.store.evidence.path(given.photo)
    path.unlink()
    path.mkdir()  # stands for whatever resists, also to root
    given.redact(given.photo)
    assert given.findings() == {("REDACTION_UNDONE", "file")}
    assert given.store.eraser is not None
    assert given.store.eraser.sweep().left == 1
    path.rmdir()
    assert given.store.eraser.sweep() == (0, 0, True)
    assert given.findings() == set()


def test_a_reader_in_the_middle_delays_only_the_log(given: Redacted) -> None:
    """The write-ahead log is emptied at the next occasion; the rows are gone at once."""
    with given.store.engine.connect() as reading, reading.begin():
        reading.scalar(select(func.count()).select_from(tables.events))
        given.redact(given.report)
        assert given.store.eraser is not None
        assert not given.store.eraser.sweep().complete
    assert given.store.eraser.sweep().complete


def test_made_again_from_events_the_table_is_the_same(given: Redacted) -> None:
    """The read table of redactions is a function of the events, like every other one."""
    given.redact(given.report, given.photo)
    assert given.store.writer is not None
    with given.store.engine.connect() as connection:
        before = connection.execute(select(tables.redactions)).all()
    given.store.writer.run(rebuild_read_tables)
    with given.store.engine.connect() as connection:
        assert connection.execute(select(tables.redactions)).all() == before
    assert given.findings() == set()


def test_an_opening_missing_without_a_redaction_is_a_finding(
    given: Redacted, tmp_path: Path
) -> None:
    """Whoever deletes by SQL is named; so is whoever makes up a redaction's row for it."""
    with sqlite3.connect(tmp_path / "trail" / "trail.db") as connection:
        connection.execute('DELETE FROM openings WHERE "commit" = ?', (given.report,))
    assert given.findings() == {("OPENING_MISSING", "/report")}
    with sqlite3.connect(tmp_path / "trail" / "trail.db") as connection:
        connection.execute(
            "INSERT INTO redactions VALUES (?, ?, ?, 1, '2026', 'convener', ?, NULL)",
            (given.s.origin, given.report, "0" * 64, "0" * 64),
        )
    assert {code for code, _ in given.findings()} == {"ROW_UNEXPECTED"}


def test_an_opening_that_is_still_there_is_a_finding(given: Redacted, tmp_path: Path) -> None:
    """Somebody kept it, and put it back by SQL: the sweep leaves that to people."""
    given.redact(given.report)
    with sqlite3.connect(tmp_path / "trail" / "trail.db") as connection:
        connection.execute(
            "INSERT INTO openings VALUES (?, ?, ?, ?, 'text/plain', ?, 'U01', '2026')",
            (
                given.s.origin,
                given.report,
                given.handed_in[given.report].salt,
                len(SECRET),
                SECRET.encode(),
            ),
        )
    assert ("REDACTION_UNDONE", "row") in given.findings()
    assert given.store.eraser is not None
    given.store.eraser.sweep()
    assert ("REDACTION_UNDONE", "row") in given.findings()


def test_a_redaction_of_nothing_is_a_finding(given: Redacted) -> None:
    """Signed past the gateway: no event names the commitment."""
    given.redact("0" * 64)
    assert {code for code, _ in given.findings()} == {"REDACTION_UNFOUNDED"}


def test_a_file_of_another_conference_is_none_of_its_business(given: Redacted) -> None:
    """The same commitment in two conferences: one's redaction does not touch the other's opening."""
    other = Scenario(name="other")
    data = b"x" * 70_000
    opening = Opening(Commitment(commit=given.photo, size=len(data)), b"s" * 32, data, "image/png")
    given.store.openings.put(other.origin, opening, "U01", other.now)
    given.redact(given.photo)
    assert given.store.openings.get(given.s.origin, given.photo) is None
    assert given.store.openings.get(other.origin, given.photo) == opening
    # whoever hands it in again where it is redacted is refused, and takes nothing from the other
    with pytest.raises(RedactedError):
        given.store.openings.put(given.s.origin, given.handed_in[given.photo], "U01", other.now)
    assert given.store.openings.get(other.origin, given.photo) == opening


def test_a_file_that_a_redaction_took_between_file_and_row_is_written_again(
    given: Redacted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two conferences, one file: the row of the one that keeps it promises bytes that are there."""
    other = Scenario(name="other")
    opening = given.handed_in[given.photo]
    given.redact(given.photo)
    write, evidence = given.store.evidence.write, given.store.evidence

    def taken_meanwhile(commit: str, data: bytes) -> None:
        write(commit, data)
        if taken:
            taken.pop()
            assert given.store.eraser is not None
            assert given.store.eraser.sweep().files == 1

    taken = [True]
    monkeypatch.setattr(evidence, "write", taken_meanwhile)
    given.store.openings.put(other.origin, opening, "U01", other.now)
    assert taken == []
    assert given.store.openings.get(other.origin, given.photo) == opening
