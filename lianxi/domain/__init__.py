"""Functional core: rules of docs/event-model.md as pure functions over frozen data; stdlib and pydantic only."""
