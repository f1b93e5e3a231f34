"""Lianxi (联席): tasks of a joint conference as durable, provable workflows."""

__version__ = "0.1.0"
