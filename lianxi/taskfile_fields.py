"""The fields of a task file: what each takes, with every problem kept at its place (a leaf)."""

import re

from lianxi.free_text import FreeTextError, clean_text
from lianxi.i18n import N_
from lianxi.limit_text import LimitText, LimitTextError, parse_limit
from lianxi.strict_yaml import Node
from lianxi.yaml_fields import Fields


class TaskFields(Fields):
    """Reads the fields of a task file's document."""

    def __init__(self, root: Node, allowed: frozenset[str]) -> None:
        super().__init__()
        self.root = root
        self.fields = self.only(root, allowed)

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
        value = self.scalar(node)
        try:
            return None if value is None else parse_limit(value)
        except LimitTextError as error:
            self.wrong(node or self.root, error.template, **error.params)
            return None
