"""The demo year: a scripted year of the sample conference, lived through by time skipping."""
