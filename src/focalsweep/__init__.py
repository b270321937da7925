"""focalsweep: which loss to train with on imbalanced data, by evidence at equal budget."""
