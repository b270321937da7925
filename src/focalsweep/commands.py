"""What each command does with its parsed options; each returns an exit status.

Heavy packages are imported when a command needs them, so that help and errors come at once.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from focalsweep.config.compose import ComposedSweep

DEFAULT_SWEEP = "quickstart"


def sweep(options: argparse.Namespace) -> int:
    """Run a sweep, or one for each value of `vary`, and print what was found."""
    from rich.console import Console

    from focalsweep.carry_out import carry_out
    from focalsweep.config.compose import compose_variants
    from focalsweep.deadline import Deadline

    variants = compose_variants(
        options.config_name, options.overrides, config_dir=options.config_dir
    )
    if options.show_config:
        print("---\n".join(variant.yaml for variant in variants), end="")
        return 0
    if len(variants) > 1:
        _refuse_early(variants)
    console = Console(highlight=False)
    # Variants lie in folders of their own inside the sweep's, and share one store and one limit.
    runs = variants[0].run_dir.parents[0 if len(variants) == 1 else 1]
    deadline = Deadline(minutes=variants[0].config.minutes, started=options.started)
    results = {
        variant.run_dir: carry_out(
            variant,
            runs=runs,
            console=console,
            command=options.command,
            deadline=deadline.shared(len(variants) - done),
        )
        for done, variant in enumerate(variants)
    }
    if len(variants) > 1:
        from focalsweep.report.variants import (
            print_variants,
            write_variants,
            write_variants_page,
        )

        print_variants(console, results)
        print(f"Table: {write_variants(results)}")
        print(f"Page: {write_variants_page(results)}")
    return 0


def _refuse_early(variants: Sequence[ComposedSweep]) -> None:
    """Find what is wrong with any variant now, and not when those before it have trained."""
    from focalsweep import run_folder
    from focalsweep.identity.code import code_identity
    from focalsweep.prepare import prepare_composed

    for variant in variants:
        code = code_identity(variant.config)
        if run_folder.finished_by_other_code(variant, code=code) is None:
            ready, plan = prepare_composed(variant)
            run_folder.check(ready, data_sha256=plan.facts.sha256, code=code)


def inspect(options: argparse.Namespace) -> int:
    """Describe the data and the plan of a sweep, on the terminal and as a page."""
    from rich.console import Console

    from focalsweep.config.compose import compose_sweep
    from focalsweep.data.read_dataset import read_dataset
    from focalsweep.deadline import Deadline
    from focalsweep.prepare import prepare_composed

    composed = compose_sweep(options.config_name, options.overrides, config_dir=options.config_dir)
    # Before TensorFlow, so that what is wrong with the data shows at once.
    dataset = read_dataset(composed.config.dataset)
    composed, plan = prepare_composed(composed, dataset=dataset)
    from focalsweep.carry_out import start

    plan = start(plan)
    from focalsweep.inspection import inspect_plan
    from focalsweep.report.inspection_page import write_inspection
    from focalsweep.report.inspection_terminal import print_inspection, print_page
    from focalsweep.time_limit.schedule import schedule

    deadline = Deadline(minutes=composed.config.minutes, started=options.started)
    planned = schedule(plan, dataset, deadline=deadline, held=composed.typed)
    inspection = inspect_plan(
        planned, command=_sweep_command(options), timing=not options.no_timing
    )
    console = Console(highlight=False)
    print_inspection(console, inspection)
    name = f"inspect-{composed.config.dataset.name}.html"
    print_page(console, write_inspection(inspection, options.output or Path("runs") / name))
    return 0


def _sweep_command(options: argparse.Namespace) -> str:
    """Return the command that runs the sweep that is inspected."""
    command = ["focalsweep", "sweep"]
    if options.config_name != DEFAULT_SWEEP:
        command += ["--config-name", options.config_name]
    if options.config_dir is not None:
        command += ["--config-dir", str(options.config_dir)]
    return shlex.join([*command, *options.overrides])


def compare(options: argparse.Namespace) -> int:
    """Put finished sweeps into one table and one page."""
    from rich.console import Console

    from focalsweep.report.comparison_of_sweeps import (
        compare_sweeps,
        print_comparison,
        write_comparison,
    )
    from focalsweep.report.write import read_result

    comparison = compare_sweeps({folder: read_result(folder) for folder in options.folders})
    print_comparison(Console(highlight=False), comparison)
    print(f"Page: {write_comparison(comparison, options.output)}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write the model of a finished sweep as one portable file."""
    from focalsweep.bundle import SUFFIX, bundle_of, write_bundle
    from focalsweep.run_folder import CONFIG_FILE

    made = bundle_of(options.folder, options.arm)
    to = options.to or options.folder / f"{made.manifest.model.arm}{SUFFIX}"
    write_bundle(made, to, config=(options.folder / CONFIG_FILE).read_text(encoding="utf-8"))
    print(f"Model of {made.manifest.model.arm}: {to}")
    print(f"Predict: {shlex.join(['focalsweep', 'predict', str(to), 'DATA'])}")
    return 0


