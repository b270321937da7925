"""One composed sweep from the data to the report: what the command line and Python share.

Heavy packages are imported when they are needed, so that what is wrong with the data shows at once.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from focalsweep.config.compose import ComposedSweep
    from focalsweep.config.schema import SweepConfig
    from focalsweep.data.dataset import Dataset
    from focalsweep.deadline import Deadline
    from focalsweep.evidence.result import SweepResult
    from focalsweep.prepare import Plan
    from focalsweep.search.tracker import Tracker
    from focalsweep.time_limit.schedule import Schedule


def carry_out(
    composed: ComposedSweep,
    *,
    runs: Path,
    console: Console,
    command: str,
    deadline: Deadline,
    dataset: Dataset | None = None,
    show_result: bool = True,
) -> SweepResult:
    """Run one sweep and write its folder, or read what a finished one found.

    Parameters
    ----------
    composed : ComposedSweep
        The checked config and the run folder.
    runs : Path
        The folder beside whose run folders MLflow's file lies.
    console : Console
        Where everything shows.
    command : str
        What the user typed, for the record.
    deadline : Deadline
        Of the command, with the config's `minutes` or this sweep's share of them.
    dataset : Dataset, optional
        The rows where the caller holds them; read as the config says otherwise.
    show_result : bool, default True
        Whether the result is printed at the end.

    Raises
    ------
    UserError
        When data, config or run folder cannot be used, or `minutes` are too few; nothing is
        written then.
    """
    from focalsweep import run_folder
    from focalsweep.config.record import RESULT_FILE
    from focalsweep.data.read_dataset import read_dataset
    from focalsweep.identity.code import code_identity
    from focalsweep.prepare import prepare_composed
    from focalsweep.report.terminal import print_data_summary, print_result
    from focalsweep.report.write import read_result, write_outputs, write_text
    from focalsweep.search.task import with_arms_for
    from focalsweep.stopwatch import Stopwatch

    stopwatch = Stopwatch()
    # First, so that a store that cannot be one is refused before anything is printed.
    tracker = _tracker(composed.config, runs=runs)
    code = code_identity(composed.config)
    plan = planned = None
    if note := run_folder.finished_by_other_code(composed, code=code):
        # Code as it is now may read other data, or none: what was found stands without them.
        console.print(note, soft_wrap=True, markup=False)
        composed, _ = with_arms_for(composed, read_result(composed.run_dir).task)
    else:
        with stopwatch.phase("data"):
            if dataset is None:
                dataset = read_dataset(composed.config.dataset)
            composed, plan = prepare_composed(composed, dataset=dataset)
        run_folder.check(composed, data_sha256=plan.facts.sha256, code=code)
        print_data_summary(console, plan.facts, smallest_per_fold=plan.smallest_per_fold)
        with stopwatch.phase("start"):
            planned = _schedule(plan, dataset, composed=composed, deadline=deadline)
        for message in planned.messages if planned else plan.messages:
            console.print(message, markup=False)
    if planned is not None:
        console.print(planned.plan.prior_sentence, markup=False)
    sha256 = None if plan is None else plan.facts.sha256
    with run_folder.opened(composed, data_sha256=sha256, code=code) as folder:
        if planned is None:
            console.print("This sweep is finished; what follows is its stored result.")
            result = read_result(folder)
        else:
            from focalsweep.run_sweep import run_sweep

            run_folder.begin(folder, planned.carried_out)
            result, trials = run_sweep(
                planned,
                folder,
                console=console,
                command=command,
                stopwatch=stopwatch,
                tracker=tracker,
            )
            with stopwatch.phase("report"):
                write_outputs(result, trials, folder)
        if show_result:
            ui = _ui_command(composed.config, runs=runs)
            print_result(console, result, folder, ui=ui)
        if "tracking" not in result.seconds:
            seconds = {**stopwatch.seconds, **result.seconds}
            with stopwatch.phase("tracking"):
                tracked = _mirror_in_time(tracker, folder, console, deadline=deadline)
            if tracked:
                seconds["tracking"] = stopwatch.seconds["tracking"]
            result = result.model_copy(update={"seconds": seconds})
            write_text(folder / RESULT_FILE, result.model_dump_json(indent=2) + "\n")
    return result


def _schedule(
    plan: Plan,
    dataset: Dataset,
    *,
    composed: ComposedSweep,
    deadline: Deadline,
) -> Schedule | None:
    """Choose what is carried out; None where what is stored is all that can be had."""
    from focalsweep import run_folder
    from focalsweep.config.record import RESULT_FILE
    from focalsweep.config.scale import exceeds
    from focalsweep.errors import UserError
    from focalsweep.report.write import read_result

    path = composed.run_dir
    begun = run_folder.begun(path)
    stored = read_result(path).budget if (path / RESULT_FILE).exists() else None
    if stored is not None and begun not in (None, stored.carried_out):
        stored = None  # a command with more time has begun to do more since
    if stored is not None:
        if not stored.again or stored.minutes == deadline.given:
            return None
        begun = None
    plan = start(plan)
    from focalsweep.time_limit.schedule import schedule

    try:
        planned = schedule(plan, dataset, deadline=deadline, held=composed.typed, begun=begun)
    except UserError:
        if stored is None:
            raise
        return None  # less time than it had: nothing to add
    if stored is None or stored.carried_out is None:
        return planned
    return planned if exceeds(planned.carried_out, stored.carried_out) else None


def start(plan: Plan) -> Plan:
    """Import what takes seconds, give the model codes where it reads such, and check it."""
    import_tensorflow_quietly()
    import optuna

    from focalsweep.procedure import check_model, with_codes

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ready = with_codes(plan)
    check_model(ready)
    return ready


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


def _mirror_in_time(
    tracker: Tracker, folder: Path, console: Console, *, deadline: Deadline
) -> bool:
    """Mirror while there is time; a server that does not answer holds nothing up."""
    if deadline.minutes is None:
        return mirror(tracker, folder, console)
    tracked: list[bool] = []
    # Ends with the process: what it leaves half done, the next mirror removes.
    work = Thread(target=lambda: tracked.append(mirror(tracker, folder, console)), daemon=True)
    if deadline.left() > 0:
        work.start()
        work.join(deadline.left())
    if not tracked:
        console.print(
            "Time is up before MLflow has its copy: "
            f"`focalsweep track {shlex.quote(str(folder))}` makes it.",
            markup=False,
            soft_wrap=True,
        )
    return tracked == [True]


def mirror(tracker: Tracker, folder: Path, console: Console) -> bool:
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


def import_tensorflow_quietly() -> None:
    """Import TensorFlow without the lines that its C++ side prints about missing GPUs.

    They go to file descriptor 2 before any log level is read. What is printed is shown when the
    import fails.
    """
    import tempfile

    if "tensorflow" in sys.modules:
        return
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
