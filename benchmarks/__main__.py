"""Run the benchmark and print it: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from importlib.resources import as_file, files

from rich.console import Console

from benchmarks.cnn import print_cnn
from benchmarks.losses import print_losses
from benchmarks.problem import FIXED_POINTS, load_folds
from benchmarks.table import Side, agreement_table, scaling_table, speed_table

SEED = 0
SEEDS = range(10)
CNN_TRIALS, SIDES = 12, (8, 28)
"""What is timed of the convolutional model where nothing else is asked for."""


def main() -> None:
    """Time sweeps against hand-written loops, a convolutional model, and the losses."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "--trials",
        type=int,
        default=len(FIXED_POINTS),
        help="trials of each hand-written loop (25 s each, 17 s when tuned; default %(default)s)",
    )
    parser.add_argument(
        "--sweeps",
        type=int,
        nargs="+",
        default=[2, 6, 16],
        help="trials an arm and outer fold of our sweeps; the last one is compared with the loops",
    )
    parser.add_argument(
        "--cnn",
        type=int,
        metavar="TRIALS",
        help="time a small convolutional model with so many trials, and nothing else",
    )
    parser.add_argument(
        "--side", type=int, default=8, metavar="PIXELS", help="of its images; default: 8"
    )
    parser.add_argument(
        "--losses",
        action="store_true",
        help="time the Keras losses against Keras's own and cross-entropy, and nothing else",
    )
    arguments = parser.parse_args()
    # Read when the baseline's module imports TensorFlow and MLflow.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    console = Console()
    if arguments.cnn:
        print_cnn(console, trials=arguments.cnn, side=arguments.side)
        return
    if arguments.losses:
        print_losses(console)
        return
    time_sweeps(console, trials=arguments.trials, sizes=arguments.sweeps)
    for side in SIDES:
        print_cnn(console, trials=CNN_TRIALS, side=side)
    print_losses(console)


def time_sweeps(console: Console, *, trials: int, sizes: Sequence[int]) -> None:
    """Time the hand-written loops and ours on this machine, one after the other."""
    # Ours first: its processes end before the loops start in this one.
    from benchmarks.ours import run_sweep, score_points

    sweeps = []
    for size in sizes:
        console.print(f"focalsweep: 7 arms x 6 searches x {size} trials ...")
        sweeps.append(run_sweep(trials=size, seed=SEED))
    console.print(scaling_table(sweeps))
    import optuna

    from benchmarks.baseline import run_baseline

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with as_file(files("focalsweep") / "data" / "bundled" / "page-blocks.csv") as path:
        folds = load_folds(path, seed=SEED)
    loops = []
    names = ("hand-written", "hand-written, tuned")
    for seed, name in enumerate(names):
        console.print(f"{name}: {trials} trials ...")
        # Other seeds: together they show how much a point's score is worth.
        run = run_baseline(folds, trials=trials, tuned=seed == 1, first=FIXED_POINTS, seed=seed)
        loops.append(run)
    sides = [
        Side(name=name, trials=len(loop.scores), seconds=loop.seconds)
        for name, loop in zip(names, loops, strict=True)
    ]
    ours = Side(name="focalsweep", trials=sweeps[-1].trials, seconds=sweeps[-1].seconds)
    console.print(speed_table(sides, ours=ours))
    compared = min(trials, len(FIXED_POINTS))
    scores = score_points(folds, FIXED_POINTS[:compared], seeds=SEEDS)
    theirs = list(zip(*(loop.scores[:compared] for loop in loops), strict=True))
    console.print(agreement_table(theirs, scores.tolist()))


if __name__ == "__main__":
    main()
