"""The command line: ``sweep``, ``inspect``, ``compare``, ``export``, ``predict``, ``track``, ...

Here are their names, options and help; what each does is in `focalsweep.commands`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from focalsweep import commands
from focalsweep.commands import DEFAULT_SWEEP
from focalsweep.errors import UserError
from focalsweep.interrupt import ending_at_once

USER_ERROR = 2
STOPPED = "focalsweep: stopped; the same command goes on from here."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for bad input, 130 after ctrl-C."""
    started = time.monotonic()
    options = _parse(arguments)
    options.started = started
    try:
        with ending_at_once(STOPPED):
            return int(options.run(options))
    except UserError as error:
        print(f"focalsweep: {error}", file=sys.stderr)
        return USER_ERROR


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse, letting overrides stand before, between and after options."""
    parser = _parser()
    given = sys.argv[1:] if arguments is None else list(arguments)
    options, rest = parser.parse_known_args(given)
    options.command = shlex.join(["focalsweep", *given])
    if rest and ("overrides" not in options or any(text.startswith("-") for text in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        options.overrides += rest
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="focalsweep",
        description="Which loss to train with on imbalanced data, with which alpha and gamma, and "
        "how sure that is.",
    )
    names = parser.add_subparsers(required=True, metavar="COMMAND")
    sweep = names.add_parser(
        "sweep",
        help="run a sweep and print its verdict",
        description="Run a sweep: search every arm, refit, compare, and print the verdict. The "
        "same command goes on where a stopped sweep ended.",
        epilog="Examples: focalsweep sweep; focalsweep sweep dataset=csv dataset.path=my.csv "
        "dataset.target=label trials=30; focalsweep sweep --config-name imbalance_ratio",
    )
    _add_config_options(sweep)
    sweep.add_argument(
        "--show-config", action="store_true", help="print the composed config and do nothing"
    )
    sweep.set_defaults(run=commands.sweep)
    inspect = names.add_parser(
        "inspect",
        help="describe the data and what a sweep on it would cost, without training",
        description="Read the data and plan the sweep, then print and write as a page: classes, "
        "columns and how each is treated, what limits any loss, how scores would be made, time "
        "and memory here, and the smallest difference that the sweep could see. Trains nothing.",
        epilog="Example: focalsweep inspect dataset=csv dataset.path=my.csv dataset.target=label",
    )
    _add_config_options(inspect)
    inspect.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where the page goes (default: runs/inspect-NAME.html, NAME being the dataset's)",
    )
    inspect.add_argument(
        "--no-timing", action="store_true", help="do not time any steps; saves some seconds"
    )
    inspect.set_defaults(run=commands.inspect)
    compare = names.add_parser(
        "compare",
        help="put several finished sweeps side by side",
        description="Put finished sweeps (datasets, seeds, models) into one table and one page, "
        "with ranks and differences.",
    )
    compare.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="run folders with result.json"
    )
    compare.add_argument(
        "--output",
        type=Path,
        default=Path("runs/compare.html"),
        metavar="FILE",
        help="where the page goes (default: %(default)s)",
    )
    compare.set_defaults(run=commands.compare)
    export = names.add_parser(
        "export",
        help="write the model of a finished sweep as one portable file",
        description="Write one file that predicts anywhere: loss point, decision weights, "
        "preprocessing, Keras model, hash of the data, versions. `focalsweep predict` reads it.",
        epilog="Example: focalsweep export runs/quickstart-csv-1a2b3c4d --to model.focalsweep",
    )
    export.add_argument("folder", type=Path, metavar="RUN", help="a run folder with result.json")
    export.add_argument(
        "--to", type=Path, metavar="FILE", help="default: RUN/ARM.focalsweep, ARM being the arm's"
    )
    export.add_argument("--arm", metavar="ARM", help="default: the verdict's")
    export.set_defaults(run=commands.export)
    predict = names.add_parser(
        "predict",
        help="predict new rows with an exported model",
        description="Predict the rows of a CSV, TSV or Parquet file, in their order: the class, "
        "or 0 and 1 a label, by the sweep's decision weights or thresholds.",
        epilog="Example: focalsweep predict model.focalsweep new.csv --to predictions.csv --proba",
    )
    predict.add_argument("file", type=Path, metavar="FILE", help="from `focalsweep export`")
    predict.add_argument("data", type=Path, metavar="DATA", help="rows with the model's columns")
    predict.add_argument(
        "--to", type=Path, metavar="OUT.csv", help="where predictions go (default: the terminal)"
    )
    predict.add_argument(
        "--proba", action="store_true", help="add a column proba_NAME for every class or label"
    )
    predict.add_argument(
        "--delimiter",
        metavar="CHAR",
        help="one character, or comma, semicolon, tab, pipe, space (default: as the name says)",
    )
    predict.add_argument(
        "--import",
        dest="imports",
        action="append",
        default=[],
        metavar="MODULE",
        help="import a module first: one with Keras layers of your own",
    )
    predict.set_defaults(run=commands.predict)
    track = names.add_parser(
        "track",
        help="mirror a finished sweep to MLflow",
        description="Mirror a finished run folder to MLflow, again or for the first time.",
    )
    track.add_argument("folder", type=Path, metavar="DIR", help="a run folder with result.json")
    track.add_argument("--uri", help="MLflow store (default: the one in the folder's config)")
    track.add_argument(
        "--register",
        metavar="NAME",
        help="make the verdict's model a version of this registered model",
    )
    track.set_defaults(run=commands.track)
    ui = names.add_parser(
        "ui", help="serve the MLflow UI", description="Serve the MLflow UI on 127.0.0.1."
    )
    ui.add_argument("--uri", help="MLflow database (default: runs/mlflow.db here)")
    ui.add_argument("--port", type=int, default=5000, help="default: 5000")
    ui.set_defaults(run=commands.ui)
    audit = names.add_parser(
        "validate-verdict",
        help="measure how often the verdict itself is wrong",
        description="Run sweeps on planted data whose truth is computed, and print how often "
        "verdicts claim out of nothing, what they see and what following them costs. The same "
        "command goes on where a stopped one ended.",
    )
    audit.add_argument("--null-sweeps", type=int, default=200, help="default: %(default)s")
    audit.add_argument("--sweeps", type=int, default=20, help="a case (default: %(default)s)")
    audit.add_argument("--truth-seeds", type=int, default=20, help="default: %(default)s")
    audit.add_argument("--fresh-rows", type=int, default=100_000, help="default: %(default)s")
    audit.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        help="worker processes; the figures do not depend on it (default: %(default)s)",
    )
    audit.add_argument(
        "--output",
        type=Path,
        default=Path("runs/validate-verdict"),
        metavar="DIR",
        help="gets the tables (default: %(default)s)",
    )
    audit.set_defaults(run=commands.validate_verdict)
    return parser


def _add_config_options(command: argparse.ArgumentParser) -> None:
    """Add what names a sweep: its file, a folder of the user's own, overrides."""
    command.add_argument(
        "--config-name",
        default=DEFAULT_SWEEP,
        metavar="SWEEP",
        help=f"a file of sweeps/ (default: {DEFAULT_SWEEP})",
    )
    command.add_argument(
        "--config-dir", type=Path, metavar="DIR", help="a folder of your own configs and sweeps"
    )
    command.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides of the config"
    )


if __name__ == "__main__":
    sys.exit(main())
