"""Notices: from an outbox row to a letter, and the channels that carry it (adapter layer)."""
