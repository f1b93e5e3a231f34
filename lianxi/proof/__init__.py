"""What makes the trail provable: canonical bytes, hashes, signatures; pure (proof layer)."""
