"""Mirror a finished run folder to MLflow; the only layer that imports mlflow, and only when called.

The run folder stays the source of truth: what is here can be written again from it at any time.
"""
