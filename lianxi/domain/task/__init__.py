"""A task and its assignments: commands, events, state, and the rules between them (domain layer)."""
