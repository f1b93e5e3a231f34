"""How each command is decided, by subject; `lianxi.domain.task.decide` is the door (domain layer)."""
