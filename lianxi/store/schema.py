"""The schema's version: made, upgraded behind a backup, refused when newer (store layer, shell).

Opening a trail of the present version costs one query; alembic is imported only to change one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from lianxi.store.dialect import copy_database
from lianxi.store.faults import SchemaNewerError, SchemaOlderError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003"
"""The schema version of this release: the newest module under `migrations/versions`."""

READ_TABLES_SINCE = "0002"
"""The version since which the read tables are what they are: older ones are made again from events."""

_SCRIPTS = Path(__file__).parent / "migrations"


def current_version(connection: Connection) -> str | None:
    """The schema version of a database; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def check_version(engine: Engine) -> None:
    """Whether a reader of this release may read; SchemaNewerError, SchemaOlderError."""
    with engine.connect() as connection:
        version = current_version(connection)
    if version == HEAD:
        return
    if version is None or _is_known(version):
        raise SchemaOlderError(f"the trail has schema {version or 'none'}, wanted is {HEAD}")
    raise SchemaNewerError(f"the trail has schema {version}, this release knows {HEAD}")


def upgrade(engine: Engine, path: Path | None) -> Path | None:
    """Bring a database to this release's schema; answers where the backup lies, if one was made.

    A fresh database is made, an older one copied to `<file>.before-<version>` first (SQLite; a
    server's operator backs up with the server's own tools). Raises SchemaNewerError.
    """
    with engine.connect() as connection:
        version = current_version(connection)
    if version == HEAD:
        return None
    if version is not None and not _is_known(version):
        raise SchemaNewerError(f"the trail has schema {version}, this release knows {HEAD}")
    backup = None
    if version is not None and path is not None:
        backup = path.with_name(f"{path.name}.before-{HEAD}")
        copy_database(path, backup)
    from alembic import command

    # one transaction: on SQLite the lock also keeps a second starter out
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if version is not None and version < READ_TABLES_SINCE:
            from lianxi.store.rebuilding import rebuild_read_tables

            rebuild_read_tables(connection)
    return backup


def _is_known(version: str) -> bool:
    from alembic.script import ScriptDirectory

    return version in {
        script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    }


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # a path may hold %, which the parser behind this would read
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
