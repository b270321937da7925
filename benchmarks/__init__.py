"""Measure focalsweep against the loop that a user would write today: `make bench`."""
