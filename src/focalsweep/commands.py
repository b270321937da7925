"""What each command does with its parsed options; each returns an exit status.

Heavy packages are imported when a command needs them, so that help and errors come at once.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from focalsweep.config.compose import ComposedSweep
    from focalsweep.config.schema import SweepConfig
    from focalsweep.evidence.result import SweepResult
    from focalsweep.prepare import Plan
    from focalsweep.search.tracker import Tracker

DEFAULT_SWEEP = "quickstart"


def sweep(options: argparse.Namespace) -> int:
    """Run a sweep, or one for each value of `vary`, and print what was found."""
    from rich.console import Console

    from focalsweep.config.compose import compose_variants

    variants = compose_variants(
        options.config_name, options.overrides, config_dir=options.config_dir
    )
    if options.show_config:
        print("---\n".join(variant.yaml for variant in variants), end="")
        return 0
    if len(variants) > 1:
        _refuse_early(variants)
    console = Console(highlight=False)
    # Variants lie in folders of their own inside the sweep's, and share one store.
    runs = variants[0].run_dir.parents[0 if len(variants) == 1 else 1]
    results = {
        variant.run_dir: _run_one(variant, runs=runs, console=console, command=options.command)
        for variant in variants
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
    from focalsweep.prepare import prepare

    for variant in variants:
        run_folder.check(variant, data_sha256=prepare(variant.config).facts.sha256)


def _run_one(composed: ComposedSweep, *, runs: Path, console: Console, command: str) -> SweepResult:
    from focalsweep import run_folder
    from focalsweep.prepare import prepare
    from focalsweep.report.terminal import print_data_summary, print_result
    from focalsweep.report.write import RESULT_FILE, read_result, write_outputs, write_text
    from focalsweep.stopwatch import Stopwatch

    stopwatch = Stopwatch()
    with stopwatch.phase("data"):
        plan = prepare(composed.config)
    run_folder.check(composed, data_sha256=plan.facts.sha256)
    tracker = _tracker(composed.config, runs=runs)
    print_data_summary(console, plan.facts, smallest_per_fold=plan.smallest_per_fold)
    for message in plan.messages:
        console.print(message, markup=False)
    if not (composed.run_dir / RESULT_FILE).exists():
        console.print(plan.prior_sentence, markup=False)
        with stopwatch.phase("start"):
            _start(plan)
    with run_folder.opened(composed, data_sha256=plan.facts.sha256) as folder:
        if (folder / RESULT_FILE).exists():
            console.print("This sweep is finished; what follows is its stored result.")
            result = read_result(folder)
        else:
            from focalsweep.sweep import run_sweep

            result, trials = run_sweep(
                plan,
                folder,
                console=console,
                command=command,
                stopwatch=stopwatch,
                tracker=tracker,
            )
            with stopwatch.phase("report"):
                write_outputs(result, trials, folder)
        if "tracking" not in result.seconds:
            seconds = {**stopwatch.seconds, **result.seconds}
            with stopwatch.phase("tracking"):
                tracked = _mirror(tracker, folder, console)
            if tracked:
                seconds["tracking"] = stopwatch.seconds["tracking"]
            result = result.model_copy(update={"seconds": seconds})
            write_text(folder / RESULT_FILE, result.model_dump_json(indent=2) + "\n")
        ui = _ui_command(composed.config, runs=runs)
        print_result(console, result, folder, ui=ui)
    return result


def _start(plan: Plan) -> None:
    """Import what takes seconds, and refuse a model that cannot be built."""
    _import_tensorflow_quietly()
    import optuna

    from focalsweep.procedure import check_model

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    check_model(plan)


def inspect(options: argparse.Namespace) -> int:
    """Describe the data and the plan of a sweep, on the terminal and as a page."""
    from rich.console import Console

    from focalsweep.config.compose import compose_sweep
    from focalsweep.prepare import prepare

    composed = compose_sweep(options.config_name, options.overrides, config_dir=options.config_dir)
    # Before TensorFlow, so that what is wrong with the data shows at once.
    plan = prepare(composed.config)
    _import_tensorflow_quietly()
    from focalsweep.inspection import inspect_plan
    from focalsweep.report.inspection_page import write_inspection
    from focalsweep.report.inspection_terminal import print_inspection, print_page

    inspection = inspect_plan(plan, command=_sweep_command(options), timing=not options.no_timing)
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


def validate_verdict(options: argparse.Namespace) -> int:
    """Measure how often verdicts on planted data are wrong."""
    from rich.console import Console

    _import_tensorflow_quietly()
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
    tracked = _mirror(tracker, folder, Console(highlight=False))
    return 0 if tracked else 1


def ui(options: argparse.Namespace) -> int:
    """Serve MLflow's pages until they are stopped."""
    from focalsweep.tracking.store import default_uri
    from focalsweep.tracking.ui import open_ui

    return open_ui(options.uri or default_uri(Path("runs").absolute()), port=options.port)


def _tracker(config: SweepConfig, *, runs: Path) -> Tracker:
    from focalsweep.search.tracker import NoTracking

    if config.tracking.kind == "none":
        return NoTracking()
    from focalsweep.tracking.mirror import MlflowTracker
    from focalsweep.tracking.store import default_uri

    return MlflowTracker(
        uri=config.tracking.uri or default_uri(runs),
        trials=config.tracking.trials,
        models=config.tracking.models,
        register_as=config.tracking.register_as,
    )


def _mirror(tracker: Tracker, folder: Path, console: Console) -> bool:
    """Mirror a run folder and tell whether it was; nothing is lost by a failure."""
    from focalsweep.search.tracker import TrackingError

    try:
        summary = tracker.mirror(folder)
    except TrackingError as error:
        console.print(f"Warning: {error}", style="yellow", soft_wrap=True, markup=False)
        return False
    if summary is None:
        return False
    console.print(
        f"Tracked {summary.runs} runs in MLflow experiment `{summary.experiment}` "
        f"({summary.seconds:.1f} s)."
    )
    if summary.registered is not None:
        console.print(summary.registered, markup=False, soft_wrap=True)
    return True


def _ui_command(config: SweepConfig, *, runs: Path) -> str | None:
    if config.tracking.kind == "none":
        return None
    if config.tracking.uri is not None:
        return f"focalsweep ui --uri {shlex.quote(config.tracking.uri)}"
    if runs == Path("runs").absolute():
        return "make ui  (or: focalsweep ui)"
    from focalsweep.tracking.store import default_uri

    return f"focalsweep ui --uri {shlex.quote(default_uri(runs))}"


def _import_tensorflow_quietly() -> None:
    """Import TensorFlow without the lines that its C++ side prints about missing GPUs.

    They go to file descriptor 2 before any log level is read. What is printed is shown when the
    import fails.
    """
    import tempfile

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except BaseException:
            noise.seek(0)
            os.write(kept, noise.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
