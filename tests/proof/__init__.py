"""Tests of the proof layer."""
