"""Tampering with every event of a trail, and whether verification names it: `python -m tools.tamper`."""
