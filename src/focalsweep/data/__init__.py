"""From a source to arrays: datasets, rare classes, imbalance profiles, splits, preprocessing.

Every source (`bundled_sets`, `digits`, `synthetic`, `table`) returns one `dataset.Dataset` with
raw columns; `rare_classes` decides what happens to classes too small to evaluate; `splits` and
`profile` work on row numbers; `preprocessing` is fitted on training rows only, once a fold.
"""
