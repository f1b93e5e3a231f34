"""The command line: a thin client of the gateway (docs/cli.md). Importing it imports nothing."""
