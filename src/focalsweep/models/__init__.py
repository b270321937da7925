"""Model builders: plain functions from (features, classes) to a Keras model that returns logits."""

SAVED = {"CosineHead": f"{__name__}.cosine_head"}
"""The module of each class that stands in saved models, by its name."""
