"""Task files: YAML read strictly, and the issue command that follows from one (a leaf, no click).

Every scalar is taken as the text that stands there (so `lead: NO` is a unit, not a falsehood); tags,
anchors, aliases and duplicate keys are refused. Errors name line and column.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lianxi.i18n import N_
from lianxi.limit_text import LimitText, Place, settle_limit
from lianxi.proof.commitments import commit
from lianxi.strict_yaml import Node, read_document
from lianxi.taskfile_fields import TaskFields

MODES = ("lead", "each")
BASES = ("meeting", "decision", "document", "duty")
LAST_DAYS = {"week": 7, "month": 31, "quarter": 31}
"""How often reports may be due, and the last day that may be named (lianxi.domain.reports)."""

KIND = re.compile(r"[a-z0-9-]{1,32}")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNIT = re.compile(r"[A-Za-z0-9-]{1,32}")
_FIELDS = frozenset(
    ("id", "title", "text", "basis", "kind", "mode", "lead", "units", "support", "acknowledge_by",
     "due", "concurrence", "report")
)  # fmt: skip
_BASIS_FIELDS = frozenset(("kind", "text"))
_REPORT_FIELDS = frozenset(("every", "day"))


@dataclass(frozen=True, slots=True)
class Cycle:
    """How often every unit reports, and on which day of the week or month it is due."""

    every: str
    day: int


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A task as its office wrote it; `ref` is the file's id.

    Without `due` the default of its `kind` holds, where the conference has one.
    """

    ref: str
    title: str
    mode: str
    due: LimitText | None = None
    text: str | None = None
    basis_kind: str | None = None
    basis_text: str | None = None
    lead: str | None = None
    units: tuple[str, ...] = ()
    acknowledge_by: LimitText | None = None
    kind: str | None = None
    concurrence: bool = False
    report: Cycle | None = None

    @property
    def texts(self) -> dict[str, bytes]:
        """The texts that are committed to, by field."""
        given = {"title": self.title, "text": self.text, "basis": self.basis_text}
        return {field: text.encode() for field, text in given.items() if text is not None}


def read_task_file(text: str | bytes) -> TaskFile:
    """A task file's content; raises YamlFileError with every problem found."""
    return _Reader(read_document(text), _FIELDS).read()


def commitments(
    task: TaskFile, salts: Mapping[str, bytes], place: Place | None = None
) -> dict[str, Any]:
    """The args of the command `issue`; `salts`: 32 bytes for each field of `task.texts`.

    `place` is needed where a limit is a local time or a bare date. Raises LimitTextError.
    """
    sealed = {
        field: {"commit": commit(salts[field], data), "size": len(data)}
        for field, data in task.texts.items()
    }
    return issue_args(task, sealed, place)


def issue_args(task: TaskFile, texts: Mapping[str, Any], place: Place | None) -> dict[str, Any]:
    """The args of `issue` with what stands for each text in `texts`, by field."""
    args: dict[str, Any] = {"ref": task.ref, "mode": task.mode, "title": texts["title"]}
    if "text" in texts:
        args["text"] = texts["text"]
    if "basis" in texts:
        args["basis"] = {"kind": task.basis_kind, "text": texts["basis"]}
    if task.lead is not None:
        args["lead"] = task.lead
    if task.units:
        args["units"] = list(task.units)
    if task.acknowledge_by is not None:
        args["acknowledge_by"] = settle_limit(task.acknowledge_by, place)
    if task.due is not None:
        args["due"] = settle_limit(task.due, place)
    if task.kind is not None:
        args["kind"] = task.kind
    if task.concurrence:
        args["concurrence"] = True
    if task.report is not None:
        args["report"] = {"every": task.report.every, "day": task.report.day}
    return args


def same_content(
    task: TaskFile,
    args: Mapping[str, Any],
    openings: Mapping[str, bytes],
    place: Place | None = None,
) -> bool:
    """Whether a registered issue says what this file says.

    `openings`: the kept salts by commitment (hex). The commitments are made again with them.
    """
    salts = kept_salts(task, args, openings)
    return salts is not None and commitments(task, salts, place) == _plain(args)


