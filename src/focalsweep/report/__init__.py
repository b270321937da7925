"""Turn a sweep's result into things to read: tables, plots, a page, the terminal's last words.

Everything here is a function of `SweepResult` and the trials table alone, so that a report can be
written again from `result.json` and `trials.csv` long after the sweep.
"""
