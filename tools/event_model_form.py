"""The forms that the tables of docs/event-model.md share."""

from collections.abc import Iterable


def yes(so: bool) -> str:  # noqa: FBT001  the one thing it is about
    """The word for it."""
    return "yes" if so else "no"


def first_line(model: type) -> str:
    """What a class says of itself."""
    return (model.__doc__ or "").partition("\n")[0]


def ticked(words: Iterable[str]) -> str:
    """Machine words in one line."""
    return ", ".join(f"`{word}`" for word in words)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
