"""Schema versions: fresh, present, older, newer; and the migrations make what the tables say."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from lianxi.store import schema
from lianxi.store.faults import SchemaNewerError
from lianxi.store.store import Store, open_store
from lianxi.store.tables import metadata
from tests.store.contract import record
from tests.store.scenario import whole_life


def test_migrations_make_the_tables_of_the_code(store: Store) -> None:
    """Every table and index as `tables.py` says, STRICT, nothing else."""
    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    assert _ddl(store.engine) == _ddl(fresh)
    assert all("STRICT" in sql for name, sql in _ddl(fresh).items() if name in metadata.tables)
    fresh.dispose()


def test_the_head_is_the_newest_migration() -> None:
    """The constant that starts go by names the last version."""
    from alembic.script import ScriptDirectory

    heads = ScriptDirectory.from_config(schema._config()).get_heads()
    assert heads == [schema.HEAD]


def test_opening_again_keeps_everything(store: Store, url: str, evidence: Path) -> None:
    """A second opening finds the trail, and makes no backup."""
    scenario = whole_life()
    record(store, scenario)
    with open_store(url, evidence, writable=True) as again:
        assert again.backup is None
        assert again.trail.event_at(scenario.origin, "conference", 1) is not None


@pytest.mark.parametrize("writable", [True, False])
def test_a_newer_schema_is_refused(
    store: Store, url: str, evidence: Path, tmp_path: Path, *, writable: bool
) -> None:
    """By name, untouched."""
    record(store, whole_life())
    store.close()
    _set_version(tmp_path, "9999")
    with pytest.raises(SchemaNewerError, match="9999"):
        open_store(url, evidence, writable=writable)


def _set_version(tmp_path: Path, version: str) -> None:
    database = sqlite3.connect(tmp_path / "trail" / "trail.db")
    with database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    database.close()


def _ddl(engine: Engine) -> dict[str, str]:
    """What SQLite keeps of each table and index, blanks aside."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
        made = {name: " ".join(sql.split()) for name, sql in rows}
    return {
        name: sql
        for name, sql in made.items()
        if not name.startswith("sqlite_") and name != "alembic_version"
    }
