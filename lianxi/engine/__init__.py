"""Temporal behind a small interface: connect, found, submit, start; the only client of it."""
