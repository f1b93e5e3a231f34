"""Tests of notices: rendering, outcomes, the channels and their contract."""
