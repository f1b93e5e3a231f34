"""What alembic runs: migrate on the connection that `lianxi.store.schema` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
