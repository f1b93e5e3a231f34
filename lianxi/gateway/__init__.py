"""The only door for units: HTTP in front of engine and store (gateway layer; docs/gateway.md)."""
