"""Functional core: the rules as pure functions over frozen data; stdlib and pydantic only."""
