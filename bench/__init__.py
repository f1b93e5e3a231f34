"""`python -m bench` (`make bench`): how fast the whole is, as ratios taken within one run (docs/bench.md)."""
