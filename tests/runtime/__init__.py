"""Tests of the embedded set: real processes and server, fake worker and gateway."""
