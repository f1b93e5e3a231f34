"""Workflows: deterministic waiting only; what is decided stands in lianxi/domain."""
