"""A task's whole life by the installed program: convener, units on their own machines, auditor's reads."""

import json

from tests.cli.machines import House, Machine


def test_a_unit_with_a_key_and_the_address_alone_can_work(house: House) -> None:
    """Own home, one key file, the gateway's address: conference, origin and unit are learned."""
    task = house.issue()
    bare = house.units["U01"].home / "bare"
    bare.mkdir()
    key = house.units["U01"].home / "lianxi" / "keys" / "joint-U01.key"
    content = json.loads(key.read_text())
    only = {name: content[name] for name in ("v", "alg", "unit", "key_id", "seed")}
    (bare / "unit.key").write_text(json.dumps(only))
    (bare / "unit.key").chmod(0o600)
    stranger = Machine(bare, house.gateway.url)
    assert task in stranger.run("todo", LIANXI_KEY="unit.key", ok=True).out
    done = stranger.run("ack", task, "--key", "unit.key", ok=True)
    assert done.out.startswith(f"U01 acknowledged {task} · ")
    assert f"next: lianxi task progress {task}" in done.err


def test_from_issue_to_close(house: House) -> None:
    """Every step prints one line with sequence and hash; the office decides on what it saw."""
    task = house.issue("--title", "Whole life", "--lead", "U01", "--due", "15d", "--text", "Do it.")
    unit, office = house.units["U01"], house.office
    listed = unit.run("todo", ok=True).out.splitlines()
    number = next(line.split()[0] for line in listed if task in line)
    unit.run("ack", number, ok=True)
    unit.run("task", "progress", task, "--percent", "60", "--text", "two of three", ok=True)
    unit.file("a.pdf", b"%PDF")
    unit.file("b.txt", "list")
    words = ("--report", "a.pdf", "--evidence", "a.pdf", "b.txt")
    line = unit.run("task", "submit", task, *words, ok=True).out
    assert line.startswith(f"U01 submitted completion of {task} · ")
    assert " · seq 4 · " in line
    unit.run("task", "recall", task, "--reason", "wrong annex", ok=True)
    unit.run("task", "submit", task, "--text", "All done.", ok=True)
    shown = office.run("task", "show", task, ok=True).out
    assert "All done." in shown
    reason = ("--reason", "annex missing", "--due", "5d")
    office.run("task", "return", task, "--unit", "U01", *reason, ok=True)
    assert "Returned to U01: annex missing" in unit.run("task", "show", task, ok=True).out
    unit.run("task", "submit", task, "--text", "With annex.", ok=True)
    office.run("task", "show", task, ok=True)
    accepted = office.run("task", "accept", task, "--unit", "U01", ok=True)
    assert "With annex." in accepted.err
    closed = office.run("task", "close", task, "--verdict", "implemented", "--yes", ok=True)
    assert f"closed {task} as implemented" in closed.out
    assert "closed" in office.run("task", "list", "--by", "task", ok=True).out


def test_evidence_comes_back_as_the_same_bytes_under_our_own_names(house: House) -> None:
    """What was committed to is what is fetched; no name of the unit's becomes a path."""
    task = house.issue()
    unit, office = house.units["U01"], house.office
    unit.file("report.docx", b"PK\x03\x04report")
    unit.run(
        "task", "submit", task, "--report", "report.docx", "--evidence", "report.docx", ok=True
    )
    office.run("task", "evidence", task, "--unit", "U01", "--to", "got", ok=True)
    files = sorted((office.home / "got").iterdir())
    assert [file.read_bytes() for file in files] == [b"PK\x03\x04report"] * 2
    assert all(file.name.startswith(f"{task}-U01-") for file in files)
    assert {file.stat().st_mode & 0o077 for file in (office.home / "got", *files)} == {0}
    office.run("task", "evidence", task, "--to", "got", ok=True)


def test_every_filing_leaves_a_receipt(house: House) -> None:
    """The receipt holds for the envelope that was signed, and can be written to a file."""
    task = house.issue()
    unit = house.units["U02"]
    unit.run("ack", task, ok=True)
    rows = unit.run("task", "receipt", task, "-o", "json", ok=True).json["items"]
    assert [(row["action"], row["holds"]) for row in rows] == [("acknowledge", "yes")]
    unit.run("task", "receipt", task, "--to", "receipts.json", ok=True)
    written = json.loads((unit.home / "receipts.json").read_text())
    assert written["receipts"][0]["envelope"]
    assert (unit.home / "receipts.json").stat().st_mode & 0o077 == 0


def test_a_new_submission_is_not_accepted_unseen(house: House) -> None:
    """What the office saw last is what it decides on: another submission since is STALE (5)."""
    task = house.issue()
    unit, office = house.units["U01"], house.office
    unit.run("task", "submit", task, "--text", "first", ok=True)
    office.run("task", "show", task, ok=True)
    unit.run("task", "recall", task, ok=True)
    unit.run("task", "submit", task, "--text", "second", ok=True)
    stale = office.run("task", "accept", task, "--unit", "U01")
    assert (stale.code, "Somebody acted since you looked." in stale.err) == (5, True)
    office.run("task", "show", task, ok=True)
    office.run("task", "accept", task, "--unit", "U01", ok=True)


def test_withdraw_due_and_cancel(house: House) -> None:
    """Irreversible acts want --yes where nobody can be asked."""
    office, task = house.office, house.issue()
    office.run(
        "task", "due", task, "--units", "U01,U02", "--due", "20d", "--reason", "flood", ok=True
    )
    withdraw = ("task", "withdraw", task, "--unit", "U02", "--reason", "not its duty")
    assert office.run(*withdraw).code == 2
    assert office.run(*withdraw, "--dry-run").code == 0
    office.run(*withdraw, "--yes", ok=True)
    lead = office.run("task", "withdraw", task, "--unit", "U01", "--reason", "no", "--yes")
    assert (lead.code, "--new-lead" in lead.err) == (5, True)
    assert "--yes" in office.run("task", "cancel", task, "--reason", "no").err
    office.run("task", "cancel", task, "--reason", "superseded", "--yes", ok=True)
    assert house.units["U01"].run("ack", task).code == 5


def test_reads_of_the_office(house: House) -> None:
    """Units, notices, inbox, history, conference: each answers in every form."""
    task = house.issue()
    for words in (
        ("unit", "list"),
        ("notice", "list"),
        ("inbox",),
        ("task", "history", task),
        ("task", "list"),
        ("audit", "list"),
        ("config", "list"),
    ):
        for form in ("table", "json", "jsonl", "csv"):
            house.office.run(*words, "-o", form, ok=True)
    me = house.units["U01"].run("conference", "show", "-o", "json", ok=True).json
    assert (me["unit"], me["conference"]["zone"]) == ("U01", "Asia/Shanghai")
    assert "教育" in house.office.run("unit", "show", "U01", "--lang", "zh", ok=True).out
    page = house.office.run("task", "history", task, "--limit", "1", "-o", "json", ok=True).json
    assert len(page["items"]) == 1
