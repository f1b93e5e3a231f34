"""What verify_bundle.py says of whole bundles, of changed ones, and of what is no bundle."""

import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verify_bundle
from lianxi.domain.conference.commands import ChangeRoster
from lianxi.domain.roster import RosterChanges, RosterKey
from lianxi.domain.values import Role, format_instant
from lianxi.proof.checkpoints import log_key
from lianxi.proof.events import head_after, open_event
from lianxi.proof.hashing import event_hash
from lianxi.proof.keys import Signer
from lianxi.proof.rosters import RosterStep, next_roster, sign_roster
from lianxi.proof.signing import sign_command
from lianxi.proof.verification import TrailRow, check_event
from tests.bundle.conftest import Judge, silent
from tests.bundle.material import LOG, WITNESSES, Made, bundle_of, note_of, witness_vkey
from tests.store.scenario import Scenario, whole_life

PROGRAM = Path(verify_bundle.__file__)
MINUTE = timedelta(minutes=1)


def typed(*words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """The program on an empty machine: no packages, no site, no environment, another folder."""
    return subprocess.run(
        [python, "-I", "-S", str(PROGRAM), *words],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- a whole bundle ---


def test_an_untouched_bundle_holds_on_an_empty_machine(made: Made, tmp_path: Path) -> None:
    """Exit 0 with the trust file; every check is counted, what was not checked is said."""
    trust = made.trust(tmp_path)
    done = typed(str(made.write(tmp_path)), "--trust", str(trust), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["result"], report["findings"], report["flags"]) == ("holds", [], [])
    assert report["checked"] == {
        "events": 33,
        "streams": 3,
        "rosters": 5,
        "possessions": 4,
        "commands": 22,
        "signatures": 33,
        "tasks": 2,
        "leaves": 33,
        "checkpoints": 2,
        "held": 0,
        "cosignatures": 4,
        "texts": 11,
        "redacted": 0,
    }
    assert report["bases"] == {"command": 22, "rule": 11}
    assert report["witnessed"] == 33
    assert any("demo custody" in said for said in report["not_checked"])
    assert any("needs lianxi" in said for said in report["not_checked"])


def test_without_a_trust_file_it_is_self_consistent_only(made: Made, tmp_path: Path) -> None:
    done = typed(str(made.write(tmp_path)))
    assert done.returncode == 3
    assert "SELF-CONSISTENT ONLY" in done.stdout
    assert "genesis, the log's key and the witnesses are the right ones" in done.stdout


def test_the_program_stands_alone() -> None:
    """Standard library only, in the syntax of Python 3.9."""
    import ast

    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 9))
    named = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {str(name).partition(".")[0] for name in named} <= sys.stdlib_module_names


def python_3_9() -> str | None:
    """An interpreter of the oldest release that is promised, where this machine has one."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [*map(str, sorted(root.glob("versions/3.9*/bin/python3"))), shutil.which("python3.9")]
    asked = "import sys; raise SystemExit(sys.version_info[:2] != (3, 9))"
    for path in filter(None, found):
        # a name on the path may be a shim of a version that is not set up
        if subprocess.run([path, "-c", asked], capture_output=True, check=False).returncode == 0:
            return path
    return None


def test_it_says_the_same_on_python_3_9(made: Made, tmp_path: Path) -> None:
    """Word for word: whole, changed, without a trust file, and what is no bundle."""
    old = python_3_9()
    if old is None:
        pytest.skip("no Python 3.9 here: neither under pyenv nor as python3.9 on the path")
    trust = ("--trust", str(made.trust(tmp_path)))
    whole = str(made.write(tmp_path))
    changed = tmp_path / "changed.bundle"
    _in_event("ProgressReported", '"percent":40', '"percent":41')(made)
    changed.write_bytes(made.data())
    for expected, words in (
        (0, (whole, *trust, "--as-of", "2026-03-04T08:00+08:00", "--happened")),
        (0, (whole, *trust, "--as-of", "2026-03-04T00:00Z", "--json", "--jobs", "2")),
        (1, (str(changed), *trust)),
        (3, (whole,)),
        (2, (str(PROGRAM),)),
    ):
        here, there = typed(*words), typed(*words, python=old)
        assert (there.returncode, there.stdout, there.stderr) == (
            expected,
            here.stdout,
            here.stderr,
        )


def test_many_signatures_go_to_all_cores(made: Made, tmp_path: Path, monkeypatch: Any) -> None:
    """The same counts, whoever computes."""
    monkeypatch.setattr(verify_bundle, "BATCH", 2)
    with verify_bundle.Bundle(str(made.write(tmp_path))) as bundle:
        run = verify_bundle.Verification(bundle, None, jobs=2)
        run.run(silent)
    assert run.counts["signatures"] == 31
    assert not run.findings


# --- changed bundles, with a footer that fits again ---


def _in_event(kind: str, old: str, new: str, number: int = 0) -> Any:
    def change(made: Made) -> None:
        line = made.event(kind, number)
        assert old in line["event"]
        line["event"] = line["event"].replace(old, new, 1)

    return change


def _rehashed(kind: str, old: str, new: str) -> Any:
    """As somebody would who can also write the hash of the event."""

    def change(made: Made) -> None:
        line = made.event(kind)
        line["event"] = line["event"].replace(old, new, 1)
        line["hash"] = event_hash(line["event"].encode())

    return change


def _drop(kind: str, number: int = 0) -> Any:
    return lambda made: made.lines.remove(made.event(kind, number))


def _swap(made: Made) -> None:
    one, other = made.event("AssignmentAcknowledged"), made.event("CompletionAccepted")
    one["event"], other["event"] = other["event"], one["event"]


def _cut_tail(made: Made) -> None:
    for line in made.of("event")[-3:]:
        made.lines.remove(line)


def _insert(made: Made) -> None:
    line = dict(made.event("CompletionAccepted"))
    made.lines.insert(made.lines.index(made.event("CompletionAccepted")) + 1, line)


def _other_envelope(made: Made) -> None:
    one, other = made.event("AssignmentAcknowledged"), made.event("CompletionSubmitted")
    one["envelope"] = other["envelope"]


def _no_envelope(made: Made) -> None:
    del made.event("CompletionSubmitted")["envelope"]


def _leaf(index: int) -> Any:
    return lambda made: made.event("CompletionAccepted").update(leaf=index)


def _note(old: str, new: str) -> Any:
    def change(made: Made) -> None:
        line = made.of("checkpoint")[-1]
        line["note"] = line["note"].replace(old, new, 1)

    return change


def _forked(made: Made) -> None:
    made.lines.append({"type": "checkpoint", "note": note_of(made.origin, 33, b"\1" * 32)})


def _foreign(made: Made) -> None:
    origin = made.origin[:-1] + "0"
    made.of("checkpoint")[-1]["note"] = note_of(origin, 33, b"\1" * 32)


def _beyond(made: Made) -> None:
    made.lines.append({"type": "checkpoint", "note": note_of(made.origin, 34, b"\1" * 32)})


def _by_rule(made: Made) -> None:
    """An acceptance that nobody signed, as a worker could make it up."""
    line = made.event("CompletionAccepted")
    event = json.loads(line["event"])
    event |= {"basis": "rule", "actor": {"unit": "system", "role": "system"}}
    event["cause"] = {"timer": "due", "index": 0, "count": 1}
    line["event"] = verify_bundle.canonical(event).decode()
    line["hash"] = event_hash(line["event"].encode())


def _again(made: Made) -> None:
    """One signed command, taken for two."""
    line = made.event("AssignmentAcknowledged")
    other = made.event("CompletionReturned")
    other |= {"envelope": line["envelope"]}
    event, source = json.loads(other["event"]), json.loads(line["event"])
    event["cause"] = source["cause"]
    other["event"] = verify_bundle.canonical(event).decode()


def _torn(made: Made) -> None:
    for line in made.of("event"):
        if '"index":1' in line["event"]:
            line["event"] = line["event"].replace('"count":2', '"count":3', 1)


def _torn_at_the_end(made: Made) -> None:
    """The last event of a stream is the first of two."""
    line = made.event("TaskRegistered", 1)
    line["event"] = line["event"].replace('"count":1', '"count":2', 1)
    line["hash"] = event_hash(line["event"].encode())


def _other_issue(made: Made) -> None:
    """The second task under the first one's signed issue."""
    first, second = made.event("TaskIssued"), made.event("TaskIssued", 1)
    event = json.loads(second["event"])
    event["cause"] = json.loads(first["event"])["cause"]
    second["event"] = verify_bundle.canonical(event).decode()
    second["hash"] = event_hash(second["event"].encode())
    second["envelope"] = first["envelope"]


