"""The demo year's pure parts, and its script on the pure streams."""