def predict(options: argparse.Namespace) -> int:
    """Predict the rows of a file with an exported model."""
    from focalsweep.bundle import predict as predict_rows
    from focalsweep.bundle import read_bundle
    from focalsweep.config.target import import_module_of_user
    from focalsweep.data.new_rows import read_new_rows
    from focalsweep.errors import UserError
    from focalsweep.report.write import write_text

    made = read_bundle(options.file)
    facts = made.manifest.model
    text = [name for name, kind in zip(facts.columns, facts.kinds, strict=True) if kind == "text"]
    rows = read_new_rows(options.data, delimiter=options.delimiter, text=[*text, *facts.written])
    made.conform(rows)  # before TensorFlow, so that what is wrong with the rows shows at once
    for module in options.imports:
        import_module_of_user(module, option="--import")
    from focalsweep.carry_out import import_tensorflow_quietly

    import_tensorflow_quietly()
    table = predict_rows(made, rows, proba=options.proba).to_csv(index=False)
    if options.to is None:
        print(table, end="")
        return 0
    try:
        write_text(options.to, table)
    except OSError as error:
        raise UserError(
            f"`{options.to}` cannot be written ({error.strerror}); choose another place with "
            "`--to FILE`."
        ) from None
    print(f"Predictions of {len(rows):,} rows by {facts.arm}: {options.to}")
    return 0


def validate_verdict(options: argparse.Namespace) -> int:
    """Measure how often verdicts on planted data are wrong."""
    from rich.console import Console

    from focalsweep.carry_out import import_tensorflow_quietly

    import_tensorflow_quietly()
    import optuna

    from focalsweep.audit.run import AuditSize, run_audit
    from focalsweep.audit.show import print_audit

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    size = AuditSize(
        null_sweeps=options.null_sweeps,
        sweeps_a_case=options.sweeps,
        truth_seeds=options.truth_seeds,
        fresh_rows=options.fresh_rows,
    )
    console = Console(highlight=False)
    audit = run_audit(options.output, size=size, jobs=options.jobs, console=console)
    print_audit(console, audit)
    return 0


def track(options: argparse.Namespace) -> int:
    """Mirror a finished run folder to MLflow; return 1 when that fails."""
    from rich.console import Console

    from focalsweep.carry_out import mirror
    from focalsweep.config.record import load_config
    from focalsweep.report.write import read_result
    from focalsweep.tracking.mirror import MlflowTracker
    from focalsweep.tracking.store import default_uri

    folder = options.folder.absolute()
    read_result(folder)
    config = load_config(folder / "config.yaml")
    uri = options.uri or config.tracking.uri or default_uri(folder.parent)
    tracker = MlflowTracker(
        uri=uri,
        trials=config.tracking.trials,
        register_as=options.register or config.tracking.register_as,
    )
    tracked = mirror(tracker, folder, Console(highlight=False))
    return 0 if tracked else 1


def ui(options: argparse.Namespace) -> int:
    """Serve MLflow's pages until they are stopped."""
    from focalsweep.tracking.store import default_uri
    from focalsweep.tracking.ui import open_ui

    return open_ui(options.uri or default_uri(Path("runs").absolute()), port=options.port)
