"""Rules files: YAML read strictly into the rules of a conference, with places (a leaf, no click).

```yaml
version: 3
kinds:
  ordinary: {acknowledge: 2wd, due: 15wd}
needs_convener: [warning, bulletin]
ladder:
  version: 3
  hold_days: 1
  rungs:
    - {name: overdue, anchor: due, states: [issued, in-progress, returned], to: [unit, office], kind: red}
```

JSON is YAML too: what `lianxi ladder show -o json` prints can be read. `lianxi.rulesfile_text` writes.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from lianxi.domain.ladder import NOTICE_KINDS
from lianxi.domain.ladder_check import check_ladder
from lianxi.domain.refusal import Refusal
from lianxi.domain.rules import Rules
from lianxi.i18n import N_
from lianxi.rulesfile_fields import (
    Read,
    Reader,
    a_duration,
    a_flag,
    a_fraction,
    a_text,
    a_whole,
    some_acts,
    some_kinds,
    some_texts,
)
from lianxi.strict_yaml import Node, read_document

_ENVELOPE = frozenset(("schema", "rules", "rules_hash", "rules_version"))
"""What stands around the rules where they are the answer of a command."""


class RungRefusedError(ValueError):
    """The ladder cannot be climbed: the refusal of `check_ladder`, and where its rung stands."""

    def __init__(self, refusal: Refusal, line: int, column: int) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.line = line
        self.column = column


def read_rules(given: str | bytes) -> Rules:
    """A file's rules; raises YamlFileError with every problem found, or RungRefusedError."""
    root = read_document(given)
    reader = Reader()
    if isinstance(root.value, dict) and "rules" in root.value:
        reader.only(root, _ENVELOPE)
        root = root.value["rules"]
    plain = reader.mapping(root, "", _RULES)
    reader.check()
    try:
        rules = Rules.model_validate(plain)
    except ValidationError as error:
        for finding in error.errors(include_url=False, include_input=False):
            reader.found(root, finding)
        reader.check()
        raise
    try:
        check_ladder(rules.ladder)
    except Refusal as refusal:
        node = _rung_node(root, refusal)
        raise RungRefusedError(refusal, node.line, node.column) from None
    return rules


_ABOUT: Mapping[str, tuple[str, ...]] = {
    "RUNG_TO_NOBODY": ("to",),
    "RUNG_ORDER": ("after_days",),
    "no-state": ("states",),
    "state": ("states",),
    "before-and-after": ("after_days",),
    "late-before-due": ("before_seconds", "before_fraction", "before_days",
                        "before_office_fraction", "anchor"),
    "at-opening": ("before_office_fraction", "before_fraction"),
    "no-days": ("about",),
    "named-twice": ("name",),
}  # fmt: skip
"""The field of a rung that a refusal is about, by its code or its reason's first word."""


def _rung_node(root: Node, refusal: Refusal) -> Node:
    """Where the refused rung stands: the field the refusal is about, else the rung."""
    why = str(refusal.params.get("why", ""))
    fields = _ABOUT.get(refusal.code) or _ABOUT.get(why) or _ABOUT.get(why.partition("-")[0], ())
    ladder = _member(root, "ladder")
    found = root
    for name in ("rungs", "office"):
        listed = _member(ladder, name)
        for rung in listed.value if isinstance(listed.value, list) else []:
            if _member(rung, "name").value == refusal.params.get("rung"):
                found = rung  # of two of one name the second is the one too many
    if isinstance(found.value, dict):
        return next((found.value[field] for field in fields if field in found.value), found)
    return found


def _member(node: Node, name: str) -> Node:
    return node.value.get(name, node) if isinstance(node.value, dict) else node


_SPANS: Mapping[str, Read] = dict.fromkeys(
    (
        "concurrence_days",
        "explanation_days",
        "dispute_days",
        "proposal_days",
        "urge_interval_days",
        "gap_after_minutes",
        "gap_grace_office_minutes",
    ),
    a_whole,
)

_RUNG: Mapping[str, Read] = {
    "name": a_text, "anchor": a_text, "before_seconds": a_duration, "before_fraction": a_fraction,
    "before_days": a_whole, "before_office_fraction": a_fraction, "after_days": a_whole,
    "states": some_texts, "to": some_texts, "kind": a_text, "fires_late": a_flag,
}  # fmt: skip

_OFFICE_RUNG: Mapping[str, Read] = {
    "name": a_text, "about": a_text, "after_days": a_whole, "repeat_days": a_whole, "to": some_texts,
}  # fmt: skip


def _rungs(reader: Reader, node: Node, field: str) -> list[dict[str, Any]]:
    rungs: list[dict[str, Any]] = []
    for index, item in enumerate(reader.items(node)):
        rung = reader.mapping(item, f"{field}.{index}.", _RUNG)
        name = rung.get("name")
        if name is not None and name in [each.get("name") for each in rungs]:
            reader.wrong(_member(item, "name"), N_("a rung is named {name} twice"), name=name)
        elif name in NOTICE_KINDS:
            reader.wrong(_member(item, "name"), N_("{name} is another notice's name"), name=name)
        rungs.append(rung)
    return rungs


def _office(reader: Reader, node: Node, field: str) -> list[dict[str, Any]]:
    return [
        reader.mapping(item, f"{field}.{index}.", _OFFICE_RUNG)
        for index, item in enumerate(reader.items(node))
    ]


_LADDER: Mapping[str, Read] = {
    "version": a_whole, "rungs": _rungs, "office": _office, "hold_days": a_whole,
}  # fmt: skip

_RULES: Mapping[str, Read] = {
    "version": a_whole,
    "acknowledge_within": a_duration,
    "archive_after": a_duration,
    "ladder": lambda reader, node, field: reader.mapping(node, f"{field}.", _LADDER),
    "kinds": some_kinds,
    "spans": lambda reader, node, field: reader.mapping(node, f"{field}.", _SPANS),
    "needs_convener": some_acts,
}