def _text(**fields: Any) -> Any:
    return lambda made: made.of("text")[0].update(fields)


def _missing(kind: str) -> Any:
    def change(made: Made) -> None:
        line = made.of("text")[0]
        commit = line["commit"]
        line.clear()
        line |= {"type": kind, "commit": commit}

    return change


CHANGES: dict[str, tuple[Any, set[str]]] = {
    "an event's byte": (
        _in_event("ProgressReported", '"percent":40', '"percent":41'),
        {"HASH_MISMATCH", "ROOT_MISMATCH"},
    ),
    "with its hash": (
        _rehashed("ProgressReported", '"percent":40', '"percent":41'),
        {"LINK_BROKEN", "ROOT_MISMATCH"},
    ),
    "another unit's act": (
        _rehashed("AssignmentAcknowledged", '"unit":"U01"}', '"unit":"U02"}'),
        {"COMMAND_INVALID", "LINK_BROKEN"},
    ),
    "not canonical": (_rehashed("TaskClosed", '{"actor"', '{ "actor"'), {"EVENT_UNREADABLE"}),
    "an unknown field": (
        _rehashed("TaskClosed", '"basis"', '"basil":1,"basis"'),
        {"EVENT_UNREADABLE"},
    ),
    "a null": (
        _rehashed("TaskClosed", '"verdict":"not-implemented"', '"verdict":null'),
        {"EVENT_UNREADABLE"},
    ),
    "an event dropped": (_drop("CompletionReturned"), {"GAP", "LEAF_MISSING"}),
    "an event doubled": (_insert, {"GAP", "LEAF_WRONG"}),
    "events swapped": (_swap, {"HASH_MISMATCH", "ADDRESS_MISMATCH"}),
    "the tail cut": (_cut_tail, {"LEAF_MISSING"}),
    "another envelope": (_other_envelope, {"COMMAND_INVALID"}),
    "no envelope": (_no_envelope, {"COMMAND_INVALID"}),
    "another leaf": (_leaf(2), {"LEAF_WRONG", "LEAF_MISSING"}),
    "a leaf beyond": (_leaf(99), {"LEAF_WRONG", "LEAF_MISSING"}),
    "a checkpoint's root": (_note("\n33\n", "\n32\n"), {"ROOT_MISMATCH", "CHECKPOINT_UNSIGNED"}),
    "a checkpoint forked": (_forked, {"CHECKPOINT_FORKED"}),
    "a checkpoint of another log": (_foreign, {"CHECKPOINT_INVALID", "CHECKPOINT_MISSING"}),
    "a checkpoint beyond": (_beyond, {"CHECKPOINT_BEYOND"}),
    "a note of no form": (_note("\n\n", "\n"), {"CHECKPOINT_INVALID"}),
    "a rule's word for a command's": (
        _rehashed("CompletionAccepted", '"basis":"command"', '"basis":"rule"'),
        {"EVENT_UNREADABLE"},
    ),
    "a made-up rule": (_by_rule, {"BASIS_WRONG", "LINK_BROKEN"}),
    "a command's events again": (_again, {"CAUSE_BROKEN"}),
    "a command's events torn": (_torn, {"HASH_MISMATCH", "CAUSE_BROKEN"}),
    "a command's events torn at the end": (_torn_at_the_end, {"CAUSE_BROKEN"}),
    "a task begun by another issue": (_other_issue, {"UNREGISTERED_TASK"}),
    "a text": (_text(bytes="AAAA"), {"TEXT_MISMATCH"}),
    "a salt": (_text(salt="0" * 64), {"TEXT_MISMATCH"}),
    "a text of no event": (_text(commit="0" * 64), {"TEXT_UNNAMED"}),
    "a text missing": (_missing("missing"), {"TEXT_MISSING"}),
    "a text said to be redacted": (_missing("redacted"), {"TEXT_MISSING"}),
    "the founding dropped": (_drop("ConferenceFounded"), {"GAP", "ROSTER_UNKNOWN", "LEAF_MISSING"}),
    "a key dropped": (_drop("KeyRegistered"), {"GAP", "ROSTER_INVALID"}),
    "a registration dropped": (_drop("TaskRegistered"), {"GAP", "UNREGISTERED_TASK"}),
    "a roster's signature": (
        _rehashed("KeyRegistered", '"signatures":[{"key_id":"', '"signatures":[{"key_id":"0'),
        {"ROSTER_INVALID"},
    ),
    "rules other than their hash": (
        _rehashed("TaskIssued", '"archive_after":', '"archive_after":1'),
        {"SNAPSHOT_MISMATCH"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_found_and_named(name: str, made: Made, judge: Judge) -> None:
    """The footer fits again each time: these are found by what is signed and hashed."""
    change, expected = CHANGES[name]
    change(made)
    verdict = judge(made)
    assert verdict.code == 1
    assert expected <= verdict.codes


def test_counts_and_digest_of_the_footer_are_checked(
    made: Made, judge: Judge, tmp_path: Path
) -> None:
    """A change to any byte, even of a label that nothing signs, is seen."""
    data = made.data().replace(b'"by":"lianxi test"', b'"by":"lianxi text"')
    path = tmp_path / "changed"
    path.write_bytes(data)
    with verify_bundle.Bundle(str(path)) as bundle:
        run = verify_bundle.Verification(bundle, None, jobs=1)
        run.run(silent)
    assert [finding.code for finding in run.findings] == ["BUNDLE_CHANGED"]


LINKS = {"GAP", "LINK_BROKEN", "ORDER_WRONG"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"at": "2020-01-01T00:00:00.000000Z"}, {"ORDER_WRONG"}),
        ({"at": "2020-01-01T00:00:00.000000Z", "prev": "ab" * 32}, {"LINK_BROKEN"}),
        ({"at": "2020-01-01T00:00:00.000000Z", "seq": 99}, {"GAP"}),
    ],
    ids=["dated", "dated and torn off", "dated and far off"],
)
def test_what_is_wrong_between_two_events_has_the_live_verifiers_name(
    change: dict[str, Any], expected: set[str], made: Made, judge: Judge
) -> None:
    """One name for an event that does not follow, here and in `audit verify`."""
    changed = made.event("TaskClosed")
    changed["event"] = verify_bundle.canonical(json.loads(changed["event"]) | change).decode()
    changed["hash"] = event_hash(changed["event"].encode())
    lines = [line for line in made.of("event") if line["stream"] == changed["stream"]]
    before = lines[lines.index(changed) - 1]
    previous = head_after(open_event(before["event"].encode()), before["hash"])
    row = TrailRow(
        made.origin, changed["stream"], changed["seq"], changed["event"].encode(), changed["hash"]
    )
    live = {finding.code for finding in check_event(previous, row)[1]} & LINKS
    place = f"{changed['stream']}#{changed['seq']}"
    found = {finding.code for finding in judge(made).run.findings if finding.place.endswith(place)}
    assert (found & LINKS, live) == (expected, expected)


