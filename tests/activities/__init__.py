"""Tests of activities with hand-written fakes, without a server."""
