"""Task files: YAML read strictly, and the issue command that follows from one (a leaf, no click).

Every scalar is taken as the text that stands there (so `lead: NO` is a unit, not a falsehood); tags,
anchors, aliases and duplicate keys are refused. Errors name line and column.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lianxi.free_text import FreeTextError, clean_text
from lianxi.i18n import N_
from lianxi.limit_text import LimitText, LimitTextError, Place, parse_limit, settle_limit
from lianxi.proof.commitments import commit
from lianxi.taskfile_yaml import Node, Problem, TaskFileError, read_document

__all__ = ["Problem", "TaskFile", "TaskFileError", "commitments", "read_task_file", "same_content"]

MODES = ("lead", "each")
BASES = ("meeting", "decision", "document", "duty")

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UNIT = re.compile(r"[A-Za-z0-9-]{1,32}")
_FIELDS = frozenset(
    ("id", "title", "text", "basis", "mode", "lead", "units", "support", "acknowledge_by", "due")
)
_BASIS_FIELDS = frozenset(("kind", "text"))


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A task as its office wrote it; `ref` is the file's id."""

    ref: str
    title: str
    mode: str
    due: LimitText
    text: str | None = None
    basis_kind: str | None = None
    basis_text: str | None = None
    lead: str | None = None
    units: tuple[str, ...] = ()
    acknowledge_by: LimitText | None = None

    @property
    def texts(self) -> dict[str, bytes]:
        """The texts that are committed to, by field."""
        given = {"title": self.title, "text": self.text, "basis": self.basis_text}
        return {field: text.encode() for field, text in given.items() if text is not None}


def read_task_file(text: str | bytes) -> TaskFile:
    """A task file's content; raises TaskFileError with every problem found."""
    return _Reader(read_document(text)).read()


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
    args["due"] = settle_limit(task.due, place)
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


class _Reader:
    """Turns the document into a TaskFile, collecting every problem on the way."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.fields = self._mapping(root, _FIELDS)

    def read(self) -> TaskFile:
        basis_kind, basis_text = self._basis()
        mode = self._choice("mode", MODES) or ("lead" if "lead" in self.fields else "each")
        task = TaskFile(
            ref=self._id("id", _REF),
            title=self._text(self.fields.get("title"), "title", self.root) or "",
            mode=mode,
            due=self._limit("due", needed=True) or parse_limit("1d"),
            text=self._text(self.fields.get("text"), "text"),
            basis_kind=basis_kind,
            basis_text=basis_text,
            lead=self._id("lead", _UNIT) if "lead" in self.fields else None,
            units=self._units(),
            acknowledge_by=self._limit("acknowledge_by"),
        )
        self._fit(task)
        if self.problems:
            raise TaskFileError(sorted(self.problems, key=lambda problem: problem.place))
        return task

    def _fit(self, task: TaskFile) -> None:
        """What the parts must be to each other (lianxi.domain.task.commands.IssueTask)."""
        if task.mode == "lead" and task.lead is None:
            self._wrong(self.root, N_("mode lead needs a lead unit: lead: U01"))
        if task.mode == "each" and task.lead is not None:
            self._wrong(self.fields["lead"], N_("mode each has no lead unit"))
        if task.mode == "each" and not task.units:
            self._wrong(self.root, N_("mode each needs units: units: [U01, U02]"))
        if len(set(task.units)) != len(task.units) or task.lead in task.units:
            self._wrong(self._units_node or self.root, N_("a unit is named twice"))

    def _mapping(self, node: Node | None, allowed: frozenset[str]) -> dict[str, Node]:
        if node is None or not isinstance(node.value, dict):
            self._wrong(node or self.root, N_("fields are wanted here: name: value"))
            return {}
        known: dict[str, Node] = {}
        for key, value in node.value.items():
            if key not in allowed:
                wanted = ", ".join(sorted(allowed))
                self._wrong(
                    value,
                    N_("there is no field {field}; there are: {fields}"),
                    field=key,
                    fields=wanted,
                )
            elif not value.empty:
                known[key] = value
        return known

    def _scalar(self, node: Node) -> str | None:
        if isinstance(node.value, str):
            return node.value
        self._wrong(node, N_("one value is wanted here"))
        return None

    def _id(self, field: str, pattern: re.Pattern[str]) -> str:
        node = self.fields.get(field)
        if node is None:
            self._wrong(self.root, N_("{field} is missing"), field=field)
            return ""
        value = self._scalar(node)
        if value is not None and not pattern.fullmatch(value):
            self._wrong(node, N_("{field} is no id"), field=field)
        return value or ""

    def _text(self, node: Node | None, field: str, needed_in: Node | None = None) -> str | None:
        if node is None:
            if needed_in is not None:
                self._wrong(needed_in, N_("{field} is missing"), field=field)
            return None
        value = self._scalar(node)
        try:
            return None if value is None else clean_text(value.rstrip("\n"))
        except FreeTextError as error:
            self._wrong(node, error.template, **error.params)
            return None

    def _choice(self, field: str, choices: tuple[str, ...]) -> str | None:
        node = self.fields.get(field)
        return None if node is None else self._one_of(node, field, choices)

    def _one_of(self, node: Node, field: str, choices: tuple[str, ...]) -> str | None:
        value = self._scalar(node)
        if value is not None and value not in choices:
            self._wrong(
                node, N_("{field} is one of: {choices}"), field=field, choices=", ".join(choices)
            )
            return None
        return value

    def _limit(self, field: str, *, needed: bool = False) -> LimitText | None:
        node = self.fields.get(field)
        if node is None:
            if needed:
                self._wrong(self.root, N_("{field} is missing"), field=field)
            return None
        value = self._scalar(node)
        try:
            return None if value is None else parse_limit(value)
        except LimitTextError as error:
            self._wrong(node, error.template, **error.params)
            return None

    def _basis(self) -> tuple[str | None, str | None]:
        node = self.fields.get("basis")
        if node is None:
            return None, None
        fields = self._mapping(node, _BASIS_FIELDS)
        kind = fields.get("kind")
        if kind is None:
            self._wrong(node, N_("{field} is missing"), field="basis.kind")
        return (
            self._one_of(kind, "basis.kind", BASES) if kind is not None else None,
            self._text(fields.get("text"), "basis.text", node),
        )

    @property
    def _units_node(self) -> Node | None:
        return self.fields.get("units") or self.fields.get("support")

    def _units(self) -> tuple[str, ...]:
        if "units" in self.fields and "support" in self.fields:
            self._wrong(self.fields["support"], N_("units and support mean the same; give one"))
        node = self._units_node
        if node is None:
            return ()
        if not isinstance(node.value, list):
            self._wrong(node, N_("a list of units is wanted here: [U01, U02]"))
            return ()
        units = []
        for item in node.value:
            unit = self._scalar(item)
            if unit is not None and not _UNIT.fullmatch(unit):
                self._wrong(item, N_("{field} is no id"), field="unit")
            units.append(unit or "")
        return tuple(units)

    def _wrong(self, node: Node, template: str, **params: str | int) -> None:
        self.problems.append(Problem(node.line, node.column, template, params))
