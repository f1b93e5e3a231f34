"""Reads the nodes of a YAML document, and keeps every problem with its place (a leaf)."""

from collections.abc import Collection

from lianxi.i18n import N_
from lianxi.strict_yaml import Node, Problem, YamlFileError


class Fields:
    """What every kind of file is read with; `problems` collects what is wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def check(self) -> None:
        """Raises YamlFileError with every problem found so far, in the order of the text."""
        if self.problems:
            raise YamlFileError(sorted(self.problems, key=lambda problem: problem.place))

    def wrong(
        self,
        node: Node,
        template: str,
        advice: str | None = None,
        code: str | None = None,
        /,
        **params: str | int,
    ) -> None:
        """Keep a problem."""
        self.problems.append(Problem(node.line, node.column, template, params, advice, code))

    def only(self, node: Node, allowed: Collection[str]) -> dict[str, Node]:
        """The fields of a mapping that have a value; others than those allowed are problems."""
        if not isinstance(node.value, dict):
            self.wrong(node, N_("fields are wanted here: name: value"))
            return {}
        known: dict[str, Node] = {}
        for key, value in node.value.items():
            if key not in allowed:
                self.wrong(
                    value,
                    N_("there is no field {field}; there are: {fields}"),
                    field=key,
                    fields=", ".join(sorted(allowed)),
                )
            elif not value.empty:
                known[key] = value
        return known

    def scalar(self, node: Node | None) -> str | None:
        """The text of a single value; None where there is no node, or a problem instead."""
        if node is None:
            return None
        if isinstance(node.value, str):
            return node.value
        self.wrong(node, N_("one value is wanted here"))
        return None

    def items(
        self,
        node: Node,
        template: str = N_("a list is wanted here: [one, two]"),
        advice: str | None = None,
    ) -> list[Node]:
        """The items of a list; `template` and `advice` say what of, where there is none."""
        if isinstance(node.value, list):
            return node.value
        self.wrong(node, template, advice)
        return []