SIGNED = ("event", "envelope", "hash", "note", "salt", "bytes")


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_single_character_of_a_signed_part_counts(
    seed: int, lived: Made, judge: Judge
) -> None:
    """One character of a signed part changed, the footer made to fit: found, never a traceback.

    A cosignature under another name or key hash is one of an unknown key: it no longer counts.
    """
    chance = Random(seed)  # noqa: S311 - a test's dice
    changed = Made(lived.origin, lived.genesis, [dict(line) for line in lived.lines])
    places = [
        (line, name)
        for line in changed.lines
        for name in SIGNED
        if name in line and line["type"] != "header"
    ]
    line, name = chance.choice(places)
    text = line[name]
    at = chance.randrange(len(text))
    # the letters of hex, base64 and JSON: the likeliest to be taken for something valid
    other = chance.choice([c for c in '0123456789abcdefABCDEFxyz=+/ "{}[],:\n—é' if c != text[at]])
    line[name] = text[:at] + other + text[at + 1 :]
    try:
        verdict = judge(changed)
        unknown = name == "note" and verdict.run.counts["unknown_signatures"] == 1
        assert verdict.code == 1 or unknown, (line["type"], name, at, other)
    except verify_bundle.RefusedError:
        pass


# --- what is no bundle ---


def _first_lines(made: Made, count: int) -> bytes:
    return b"".join(made.data().splitlines(keepends=True)[:count])


