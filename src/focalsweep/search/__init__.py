"""Search: arms propose points, rounds train them, studies remember them.

`folds` lays out who trains on what, `arm` turns numbers into losses, `studies` keeps one Optuna
study an arm and outer fold, `chunk_store` keeps what was trained, and `rounds` is the loop.
"""
