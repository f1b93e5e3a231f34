"""Texts behind commitments, as strings: titles of listings, texts of a task (store layer)."""

from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection, select

from lianxi.store.tables import openings

MAX_TEXT_BYTES = 65_536
"""A text is at most so long; what is longer is a file and is fetched by itself."""

_CHUNK = 500
"""Commitments asked for at once, far below any database's limit of parameters."""


def texts(connection: Connection, origin: str, commits: Collection[str]) -> dict[str, str]:
    """The texts among the openings of `commits`; what is missing, long or no text is left out."""
    found: dict[str, str] = {}
    for chunk in _chunks(sorted(set(commits))):
        statement = select(openings.c.commit, openings.c.data).where(
            openings.c.origin == origin,
            openings.c.commit.in_(chunk),
            openings.c.media.startswith("text/"),
            openings.c.size <= MAX_TEXT_BYTES,
            openings.c.data.is_not(None),
        )
        for commit, data in connection.execute(statement):
            found[commit] = data.decode("utf-8", "replace")
    return found


def missing(connection: Connection, origin: str, sizes: Iterable[tuple[str, int]]) -> list[str]:
    """The commitments, given with their sizes, for which no opening of that size is kept."""
    wanted = dict.fromkeys(sizes)
    kept: set[tuple[str, int]] = set()
    for chunk in _chunks(sorted({commit for commit, _ in wanted})):
        statement = select(openings.c.commit, openings.c.size).where(
            openings.c.origin == origin, openings.c.commit.in_(chunk)
        )
        kept.update((commit, size) for commit, size in connection.execute(statement))
    return [commit for commit, size in wanted if (commit, size) not in kept]


def _chunks(commits: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(commits), _CHUNK):
        yield commits[start : start + _CHUNK]
