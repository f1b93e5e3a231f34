"""Fields of a YAML document, each checked, every problem kept with its place (a leaf)."""

import re

from lianxi.free_text import FreeTextError, clean_text
from lianxi.i18n import N_
from lianxi.limit_text import LimitText, LimitTextError, parse_limit
from lianxi.taskfile_yaml import Node, Problem, TaskFileError


class Fields:
    """Reads a document's fields; `problems` collects what is wrong on the way."""

    def __init__(self, root: Node, allowed: frozenset[str]) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.fields = self.mapping(root, allowed)

    def check(self) -> None:
        """Raises TaskFileError with every problem found so far, in the order of the text."""
        if self.problems:
            raise TaskFileError(sorted(self.problems, key=lambda problem: problem.place))

    def mapping(self, node: Node | None, allowed: frozenset[str]) -> dict[str, Node]:
        """The fields of a mapping that have a value; others than the allowed are problems."""
        if node is None or not isinstance(node.value, dict):
            self.wrong(node or self.root, N_("fields are wanted here: name: value"))
            return {}
        known: dict[str, Node] = {}
        for key, value in node.value.items():
            if key not in allowed:
                wanted = ", ".join(sorted(allowed))
                self.wrong(
                    value,
                    N_("there is no field {field}; there are: {fields}"),
                    field=key,
                    fields=wanted,
                )
            elif not value.empty:
                known[key] = value
        return known

    def scalar(self, node: Node) -> str | None:
        """The text of a single value."""
        if isinstance(node.value, str):
            return node.value
        self.wrong(node, N_("one value is wanted here"))
        return None

    def name(self, field: str, pattern: re.Pattern[str]) -> str:
        """An id that must be there."""
        node = self.fields.get(field)
        if node is None:
            self.wrong(self.root, N_("{field} is missing"), field=field)
            return ""
        return self.spelt(node, field, pattern) or ""

    def spelt(self, node: Node, field: str, pattern: re.Pattern[str]) -> str | None:
        """A value that must look like an id."""
        value = self.scalar(node)
        if value is not None and not pattern.fullmatch(value):
            self.wrong(node, N_("{field} is no id"), field=field)
        return value

    def text(self, node: Node | None, field: str, needed_in: Node | None = None) -> str | None:
        """A free text; `needed_in`: where it is missing if it is not there."""
        if node is None:
            if needed_in is not None:
                self.wrong(needed_in, N_("{field} is missing"), field=field)
            return None
        value = self.scalar(node)
        try:
            return None if value is None else clean_text(value.rstrip("\n"))
        except FreeTextError as error:
            self.wrong(node, error.template, **error.params)
            return None

    def choice(self, field: str, choices: tuple[str, ...]) -> str | None:
        """One of some words, or nothing."""
        node = self.fields.get(field)
        return None if node is None else self.one_of(node, field, choices)

    def one_of(self, node: Node, field: str, choices: tuple[str, ...]) -> str | None:
        """One of some words."""
        value = self.scalar(node)
        if value is not None and value not in choices:
            self.wrong(
                node, N_("{field} is one of: {choices}"), field=field, choices=", ".join(choices)
            )
            return None
        return value

    def number(self, node: Node, field: str, highest: int) -> int | None:
        """A whole number from 1 on."""
        value = self.scalar(node)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII) or not 1 <= int(value) <= highest:
            self.wrong(
                node, N_("{field} is a number from 1 to {highest}"), field=field, highest=highest
            )
            return None
        return int(value)

    def limit(self, field: str) -> LimitText | None:
        """A limit, or nothing."""
        node = self.fields.get(field)
        value = None if node is None else self.scalar(node)
        try:
            return None if value is None else parse_limit(value)
        except LimitTextError as error:
            self.wrong(node or self.root, error.template, **error.params)
            return None

    def wrong(self, node: Node, template: str, **params: str | int) -> None:
        """Keep a problem."""
        self.problems.append(Problem(node.line, node.column, template, params))
