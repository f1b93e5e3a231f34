"""The fields of a rules file: what each takes, with every problem kept at its place (a leaf, no click)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lianxi.domain.ladder import MAX_DENOMINATOR, PROPOSED_KINDS
from lianxi.domain.rules import NEVER_PROPOSED
from lianxi.domain.task.commands import OFFICE_ACTIONS
from lianxi.i18n import N_
from lianxi.limit_text import Duration, LimitTextError, Local, parse_limit, settle_limit
from lianxi.strict_yaml import Node
from lianxi.yaml_fields import Fields

CONVENERS_ACTS = sorted({*OFFICE_ACTIONS, *PROPOSED_KINDS} - NEVER_PROPOSED)
"""What may be left to the convener."""

_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_FRACTION = re.compile(r"([0-9]{1,4})/([0-9]{1,4})", re.ASCII)

Read = Callable[["Reader", Node, str], Any]
"""Turns a node into what the model takes; `field` is its path, for messages. None: a problem."""


def _inside(node: Node, step: str | int) -> Node | None:
    """The node a step further in, where there is one."""
    if isinstance(node.value, list):
        return node.value[step] if isinstance(step, int) else None
    return node.value.get(str(step)) if isinstance(node.value, dict) else None


class Reader(Fields):
    """Turns nodes into what the models take."""

    def mapping(self, node: Node, path: str, table: Mapping[str, Read]) -> dict[str, Any]:
        """A mapping by the readers of its fields."""
        return {
            key: table[key](self, value, f"{path}{key}")
            for key, value in self.only(node, table).items()
        }

    def found(self, root: Node, finding: Any) -> None:
        """What the model refused, at the deepest place of the file that it names."""
        node, path = root, []
        for step in finding["loc"]:
            inner = _inside(node, step)
            if inner is not None or finding["type"] == "missing":
                path.append(str(step))
            if inner is None:
                break
            node = inner
        template, names = _FINDINGS.get(finding["type"], (N_("{field} cannot be taken"), ()))
        context = finding.get("ctx") or {}
        params = {name: context[key] for name, key in names if key in context}
        if "choices" in params:
            params["choices"] = str(params["choices"]).replace(" or ", ", ").replace("'", "")
        self.wrong(node, template, field=".".join(path), **params)


_FINDINGS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "missing": (N_("{field} is missing"), ()),
    "literal_error": (N_("{field} is one of: {choices}"), (("choices", "expected"),)),
    "enum": (N_("{field} is one of: {choices}"), (("choices", "expected"),)),
    "greater_than_equal": (N_("{field} is at least {limit}"), (("limit", "ge"),)),
    "less_than_equal": (N_("{field} is at most {limit}"), (("limit", "le"),)),
    "string_pattern_mismatch": (N_("{field} is no id"), ()),
    "too_long": (
        N_("{field} has {count} entries; at most {limit} are taken"),
        (("count", "actual_length"), ("limit", "max_length")),
    ),
}
"""Findings of pydantic as messages, and which of their numbers each names."""


# --- the readers of single fields ---


def a_text(reader: Reader, node: Node, field: str) -> str | None:
    """A word or text as it stands."""
    del field
    return reader.scalar(node)


def a_whole(reader: Reader, node: Node, field: str) -> int | None:
    """A whole number that is not negative."""
    text = reader.scalar(node)
    if text is None or _WHOLE.fullmatch(text):
        return None if text is None else int(text)
    reader.wrong(node, N_("{field} is a whole number"), field=field)
    return None


def a_flag(reader: Reader, node: Node, field: str) -> bool | None:
    """`true` or `false`."""
    text = reader.scalar(node)
    if text is None or text in ("true", "false"):
        return text == "true"
    reader.wrong(node, N_("{field} is true or false"), field=field)
    return None


def some_texts(reader: Reader, node: Node, field: str) -> list[str | None]:
    """A list of words."""
    del field
    return [reader.scalar(item) for item in reader.items(node)]


def some_acts(reader: Reader, node: Node, field: str) -> list[str | None]:
    """A list of acts that may be left to the convener."""
    items = reader.items(node)
    acts = [reader.scalar(item) for item in items]
    for item, act in zip(items, acts, strict=True):
        if act is not None and act not in CONVENERS_ACTS:
            choices = ", ".join(CONVENERS_ACTS)
            reader.wrong(item, N_("{field} is one of: {choices}"), field=field, choices=choices)
    return acts


def a_duration(reader: Reader, node: Node, field: str) -> int | None:
    """Seconds, or a plain duration such as `2d`."""
    text = reader.scalar(node)
    if text is None or _WHOLE.fullmatch(text):
        return None if text is None else int(text)
    try:
        parsed = parse_limit(text)
    except LimitTextError:
        parsed = None
    if isinstance(parsed, Duration):
        return parsed.seconds
    reader.wrong(node, N_("{field} is a duration such as 2d, 36h, 90m"), field=field)
    return None


def a_fraction(reader: Reader, node: Node, field: str) -> list[int] | None:
    """`1/2`, or the two numbers as a list."""
    if isinstance(node.value, list):
        parts = [item.value for item in node.value]
    else:
        match = _FRACTION.fullmatch(reader.scalar(node) or "")
        parts = list(match.groups()) if match else []
    match [int(part) for part in parts if isinstance(part, str) and _WHOLE.fullmatch(part)]:
        case [numerator, denominator] if 0 < denominator >= numerator:
            if denominator <= MAX_DENOMINATOR:
                return [numerator, denominator]
    reader.wrong(node, N_("{field} is a fraction from 0 to 1, such as 1/2"), field=field)
    return None


_LIMIT: Mapping[str, Read] = {
    "rule": a_text, "days": a_whole, "kind": a_text, "roll": a_text, "seconds": a_whole, "at": a_text,
}  # fmt: skip


def a_limit(reader: Reader, node: Node, field: str) -> Any:
    """`2wd`, or the limit as the system writes it."""
    if isinstance(node.value, dict):
        return reader.mapping(node, f"{field}.", _LIMIT)
    text = reader.scalar(node)
    if text is None:
        return None
    try:
        parsed = parse_limit(text)
        if not isinstance(parsed, Local):
            return settle_limit(parsed, None)
        reader.wrong(
            node, N_("{field} cannot be a local time: give days, or an offset"), field=field
        )
    except LimitTextError as error:
        reader.wrong(node, error.template, **error.params)
    return None


def some_kinds(reader: Reader, node: Node, field: str) -> Any:
    """Limits by kind of task."""
    if not isinstance(node.value, dict):
        reader.wrong(node, N_("fields are wanted here: name: value"))
        return None
    return {
        kind: reader.mapping(limits, f"{field}.{kind}.", {"acknowledge": a_limit, "due": a_limit})
        for kind, limits in node.value.items()
    }
