"""Strict YAML: events to nodes with their places, nothing is constructed (a leaf).

What stands in the nodes is read with `lianxi.yaml_fields`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lianxi.free_text import MAX_TEXT_BYTES
from lianxi.i18n import N_

MAX_DEPTH = 8
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where (from 1); `template` and `advice` are message ids that `params` fill.

    `advice`: what to do, where there is more to say than to correct the file. `code`: of what no
    field shows by itself, the code that the domain has for it.
    """

    line: int
    column: int
    template: str
    params: dict[str, str | int] = field(default_factory=dict)
    advice: str | None = None
    code: str | None = None

    @property
    def place(self) -> tuple[int, int]:
        """For sorting."""
        return (self.line, self.column)

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.template.format(**self.params)}"


class YamlFileError(ValueError):
    """A file cannot be taken; nothing of it counts."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(slots=True)
class Node:
    """A value and where it begins: the text of a scalar, a mapping or a list of nodes."""

    value: "str | dict[str, Node] | list[Node]"
    line: int
    column: int
    plain: bool = False

    @property
    def empty(self) -> bool:
        """A field without a value, or null."""
        return self.plain and self.value in _NULLS


def read_document(given: str | bytes) -> Node:
    """The one document of a text; raises YamlFileError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    text = _decoded(given)
    try:
        return _Builder().build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise _refused(
            line, column, N_("it is no YAML: {problem}"), problem=str(error.problem)
        ) from None
    except (YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, YamlFileError):
            raise
        raise _refused(1, 1, N_("it is no YAML: {problem}"), problem=type(error).__name__) from None


def _decoded(given: str | bytes) -> str:
    size = len(given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given)
    if size > MAX_TEXT_BYTES:
        raise _refused(
            1,
            1,
            N_("it has {size} bytes; at most {limit} are taken"),
            size=size,
            limit=MAX_TEXT_BYTES,
        )
    if isinstance(given, str):
        return given.removeprefix("\ufeff")
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = given.count(b"\n", 0, error.start) + 1
        raise _refused(line, 1, N_("it is not UTF-8 at byte {place}"), place=error.start) from None


class _Builder:
    """Builds nodes from the parser's events, iteratively: depth costs no stack."""

    def __init__(self) -> None:
        self.open: list[Node] = []
        self.keys: list[str | None] = []
        self.root: Node | None = None

    def build(self, events: Any) -> Node:
        documents = 0
        for event in events:
            name = type(event).__name__
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise _refused(line, column, N_("one document is wanted, not several"))
            self._refuse_extras(event, name, line, column)
            match name:
                case "ScalarEvent":
                    self._scalar(event, line, column)
                case "MappingStartEvent":
                    self._begin(Node({}, line, column))
                case "SequenceStartEvent":
                    self._begin(Node([], line, column))
                case "MappingEndEvent" | "SequenceEndEvent":
                    self.open.pop()
                    self.keys.pop()
        if self.root is None:
            raise _refused(1, 1, N_("it is empty"))
        return self.root

    def _refuse_extras(self, event: Any, name: str, line: int, column: int) -> None:
        if name == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise _refused(line, column, N_("anchors and aliases are not allowed"))
        if getattr(event, "tag", None) is not None:
            raise _refused(line, column, N_("tags are not allowed"))

    def _scalar(self, event: Any, line: int, column: int) -> None:
        parent = self.open[-1] if self.open else None
        if parent is not None and isinstance(parent.value, dict) and self.keys[-1] is None:
            if event.value in parent.value:
                raise _refused(line, column, N_("{field} stands here twice"), field=event.value)
            self.keys[-1] = event.value
            return
        self._place(Node(event.value, line, column, plain=event.style in (None, "")))

    def _begin(self, node: Node) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise _refused(node.line, node.column, N_("it is nested too deep"))
        self._place(node)
        self.open.append(node)
        self.keys.append(None)

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1].value
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict):
            key = self.keys[-1]
            if key is None:
                raise _refused(node.line, node.column, N_("a field's name is a plain text"))
            parent[key] = node
            self.keys[-1] = None


def _refused(line: int, column: int, template: str, **params: str | int) -> YamlFileError:
    return YamlFileError([Problem(line, column, template, params)])
