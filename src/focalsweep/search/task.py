"""What a sweep may ask of multi-label data, and which arms belong to which kind of data.

Everything here is refused with one sentence before anything is trained: a question about classes
has no meaning where a row has any number of labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from focalsweep.and_more import and_more
from focalsweep.config.arm_schema import Task
from focalsweep.config.schema import SweepConfig
from focalsweep.config.target import load
from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError
from focalsweep.metrics.objective import Objective, cost_objective, multi_label_objective, objective
from focalsweep.search.folds import needs_suspects
from focalsweep.search.row_weights import weighs_alike

if TYPE_CHECKING:
    from focalsweep.config.compose import ComposedSweep

CONTROL: dict[Task, str] = {
    "single_label": "cross_entropy",
    "multi_label": "binary_cross_entropy",
}
"""The arm that every other is compared with."""

SWEEPS: dict[Task, str] = {"single_label": "quickstart", "multi_label": "multi_label"}
"""The sweep whose arms are taken where nobody named arms for this kind of data."""


def task_of(dataset: Dataset) -> Task:
    """Return which kind of data this is."""
    return "multi_label" if dataset.multi_label else "single_label"


def with_arms_for(composed: ComposedSweep, task: Task) -> tuple[ComposedSweep, str | None]:
    """Give a sweep whose arms nobody chose those for its kind of data, and say so.

    Parameters
    ----------
    composed : ComposedSweep
        Returned as it is where its arms fit, or where the user chose them: `check_task` then says
        what does not fit.
    task : {"single_label", "multi_label"}
    """
    fits = all(arm.task == task for arm in composed.config.loss.values())
    if fits or composed.with_arms_of is None:
        return composed, None
    composed = composed.with_arms_of(SWEEPS[task])
    what = "any number of labels" if task == "multi_label" else "one class each"
    return composed, (
        f"Rows have {what}, so the arms are those of the sweep `{SWEEPS[task]}`: "
        f"{', '.join(composed.config.arms)}; `arms=[...]` names others."
    )


def check_task(config: SweepConfig, dataset: Dataset) -> None:
    """Refuse arms and settings that are for the other kind of data.

    Raises
    ------
    UserError
        Naming the arms, or the setting, and what to take instead.
    """
    if dataset.multi_label:
        _check_settings(config, dataset)
    _check_arms(config, task_of(dataset))
    _check_weights(config, dataset)


def _check_settings(config: SweepConfig, dataset: Dataset) -> None:
    """Refuse settings about classes; before arms, some of which only a setting adds."""
    refused = {
        "decision.costs": config.decision.costs is not None,
        "decision.priors": bool(config.decision.priors),
        "dataset.profile": config.dataset.profile != "none",
        "dataset.label_noise": config.dataset.label_noise > 0,
        "dataset.drop_suspects": config.dataset.drop_suspects,
    }
    ways_out = {
        "dataset.profile": "none",
        "dataset.label_noise": "0",
        "dataset.drop_suspects": "false",
    }
    for key, is_set in refused.items():
        if is_set:
            raise UserError(
                f"`{key}` is about rows that have one class each, and rows of `{dataset.name}` "
                f"have any number of labels; set `{key}={ways_out.get(key, 'null')}`."
            )


def objective_for(
    config: SweepConfig, dataset: Dataset, *, costs: Sequence[Sequence[float]] | None
) -> Objective:
    """Return what is made large: of the costs where there are any, else by its name.

    Raises
    ------
    UserError
        When there is no such objective for this kind of data.
    """
    if costs is not None:
        return cost_objective(costs)
    if dataset.multi_label:
        return multi_label_objective(config.objective)
    return objective(config.objective)


def _check_arms(config: SweepConfig, task: Task) -> None:
    wrong = [name for name in config.arms if config.loss[name].task != task]
    if wrong and task == "multi_label":
        raise UserError(
            "Rows that have any number of labels need arms of binary losses. Received: "
            f"{_listed(wrong)}; run `focalsweep sweep --config-name multi_label`, or name arms "
            "such as `arms=[binary_cross_entropy,pos_weighted,binary_focal]`."
        )
    if wrong:
        raise UserError(
            f"Rows that have one class each need arms of categorical losses. Received: "
            f"{_listed(wrong)}, for rows with any number of labels; name arms such as "
            "`arms=[cross_entropy,class_weighted,focal_gamma]`."
        )
    if CONTROL[task] not in config.arms:
        raise UserError(
            f"`arms` must include `{CONTROL[task]}`, which every arm is compared with. "
            f"Received: arms=[{','.join(config.arms)}]."
        )
    treated = [name for name in config.arms if config.loss[name].rows is not None]
    if treated and task == "multi_label":
        raise UserError(
            "Training rows with any number of labels cannot be resampled by class. Received: "
            f"{_listed(treated)} with `rows`; set `loss.{treated[0]}.rows=null`, or remove the arm."
        )


def _check_weights(config: SweepConfig, dataset: Dataset) -> None:
    """Refuse arms that make rows where rows have weights; removing rows keeps those of the rest."""
    if weighs_alike(dataset):
        return
    rows = {name: config.loss[name].rows for name in config.arms}
    making = [
        name
        for name, path in rows.items()
        if path is not None and not needs_suspects(load(path, at=f"loss.{name}", key="rows"))
    ]
    if making:
        raise UserError(
            "Training rows that are made have no weight. Received: `dataset.weights` and "
            f"{_listed(making)} with `rows`; remove these arms, or set `dataset.weights=null`."
        )


def _listed(names: Sequence[str]) -> str:
    return and_more([f"`{name}`" for name in names], most=3)
