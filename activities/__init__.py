"""Activities: what workflows have done in the world outside, through injected ports."""
