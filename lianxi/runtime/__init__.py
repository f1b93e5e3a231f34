"""Shell, the embedded set: Temporal server, worker and gateway on one machine under one supervisor.

Imported by `lianxi.cli` alone, inside the commands that need it (up, down, status, doctor, demo,
backup, restore). It starts worker and gateway as processes and knows them by their argv only; it
never imports them.
"""