def kept_salts(
    task: TaskFile, args: Mapping[str, Any], openings: Mapping[str, bytes]
) -> dict[str, bytes] | None:
    """The salts of a registered issue by field; None where a text or a salt is missing."""
    stands: dict[str, Any] = {"title": args.get("title"), "text": args.get("text")}
    stands["basis"] = (args.get("basis") or {}).get("text")
    salts: dict[str, bytes] = {}
    for field in task.texts:
        salt = openings.get((stands[field] or {}).get("commit", ""))
        if salt is None:
            return None
        salts[field] = salt
    return salts


def _plain(value: Any) -> Any:
    """Absent instead of null or empty, as the client writes it."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None and v != []}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


class _Reader(TaskFields):
    """Turns the document into a TaskFile, collecting every problem on the way."""

    def read(self) -> TaskFile:
        basis_kind, basis_text = self._basis()
        mode = self.choice("mode", MODES) or ("lead" if "lead" in self.fields else "each")
        task = TaskFile(
            ref=self.name("id", _REF),
            title=self.text(self.fields.get("title"), "title", self.root) or "",
            mode=mode,
            due=self.limit("due"),
            text=self.text(self.fields.get("text"), "text"),
            basis_kind=basis_kind,
            basis_text=basis_text,
            lead=self.name("lead", _UNIT) if "lead" in self.fields else None,
            units=self._units(),
            acknowledge_by=self.limit("acknowledge_by"),
            kind=self.name("kind", KIND) if "kind" in self.fields else None,
            concurrence=self.choice("concurrence", ("true", "false")) == "true",
            report=self._report(),
        )
        self._fit(task)
        self.check()
        return task

    def _fit(self, task: TaskFile) -> None:
        """What the parts must be to each other (lianxi.domain.task.commands.IssueTask)."""
        if task.mode == "lead" and task.lead is None:
            self.wrong(self.root, N_("mode lead needs a lead unit: lead: U01"))
        if task.mode == "each" and task.lead is not None:
            self.wrong(self.fields["lead"], N_("mode each has no lead unit"))
        if task.mode == "each" and not task.units:
            self.wrong(self.root, N_("mode each needs units: units: [U01, U02]"))
        if task.mode == "each" and task.concurrence:
            self.wrong(self.fields["concurrence"], N_("concurrence is asked in mode lead only"))
        if len(set(task.units)) != len(task.units) or task.lead in task.units:
            self.wrong(self._units_node or self.root, N_("a unit is named twice"))

    def _basis(self) -> tuple[str | None, str | None]:
        node = self.fields.get("basis")
        if node is None:
            return None, None
        fields = self.only(node, _BASIS_FIELDS)
        kind = fields.get("kind")
        if kind is None:
            self.wrong(node, N_("{field} is missing"), field="basis.kind")
        return (
            self.one_of(kind, "basis.kind", BASES) if kind is not None else None,
            self.text(fields.get("text"), "basis.text", node),
        )

    def _report(self) -> Cycle | None:
        node = self.fields.get("report")
        if node is None:
            return None
        fields = self.only(node, _REPORT_FIELDS)
        for field in sorted(_REPORT_FIELDS - fields.keys()):
            self.wrong(node, N_("{field} is missing"), field=f"report.{field}")
        every = day = None
        if "every" in fields:
            every = self.one_of(fields["every"], "report.every", tuple(LAST_DAYS))
        if "day" in fields:
            day = self.number(fields["day"], "report.day", LAST_DAYS.get(every or "", 31))
        return None if every is None or day is None else Cycle(every, day)

    @property
    def _units_node(self) -> Node | None:
        return self.fields.get("units") or self.fields.get("support")

    def _units(self) -> tuple[str, ...]:
        if "units" in self.fields and "support" in self.fields:
            self.wrong(self.fields["support"], N_("units and support mean the same; give one"))
        node = self._units_node
        if node is None:
            return ()
        items = self.items(node, N_("a list of units is wanted here: [U01, U02]"))
        return tuple(self.spelt(item, "unit", _UNIT) or "" for item in items)
