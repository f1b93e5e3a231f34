"""This machine's own set: the only commands that import lianxi.runtime, each inside (cli layer)."""
