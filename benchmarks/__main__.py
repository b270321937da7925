"""Run the benchmark and print it: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import os
from importlib.resources import as_file, files

from rich.console import Console

from benchmarks.problem import FIXED_POINTS, load_folds
from benchmarks.table import Side, speed_table

SEED = 0


def main() -> None:
    """Time the hand-written loops and ours on this machine, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "--trials",
        type=int,
        default=len(FIXED_POINTS),
        help="trials of each hand-written loop (25 s each, 17 s when tuned; default %(default)s)",
    )
    arguments = parser.parse_args()
    # Read when the baseline's module imports TensorFlow and MLflow.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    import optuna

    from benchmarks.baseline import run_baseline

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with as_file(files("focalsweep") / "data" / "bundled" / "page-blocks.csv") as path:
        folds = load_folds(path, seed=SEED)
    console = Console()
    sides = []
    for name, tuned in (("hand-written", False), ("hand-written, tuned", True)):
        console.print(f"{name}: {arguments.trials} trials ...")
        run = run_baseline(
            folds, trials=arguments.trials, tuned=tuned, first=FIXED_POINTS, seed=SEED
        )
        sides.append(Side(name=name, trials=len(run.scores), seconds=run.seconds))
    console.print(speed_table(sides, ours=None))


if __name__ == "__main__":
    main()
