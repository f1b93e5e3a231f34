"""The trail on SQLAlchemy Core: append, read tables, outbox, openings, verification (shell)."""
