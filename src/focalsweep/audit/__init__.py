"""The verdict's own error rate: whole sweeps on planted data, held against a computed truth."""
