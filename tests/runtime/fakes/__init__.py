"""Programs that stand in for worker and gateway, run as scripts."""
