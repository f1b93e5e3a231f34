"""Schema versions of the trail, run by `lianxi.store.schema` through alembic."""
