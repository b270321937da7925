"""A sweep from Python: arrays or a DataFrame in, an `Outcome` out, by the command line's path."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time as clock
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

import optuna
import pandas as pd
from rich.console import Console

from focalsweep.carry_out import carry_out
from focalsweep.config.compose import compose_sweep
from focalsweep.config.overrides import RUN_DIR, quoted
from focalsweep.data.callable import dataset_of_returned
from focalsweep.data.dataset import Dataset
from focalsweep.data.written import written_by_user
from focalsweep.deadline import Deadline
from focalsweep.errors import InputError, UserError
from focalsweep.outcome import Outcome
from focalsweep.report.write import read_result

ORIGIN = "focalsweep.sweep"
_GIVEN = "focalsweep.data.given.given_from_python"


def sweep(
    X: Any,
    y: Any,
    *,
    arms: Sequence[str] | None = None,
    trials: int | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    evaluation: Literal["nested", "holdout", "quick"] | str | None = None,
    objective: str | None = None,
    seed: int | None = None,
    groups: Any = None,
    time: Any = None,
    split: Any = None,
    weights: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    multi_label: bool | None = None,
    layout: Literal["images", "sequences"] | None = None,
    decimal: Literal[".", ","] | None = None,
    day_first: bool | None = None,
    missing: Sequence[str | float] = (),
    model: str | Callable[..., Any] | Mapping[str, Any] | None = None,
    optimizer: str | None = None,
    sampler: str | None = None,
    pruner: str | None = None,
    config: str | None = None,
    config_dir: str | Path | None = None,
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
    progress: bool = True,
    tracking: str = "none",
    name: str = "python",
) -> Outcome:
    """Find out which loss to train with on your rows, and how sure that is.

    Everything that is None is as the sweep `config` has it.

    Parameters
    ----------
    X : DataFrame, array or SciPy sparse matrix
        One row an example. A DataFrame takes mixed columns as they are: numbers, booleans, dates,
        categories, text, missing values. Also images, see
        `focalsweep.data.arrays.dataset_of_arrays`.
    y : array, Series, DataFrame, or name of a column of `X`
        Class codes or names; or binary columns, one a label (rows with exactly one 1 are one-hot).
    arms : sequence of str, optional
        Names of files in ``conf/loss/``, cross-entropy among them.
    trials, epochs : int, optional
        Budget of every arm.
    minutes : float, optional
        What the call may take, > 0. What is given up for it is said before training; a limit under
        which no answer can be paid for is an error that names the least.
    evaluation : {"nested", "holdout", "quick"}, optional
        How scores are made: file of ``conf/evaluation/``.
    objective : str, optional
        What is maximised, such as ``macro_f1``.
    seed : int, optional
        Of everything that is drawn.
    groups, time, split, weights : array of shape (rows,), optional
        What is known of rows beside their features, or names of columns where `y` is one.
    feature_names, class_names : sequence of str, optional
        Names of the columns of an array `X`, and of class codes or label columns.
    layout : {"images", "sequences"}, optional
        What an `X` of three axes holds, where its values do not tell.
    multi_label : bool, optional
        How several target columns are read; None: as their rows look.
    decimal : {".", ","}, optional
        Sign of decimals in numbers that are text (``1.234,56 kg``); else found in each column.
    day_first : bool, optional
        Whether 03/04/2024, as text, is the third of April; else found in each column.
    missing : sequence of str or number
        Values that mean "no value" in every column and in `y`, beside None and NaN.
    model : str, callable or mapping, optional
        A file of ``conf/model/``; a function of a module that takes ``n_features`` and
        ``n_classes`` and returns a Keras model; or a mapping with ``_target_`` and its arguments.
    optimizer, sampler, pruner, tracking : str, optional
        Files of ``conf/optimizer/``, ``conf/sampler/``, ``conf/pruner/`` and ``conf/tracking/``;
        MLflow gets nothing unless asked.
    config : str, optional
        The sweep to start from, a file of ``sweeps/``: by default ``quickstart``, or
        ``multi_label`` where rows carry labels.
    config_dir : path, optional
        A folder with configs of your own.
    overrides : sequence of str
        Everything else, as on the command line: ``["dataset.rare_classes=drop"]``.
    folder : path, optional
        The run folder. One that holds a sweep of the same data and config goes on where it stopped,
        or gives its result at once. By default a temporary one, which goes with the `Outcome`.
    progress : bool, default True
        Whether to show what is going on.
    name : str, default "python"
        Short name of the dataset.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        When something cannot be used: one sentence with what was received and the way out.

    Examples
    --------
    >>> import focalsweep
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(120, weights=[0.8], random_state=0)
    >>> found = focalsweep.sweep(
    ...     X, y, arms=["cross_entropy", "focal_gamma"], trials=1, epochs=1, evaluation="quick",
    ...     model="linear", progress=False, overrides=["references=false"],
    ... )
    >>> found.verdict.decision, found.arms["arm"].tolist()
    ('budget_too_small', ['cross_entropy', 'focal_gamma'])
    >>> found.predict(X).shape, found.predict_proba(X).shape
    ((120,), (120, 2))
    """
    started = clock.monotonic()
    try:
        if feature_names is not None and isinstance(X, pd.DataFrame):
            raise UserError(
                "`feature_names` names the columns of an array, and `X` is a DataFrame, which has "
                "names; rename its columns instead."
            )
        parts = {"groups": groups, "split": split, "time": time, "weights": weights}
        named = {"feature_names": feature_names, "class_names": class_names, "layout": layout}
        dataset = dataset_of_returned(
            {"X": X, "y": y, "multi_label": multi_label}
            | {key: value for key, value in {**parts, **named}.items() if value is not None},
            name=name,
            origin=ORIGIN,
            written=written_by_user(decimal=decimal, day_first=day_first, missing=missing),
        )
        settings = {
            "evaluation": evaluation,
            "optimizer": optimizer,
            "sampler": sampler,
            "pruner": pruner,
            "tracking": tracking,
            "trials": trials,
            "epochs": epochs,
            "minutes": minutes,
            "objective": objective,
            "seed": seed,
            "arms": None if arms is None else f"[{','.join(arms)}]",
        }
        given = [f"{key}={value}" for key, value in settings.items() if value is not None]
        if isinstance(model, str):
            given.append(f"model={model}")
        return _run(
            dataset,
            config=config or ("multi_label" if dataset.multi_label else "quickstart"),
            config_dir=None if config_dir is None else Path(config_dir),
            overrides=[*given, *overrides],
            model=None if model is None or isinstance(model, str) else _component(model),
            folder=folder,
            console=_console(progress),
            deadline=Deadline(minutes=minutes, started=started),
        )
    except UserError as error:
        raise InputError(str(error)) from None


def load(folder: str | Path) -> Outcome:
    """Return what a finished sweep found: one of `sweep`, or of the command line.

    Parameters
    ----------
    folder : path
        The run folder.

    Raises
    ------
    ValueError
        When it is not the folder of a finished sweep.
    """
    path = Path(folder).expanduser().absolute()
    try:
        return Outcome(path=path, result=read_result(path))
    except UserError as error:
        raise InputError(str(error)) from None


def _run(
    dataset: Dataset,
    *,
    config: str,
    config_dir: Path | None,
    overrides: Sequence[str],
    model: Mapping[str, Any] | None,
    folder: str | Path | None,
    console: Console,
    deadline: Deadline,
) -> Outcome:
    """Run in `folder`, or in a temporary one that is removed when the outcome goes."""
    _refuse_a_second_source(overrides)
    run = partial(
        _run_in,
        dataset=dataset,
        config=config,
        config_dir=config_dir,
        overrides=overrides,
        model=model,
        console=console,
        deadline=deadline,
    )
    if folder is not None:
        return run(Path(folder).expanduser().absolute())
    scratch = mkdtemp(prefix="focalsweep-")
    try:
        outcome = run(Path(scratch) / "run")
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    weakref.finalize(outcome, shutil.rmtree, scratch, ignore_errors=True)
    return outcome


def _run_in(
    path: Path,
    *,
    dataset: Dataset,
    config: str,
    config_dir: Path | None,
    overrides: Sequence[str],
    model: Mapping[str, Any] | None,
    console: Console,
    deadline: Deadline,
) -> Outcome:
    composed = compose_sweep(
        config,
        [
            "dataset=callable",
            f"dataset.function={_GIVEN}",
            f"dataset.arguments={{sha256: {quoted(dataset.sha256())}}}",
            f"dataset.name={quoted(dataset.name)}",
            f"{RUN_DIR}={quoted(str(path))}",
            *overrides,
        ],
        config_dir=config_dir,
        replaced={} if model is None else {"model": dict(model)},
    )
    if composed.config.vary is not None:
        raise UserError("`vary` makes several sweeps; call `sweep` once for each value instead.")
    level = optuna.logging.get_verbosity()
    try:
        result = carry_out(
            composed,
            runs=path.parent,
            console=console,
            command="focalsweep.sweep(X, y)",
            deadline=deadline.within(composed.config.minutes),
            dataset=dataset,
            show_result=False,
        )
    finally:
        optuna.logging.set_verbosity(level)
    return Outcome(path=path, result=result)


def _refuse_a_second_source(overrides: Sequence[str]) -> None:
    """Refuse overrides that say where rows come from: `X` and `y` are the rows."""
    own = ("path", "target", "function", "arguments", "_target_", "multi_label")
    given = ("groups", "split", "time", "weights", "decimal", "day_first", "missing")
    for override in overrides:
        key = override.partition("=")[0].strip("+~")
        part = key.removeprefix("dataset.")
        if key == "dataset" or (key != part and part in own + given):
            way_out = f"give `{part}=` to `sweep`" if part in given else "leave it out"
            raise UserError(
                f"`{override}` has no effect, because `X` and `y` are the data; {way_out}."
            )


def _component(model: Callable[..., Any] | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(model, Mapping):
        return model
    if isinstance(model, partial) and not model.args:
        return {**_component(model.func), **model.keywords}
    name = getattr(model, "__qualname__", "")
    # A decorated function or a lambda may be known to its module by another name than its own.
    for module in (getattr(model, "__module__", None), "__main__"):
        known = vars(sys.modules[module]) if module in sys.modules else {}
        found = name if known.get(name) is model else _name_in(known, model)
        if found is not None:
            return {"_target_": f"{module}.{found}"}
    raise UserError(
        "`model` must be a function of a module or of the notebook, so that its name says which "
        f"it is. Received: `{getattr(model, '__module__', None)}.{name}`; define it with `def` "
        "outside of other functions."
    )


def _name_in(known: Mapping[str, Any], value: object) -> str | None:
    return next((name for name, each in known.items() if each is value), None)


def _console(progress: bool) -> Console:
    console = Console(highlight=False, quiet=not progress)
    if console.is_jupyter and importlib.util.find_spec("ipywidgets") is None:
        # Its live bar needs ipywidgets: lines now and then instead.
        return Console(highlight=False, force_jupyter=False, force_terminal=False)
    return console