REFUSED: dict[str, tuple[Any, str]] = {
    "empty": (lambda _: b"", "line 0: the bundle is cut off"),
    "cut after a line": (lambda made: _first_lines(made, 40), "line 40: the bundle is cut off"),
    "cut inside a line": (lambda made: made.data()[:50_000], "cut off"),
    "without its newline": (lambda made: made.data()[:-1], "cut off"),
    "something behind it": (lambda made: made.data() * 2, "something follows the last line"),
    "no header": (lambda made: made.data().partition(b"\n")[2], "the header stands in the first"),
    "binary": (lambda _: bytes(range(256)) * 9, "line 1: not-json"),
    "not JSON": (lambda made: b"hello\n" + made.data(), "line 1: not-json"),
    "an array": (lambda _: b"[]\n", "line 1: not-a-bundle-line"),
    "another format": (
        lambda made: made.data().replace(b'"bundle":1', b'"bundle":2', 1),
        "format 2",
    ),
    "a huge size": (
        lambda made: made.data().replace(b'"size":33', b'"size":9007199254740991', 1),
        "more leaves than this file",
    ),
    "most of it gone": (lambda made: _first_lines(made, 7), "it is cut off"),
    "a line of no end": (lambda _: b"{" * (1 << 21), "line 1: longer than"),
    "deep nesting": (lambda _: b"[" * 100_000 + b"\n", "line 1: depth"),
    "a duplicate key": (lambda _: b'{"a":1,"a":2}\n', "line 1: duplicate-key"),
    "a float": (lambda _: b'{"a":1.0}\n', "line 1: float"),
    "an endless number": (lambda _: b'{"a":' + b"9" * 9_999 + b"}\n", "line 1: integer-range"),
    "a date that is none": (
        lambda made: made.data().replace(b'made_at":"2026-03', b'made_at":"2026-13', 1),
        "line 1: instant",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_bundle_is_refused(
    name: str, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and one line: where and why."""
    data, said = REFUSED[name]
    path = tmp_path / "odd"
    path.write_bytes(data(made))
    assert verify_bundle.main([str(path)]) == 2
    assert said in (err := capsys.readouterr().err)
    assert err.count("\n") == 1


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=300))
def test_random_bytes_are_refused_cleanly(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No traceback, whatever comes."""
    path = tmp_path_factory.getbasetemp() / "random.bundle"
    path.write_bytes(data)
    with pytest.raises(verify_bundle.RefusedError):
        verify_bundle.Bundle(str(path))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_lines_of_any_content_never_end_in_a_traceback(
    seed: int, lived: Made, judge: Judge
) -> None:
    """Values of other types inside events, lines left out, doubled, moved; hashes made to fit."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    lines = [dict(line) for line in lived.lines]
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(1, len(lines))
        match chance.randrange(4):
            case 0:
                del lines[at]
            case 1:
                lines.insert(chance.randrange(1, len(lines)), dict(lines[at]))
            case 2:
                other = chance.randrange(1, len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                _distort(lines[at], chance)
    changed = Made(lived.origin, lived.genesis, lines)
    with suppress(verify_bundle.RefusedError):
        judge(changed)


ODD: list[Any] = [0, -1, 2**53 - 1, "", "x", [], {}, [[]], [{}], {"": []}, True, "0" * 64]


def _distort(line: dict[str, Any], chance: Random) -> None:
    """Another value somewhere inside the line; in an event, with a hash that fits."""
    if line["type"] != "event":
        line[chance.choice([name for name in line if name != "type"])] = chance.choice(ODD)
        return
    event = json.loads(line["event"])
    target: Any = event["data"] if chance.random() < 0.8 else event
    while isinstance(target, dict | list) and target:
        key = (
            chance.choice(list(target))
            if isinstance(target, dict)
            else chance.randrange(len(target))
        )
        if not isinstance(target[key], dict | list) or chance.random() < 0.4:
            target[key] = chance.choice(ODD)
            break
        target = target[key]
    line["event"] = verify_bundle.canonical(event).decode()
    line["hash"] = event_hash(line["event"].encode())


def test_a_text_that_is_still_there_although_redacted_is_found(
    scenario: Scenario, judge: Judge
) -> None:
    """Unless it was redacted while the bundle was being made."""
    task = scenario.issue("plan-1")
    text = scenario.text("what U01 said", "U01").model_dump(mode="json")
    scenario.act("U01", task, "progress", percent=5, text=text)
    handed = scenario.openings[-1].opening
    reason = scenario.text("private", "convener").model_dump(mode="json")
    scenario.ask("convener", "redact", commit=text["commit"], reason=reason)
    made = bundle_of(scenario)
    assert judge(made).run.counts["redacted"] == 1
    line = made.of("redacted")[0]
    line |= {"type": "text", "salt": handed.salt.hex(), "media": handed.media}
    line["bytes"] = b64encode(handed.data).decode()
    assert judge(made).codes == {"REDACTION_UNDONE"}
    made.lines[0]["made_at"] = format_instant(scenario.now - MINUTE)
    assert judge(made).codes == set()


# --- trust ---


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"genesis": "0" * 64}, "GENESIS_FOREIGN"),
        ({"log": None}, "CHECKPOINT_UNSIGNED"),
    ],
)
def test_another_genesis_or_another_log_is_found(
    changes: dict[str, Any], code: str, made: Made, judge: Judge
) -> None:
    """The trust file decides, not the bundle."""
    if "log" in changes:
        changes = {"log": log_key(made.origin, Signer(b"\5" * 32).public_key).vkey()}
    assert judge(made, **changes).codes == {code}


def test_another_conference_s_trust_file_is_refused(made: Made, judge: Judge) -> None:
    origin = made.origin[:-1] + ("0" if made.origin[-1] != "0" else "1")
    with pytest.raises(verify_bundle.RefusedError, match="trust file of"):
        judge(made, origin=origin, log=log_key(origin, LOG.public_key).vkey())


TRUST_REFUSED = [
    b"",
    b"{}",
    b"[1]",
    b"\xff",
    b"[" * 100_000,
    b'{"v":1,"v":1}',
    b'{"v":2,"origin":"a","genesis":"b","log":"c","policy":"d"}',
    b"x" * ((1 << 20) + 1),
]


@pytest.mark.parametrize("data", TRUST_REFUSED, ids=range(len(TRUST_REFUSED)))
def test_what_is_no_trust_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_bytes(data)
    with pytest.raises(verify_bundle.RefusedError, match="no trust file"):
        verify_bundle.read_trust(str(path))


def test_files_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_bundle.main(["/nowhere"]) == 2
    assert verify_bundle.main(["/nowhere", "--trust", "/nowhere"]) == 2
    assert verify_bundle.main([os.curdir]) == 2
    assert "Traceback" not in capsys.readouterr().err


# --- witnesses ---


def test_a_quorum_that_is_not_met_is_said(judge: Judge) -> None:
    """One of two witnesses is no quorum of both."""
    made = bundle_of(whole_life(), checkpoints=[(16, {"U01": MINUTE}), (33, {"U01": MINUTE})])
    verdict = judge(made)
    assert (verdict.code, verdict.run.witnessed) == (4, None)
    word, line = verify_bundle.said_of(verdict.run)
    assert (word, line.partition(":")[0]) == ("not-witnessed", "NOT WITNESSED")
    assert "no checkpoint is witnessed" in "\n".join(verify_bundle.not_checked(verdict.run))
    policy = "quorum none\n"
    assert judge(made, policy=policy).code == 0


def test_witnesses_need_not_meet_on_one_checkpoint(judge: Judge) -> None:
    """Who cosigns a later one vouches for all before it (proof of consistency: the same leaves)."""
    made = bundle_of(whole_life(), checkpoints=[(16, {"U01": MINUTE}), (33, {"U02": MINUTE})])
    verdict = judge(made)
    assert (verdict.code, verdict.run.witnessed) == (0, 16)
    assert "no quorum has cosigned leaf 16" in verify_bundle.said_of(verdict.run)[1]


def test_a_quorum_under_nothing_is_none(judge: Judge) -> None:
    """Over an empty tree witnesses have seen no event."""
    made = bundle_of(whole_life(), checkpoints=[(33, {})])
    empty, second = sha256(b"").digest(), int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    note = note_of(made.origin, 0, empty, {"U01": second, "U02": second})
    made.lines.append({"type": "checkpoint", "note": note})
    verdict = judge(made)
    assert (verdict.code, verdict.codes) == (4, set())


def test_a_cosignature_of_another_key_is_found(made: Made, judge: Judge) -> None:
    """The policy's key counts; a signature under its name that does not hold is a finding."""
    vkey = witness_vkey(made.origin, "U01")
    policy = f"witness U01 {vkey}\nquorum U01\n"
    whole = judge(made, policy=policy)
    assert (whole.code, whole.run.counts["cosignatures"], whole.run.witnessed) == (0, 2, 33)
    line = made.of("checkpoint")[-1]
    note, first = line["note"], line["note"].splitlines()[-2].rpartition(" ")[2]

    def signed(key_hash: bytes, rest: bytes) -> Judged:
        line["note"] = note.replace(first, b64encode(key_hash + rest).decode())
        verdict = judge(made, policy=policy)
        return verdict.code, verdict.codes, verdict.run.counts["cosignatures"]

    raw = b64decode(first)
    assert signed(raw[:4], raw[4:]) == (0, set(), 2)
    # a line of a key that nobody named says nothing, for nor against
    assert signed(bytes(4), raw[4:]) == (0, set(), 1)
    assert signed(raw[:4], raw[4:-1] + bytes([raw[-1] ^ 1])) == (1, {"COSIGNATURE_INVALID"}, 1)
    assert signed(raw[:4], raw[4:-1]) == (1, {"COSIGNATURE_INVALID"}, 1)
    for second in (verify_bundle.MAX_TIME, verify_bundle.MAX_TIME + 1, 2**64 - 1):
        message = verify_bundle.cosigned_message(verify_bundle.parse_checkpoint(note)[0], second)
        code, _, count = signed(raw[:4], second.to_bytes(8, "big") + WITNESSES["U01"].sign(message))
        assert (code, count) == ((0, 2) if second == verify_bundle.MAX_TIME else (1, 1))


Judged = tuple[int, set[str], int]


def test_an_event_behind_what_a_quorum_had_seen_is_flagged(judge: Judge) -> None:
    """Recorded as older than the quorum's time less ten minutes, yet outside its checkpoint."""
    late = {unit: timedelta(days=3) for unit in ("U01", "U02")}
    soon = {unit: timedelta(minutes=9) for unit in ("U01", "U02")}
    flagged = judge(bundle_of(whole_life(), checkpoints=[(20, late), (33, {})])).run.flags
    assert {flag.code for flag in flagged} == {"BACKDATED_OR_SEALED_LATE"}
    assert judge(bundle_of(whole_life(), checkpoints=[(20, soon), (33, {})])).run.flags == []


def test_unsealed_for_long_is_flagged(judge: Judge) -> None:
    """By what the header says; by the events themselves it is a finding, see below."""
    scenario = whole_life()
    scenario.now += timedelta(hours=1)
    run = judge(bundle_of(scenario, unsealed=1)).run
    assert [flag.code for flag in run.flags] == ["UNSEALED"]


def test_young_events_without_a_leaf_are_not_said_to_hold(judge: Judge) -> None:
    """Exit 0, up to the last leaf; how many follow is said."""
    verdict = judge(bundle_of(whole_life(), unsealed=1))
    assert (verdict.code, verdict.run.flags) == (0, [])
    word, line = verify_bundle.said_of(verdict.run)
    assert word == "holds-up-to-leaf"
    assert line == "HOLDS UP TO LEAF 31; 1 later events are not proven yet"
    assert "the tree over 1 events" in "\n".join(verify_bundle.not_checked(verdict.run))


def _relinked(made: Made, *dropped: dict[str, Any]) -> None:
    """Without these, the others numbered and linked anew: what somebody with the machine can do."""
    made.lines = [line for line in made.lines if line["type"] != "text" and line not in dropped]
    made.lines[0]["texts"] = False
    seqs: dict[str, int] = {}
    heads: dict[str, str] = {}
    for line in made.of("event"):
        event, stream = json.loads(line["event"]), line["stream"]
        event["seq"] = line["seq"] = seqs.get(stream, 0) + 1
        event["prev"] = heads.get(stream, "0" * 64)
        line["event"] = verify_bundle.canonical(event).decode()
        line["hash"] = event_hash(line["event"].encode())
        seqs[stream], heads[stream] = event["seq"], line["hash"]


def test_a_bundle_without_its_tree_does_not_hold(made: Made, judge: Judge) -> None:
    """Cut, or with an act left out and linked anew: no key is needed for that, so it is found."""
    made.lines = [line for line in made.lines if line["type"] != "checkpoint"]
    made.lines[0]["size"] = 0
    for line in made.of("event"):
        del line["leaf"]
    assert judge(made).codes == {"CHECKPOINT_MISSING"}
    _relinked(made, made.event("CompletionReturned"))
    assert judge(made).codes == {"CHECKPOINT_MISSING"}
    assert judge(made, trusted=False).code == 3
    held_empty = note_of(made.origin, 0, sha256(b"").digest())
    assert judge(made, held=[held_empty]).codes == {"CHECKPOINT_MISSING"}


def test_behind_an_old_checkpoint_nothing_can_be_rewritten_unseen(made: Made, judge: Judge) -> None:
    """A genuine earlier head is kept and an act behind it left out, under any date of the bundle."""
    early, late = made.of("checkpoint")
    made.lines.remove(late)
    size = made.lines[0]["size"] = int(early["note"].split("\n")[1])
    for line in made.of("event"):
        if line["leaf"] >= size:
            del line["leaf"]
    _relinked(made, made.event("AssignmentAcknowledged", 3))
    assert judge(made).codes == {"UNSEALED"}
    made.lines[0]["made_at"] = "2026-03-01T00:00:00.000000Z"
    assert judge(made).codes == {"UNSEALED", "MADE_TOO_EARLY"}


def test_what_came_after_the_bundle_is_said_not_to_be_checked(judge: Judge) -> None:
    """With the last time that a witness vouches for, since the bundle's own date is nobody's word."""
    whole = judge(bundle_of(whole_life())).run
    (said,) = (note for note in verify_bundle.not_checked(whole) if "anything after" in note)
    assert whole.bundle.header["made_at"] in said
    newest = max(json.loads(line["event"])["at"] for line in bundle_of(whole_life()).of("event"))
    cosigned = datetime.fromisoformat(newest).replace(microsecond=0) + MINUTE
    assert f"the newest cosignature is of {format_instant(cosigned)}" in said
    alone = judge(bundle_of(whole_life(), checkpoints=[(33, {})])).run
    assert any("no witness names a time" in note for note in verify_bundle.not_checked(alone))


# --- the log's key ---

NEXT_LOG = Signer(b"\6" * 32)


def list_log_key(scenario: Scenario, signer: Signer, *retire: Signer) -> None:
    """The roster lists one more key of the log, and retires others."""
    entry = RosterKey(
        unit="system",
        role=Role.SYSTEM,
        use="log",
        key_id=signer.key_id,
        public_key=signer.public_key.hex(),
    )
    made = RosterChanges(add=(entry,), retire=tuple(key.key_id for key in retire) or None)
    roster = next_roster(scenario.conference.state.roster, made)
    signatures = (sign_roster(roster, scenario.signer("convener")),)
    command = ChangeRoster(changes=made, roster_signatures=signatures)
    asked = command.model_dump(mode="json", exclude_none=True)
    scenario.ask("convener", "change-roster", **asked)
    step = RosterStep(changes=made, version=roster.version, signatures=signatures)
    scenario.steps.append(step)


def with_another_log_key() -> Scenario:
    """The log's key gives way to another one."""
    scenario = Scenario().register_all()
    list_log_key(scenario, LOG)
    task = scenario.issue("plan-1")
    list_log_key(scenario, NEXT_LOG, LOG)
    scenario.act("U01", task, "acknowledge")
    return scenario


def test_a_retired_key_of_the_log_signs_no_more(judge: Judge) -> None:
    """What it signed before stands; what holds the event that retired it, the next one must sign."""
    gone = bundle_of(with_another_log_key()).event("RosterChanged", 1)["leaf"]
    whole = bundle_of(with_another_log_key(), checkpoints=[(gone, {}), (gone + 1, {})])
    before, after = whole.of("checkpoint")
    for line in whole.of("event"):
        if line["leaf"] > gone:
            del line["leaf"]
    whole.lines[0]["size"] = gone + 1
    _, size, root, *_ = after["note"].split("\n")

    def signed_by(signer: Signer) -> str:
        return note_of(whole.origin, int(size), b64decode(root), signer=signer)

    both = signed_by(LOG) + signed_by(NEXT_LOG).splitlines(keepends=True)[-1]
    for trusted in (LOG, NEXT_LOG):  # whichever of them the trust file names
        vkey = log_key(whole.origin, trusted.public_key).vkey()
        for note, found in (
            (signed_by(LOG), [("CHECKPOINT_UNSIGNED", f"checkpoint {size}", "retired")]),
            (both, []),
            (signed_by(NEXT_LOG), []),
        ):
            after["note"] = note
            assert judge(whole, log=vkey, policy="quorum none\n").run.findings == found
    # the event is not among the leaves: a fork from before it, which only a later head shows
    whole.lines.remove(after)
    whole.lines[0]["size"] = gone
    for line in whole.of("event"):
        if line.get("leaf") == gone:
            del line["leaf"]
    assert judge(whole, policy="quorum none\n").codes == set()
    assert before["note"].split("\n")[1] == str(gone)


def test_a_log_s_key_that_no_roster_ever_listed_contradicts_the_trust_file(judge: Judge) -> None:
    """A retired one was listed; so may one be that a later roster lists beside those of now."""
    whole = bundle_of(with_another_log_key(), checkpoints=[])
    whole.lines[0]["size"] = 0
    for line in whole.of("event"):
        del line["leaf"]
    stranger, old, new = (
        log_key(whole.origin, signer.public_key).vkey()
        for signer in (Signer(b"\5" * 32), LOG, NEXT_LOG)
    )

    def judged(log: str, *also: str) -> tuple[set[str], bool]:
        policy = "".join(f"log {vkey}\n" for vkey in also) + "quorum none\n"
        run = judge(whole, log=log, policy=policy).run
        said = any("listed by no roster" in note for note in verify_bundle.not_checked(run))
        return {finding.code for finding in run.findings} - {"CHECKPOINT_MISSING"}, said

    assert judged(stranger, stranger) == ({"LOG_KEY_FOREIGN"}, True)
    assert judged(old) == judged(new, new, old) == (set(), False)
    assert judged(stranger, old, new) == judged(new, stranger) == (set(), True)


def test_a_log_s_key_where_no_roster_lists_any_contradicts_nothing(
    made: Made, judge: Judge
) -> None:
    """The service's key, which the roster took in later."""
    assert judge(made).codes == set()


def test_a_held_checkpoint_counts_once_all_of_it_holds(made: Made, judge: Judge) -> None:
    """Neither one whose signature does not hold, nor another root, nor one that nothing reaches."""
    note = made.of("checkpoint")[0]["note"]
    size, root = int(note.split("\n")[1]), b64decode(note.split("\n")[2])
    line = note.split("\n")[4]
    signature = b64decode(line.split(" ")[-1])
    wrong = b64encode(signature[:-1] + bytes([signature[-1] ^ 1])).decode()
    for held, code in (
        (note.replace(line, f"{line.rpartition(' ')[0]} {wrong}"), "CHECKPOINT_UNSIGNED"),
        (note_of(made.origin, size, root, signer=NEXT_LOG), "CHECKPOINT_UNSIGNED"),
        (note_of(made.origin, 12, b"\1" * 32), "ROOT_MISMATCH"),
        (note_of(made.origin, 99, b"\1" * 32), "CHECKPOINT_BEYOND"),
    ):
        verdict = judge(made, held=[held, note])
        assert (verdict.codes, verdict.run.counts["held"]) == ({code}, 1)
    del made.lines[made.lines.index(made.of("event")[5])]
    assert judge(made, held=[note]).run.counts["held"] == 0


def test_a_checkpoint_held_elsewhere_shows_a_cut_tail(judge: Judge) -> None:
    """Whole with a tree that ends earlier; only who holds a later head sees it."""
    whole = bundle_of(whole_life(), checkpoints=[(20, {}), (33, {})])
    later, earlier = (line["note"] for line in reversed(whole.of("checkpoint")))
    assert judge(whole, held=[earlier, later]).run.counts["held"] == 2
    cut = bundle_of(whole_life(), checkpoints=[(20, {})], unsealed=13)
    cut.lines = [line for line in cut.lines if line["type"] != "event" or "leaf" in line]
    cut.lines = [line for line in cut.lines if line["type"] != "text"]
    cut.lines[0]["texts"] = False
    assert judge(cut).code == judge(cut, held=[earlier]).code == 4
    assert judge(cut, policy="quorum none\n").code == 0
    assert judge(cut, held=[later]).codes == {"CHECKPOINT_BEYOND"}
    forged = note_of(whole.origin, 20, b"\1" * 32)
    assert judge(whole, held=[forged]).codes == {"CHECKPOINT_FORKED"}
    unheard = note_of(whole.origin, 12, b"\1" * 32)
    assert judge(whole, held=[unheard]).codes == {"ROOT_MISMATCH"}


def test_what_is_no_checkpoint_is_refused(made: Made, tmp_path: Path) -> None:
    """Missing, binary, another thing."""
    bundle = str(made.write(tmp_path))
    for content in (b"", b"\xff", b"hello\n"):
        path = tmp_path / "note"
        path.write_bytes(content)
        assert verify_bundle.main([bundle, "--checkpoint", str(path)]) == 2
    assert verify_bundle.main([bundle, "--checkpoint", str(tmp_path / "nowhere")]) == 2


# --- rosters ---


def test_rotation_and_revocation_are_followed(scenario: Scenario, judge: Judge) -> None:
    """The old key's commands hold before it, the new one's behind it, on a task that goes on."""
    task = scenario.issue("plan-1")
    scenario.act("U01", task, "acknowledge")
    scenario.change_roster(rotate="U01")
    scenario.act("U01", task, "progress", percent=5)
    scenario.change_roster(retire=(scenario.signer("U02").key_id,))
    verdict = judge(bundle_of(scenario))
    assert verdict.run.findings == []
    assert verdict.run.counts["rosters"] == 8


def test_a_lost_key_gives_way_after_72_hours(scenario: Scenario, judge: Judge) -> None:
    task = scenario.issue("plan-1")
    scenario.replace_key("U01", scenario.now + timedelta(hours=72))
    scenario.pass_time(hours=73)
    scenario.act("U01", task, "acknowledge")
    assert judge(bundle_of(scenario)).run.findings == []


def test_a_key_that_was_retired_acts_no_more(scenario: Scenario, judge: Judge) -> None:
    """Although the task's own stream had not adopted the roster yet."""
    task = scenario.issue("plan-1")
    signer = scenario.signer("U01")
    scenario.change_roster(retire=(signer.key_id,))
    scenario.pass_time(minutes=5)
    scenario.steps, steps = scenario.steps[:-1], scenario.steps
    scenario.act("U01", task, "acknowledge")
    scenario.steps = steps
    assert judge(bundle_of(scenario)).codes == {"KEY_RETIRED_EARLIER"}


# --- commands: each reason by its word ---


def _signed_with(word: str, made: Made) -> None:
    """An event that is right but for one thing about its command."""
    line = made.event("AssignmentAcknowledged")
    event = json.loads(line["event"])
    match word:
        case "expired":
            event["at"] = "2026-03-05" + event["at"][10:]
        case "issued-later":
            event["at"] = "2026-03-01" + event["at"][10:]
        case "digest":
            event["cause"]["payload_sha256"] = "0" * 64
        case "request":
            event["cause"]["request_id"] = "01900000-0000-7000-8000-000000000000"
        case "actor":
            event["actor"]["role"] = "office"
        case "origin" | "stream":
            envelope = json.loads(line["envelope"])
            payload = json.loads(b64decode(envelope["payload"]))
            payload[word] = {"origin": made.origin[:-4] + "0000", "stream": "task/T-0009"}[word]
            body = verify_bundle.canonical(payload)
            envelope["payload"] = b64encode(body).decode()
            line["envelope"] = verify_bundle.canonical(envelope).decode()
            event["cause"]["payload_sha256"] = sha256(body).hexdigest()
        case "signature":
            envelope = json.loads(line["envelope"])
            envelope["signatures"][0]["sig"] = b64encode(bytes(64)).decode()
            line["envelope"] = verify_bundle.canonical(envelope).decode()
    line["event"] = verify_bundle.canonical(event).decode()
    line["hash"] = event_hash(line["event"].encode())


WORDS = ("expired", "issued-later", "digest", "request", "actor", "origin", "stream", "signature")


@pytest.mark.parametrize("word", WORDS)
def test_why_a_command_is_not_the_events_own_is_said(word: str, made: Made, judge: Judge) -> None:
    """The first thing that is wrong, by its word."""
    _signed_with(word, made)
    details = {f.detail for f in judge(made).run.findings if f.code == "COMMAND_INVALID"}
    assert word in details


def test_a_key_acts_neither_before_its_time_nor_after_it(scenario: Scenario, judge: Judge) -> None:
    """Retired under the roster the stream had adopted; waiting to take a lost key's place."""
    task = scenario.issue("plan-1")
    scenario.act("U01", task, "acknowledge")
    scenario.replace_key("U02", scenario.now + timedelta(hours=72))
    scenario.act("U01", task, "progress", percent=5)
    made = bundle_of(scenario)
    line = made.event("ProgressReported")
    event = json.loads(line["event"])
    run = judge(made).run
    assert run.findings == []
    roster = run._rosters[event["roster"]]
    waiting = next(key for key in roster.keys.values() if "replaces" in key)
    early, late = event["at"], "2099-01-01T00:00:00.000000Z"
    assert roster.standing(waiting["key_id"], early) == "waiting"
    assert roster.standing(waiting["key_id"], late) == "active"
    assert roster.standing(waiting["replaces"], early) == "active"
    assert roster.standing(waiting["replaces"], late) == "replaced"
    assert roster.standing("0" * 64, late) == "unknown"


def test_a_retired_key_under_the_roster_that_retired_it_is_found(
    scenario: Scenario, judge: Judge
) -> None:
    """The stream has adopted the retirement; then the old key signs for the event all the same."""
    task = scenario.issue("plan-1")
    old = scenario.signer("U01")
    scenario.change_roster(rotate="U01")
    scenario.act("U01", task, "acknowledge")
    made = bundle_of(scenario)
    assert judge(made).run.findings == []
    line = made.event("AssignmentAcknowledged")
    event, envelope = json.loads(line["event"]), json.loads(line["envelope"])
    payload = json.loads(b64decode(envelope["payload"]))
    signed = {name: payload[name] for name in payload if name not in ("v", "alg", "key_id")}
    line["envelope"] = sign_command(old, **signed).decode()
    body = b64decode(json.loads(line["envelope"])["payload"])
    event["actor"]["key_id"] = old.key_id
    event["cause"]["payload_sha256"] = sha256(body).hexdigest()
    line["event"] = verify_bundle.canonical(event).decode()
    line["hash"] = event_hash(line["event"].encode())
    details = {f.detail for f in judge(made).run.findings if f.code == "COMMAND_INVALID"}
    assert details == {"key-retired"}


@pytest.mark.parametrize(
    ("signatures", "word"),
    [("none", "too-few-signatures"), ("twice", "signed-by-another"), ("false", "signature")],
)
def test_a_roster_wants_enough_right_signatures(
    signatures: str, word: str, made: Made, judge: Judge
) -> None:
    """None at all, one twice, one that does not hold."""
    line = made.event("KeyRegistered")
    event = json.loads(line["event"])
    (given,) = event["data"]["signatures"]
    event["data"]["signatures"] = {
        "none": [],
        "twice": [given, given],
        "false": [{**given, "signature": "0" * 128}],
    }[signatures]
    line["event"] = verify_bundle.canonical(event).decode()
    line["hash"] = event_hash(line["event"].encode())
    findings = judge(made).run.findings
    assert word in {f.detail for f in findings if f.code == "ROSTER_INVALID"}
