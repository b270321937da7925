"""Which code a sweep runs: what a run folder keeps, so that no other code goes on in it."""
