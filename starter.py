"""The convener's entry."""
