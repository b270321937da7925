"""Model builders: plain functions from (features, classes) to a Keras model that returns logits."""
