"""Metrics: scores from confusion counts, scores from probabilities, and the sweep's objective.

Pure NumPy, vectorised over leading axes (epochs, trials, bootstrap replicates). Nothing here knows
TensorFlow: the trainer counts in the graph, and what it counted is scored here.
"""
