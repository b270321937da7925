"""Mirror a finished run folder to MLflow, once or again."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from focalsweep.errors import UserError
from focalsweep.search.tracker import MirrorSummary, TrackingError
from focalsweep.tracking.artifacts import write_artifacts
from focalsweep.tracking.layout import SWEEP_KEY, SWEEP_TAG, TrialsMode, plan_runs
from focalsweep.tracking.models import forget_models, log_models
from focalsweep.tracking.note import experiment_note
from focalsweep.tracking.prepare import Preparation, start_preparation
from focalsweep.tracking.registry import register
from focalsweep.tracking.run_folder import RunFolder, read_run_folder
from focalsweep.tracking.run_record import RunRecord
from focalsweep.tracking.store import artifact_folder, check_uri, connected, shown
from focalsweep.tracking.ui import ui_link
from focalsweep.tracking.view import VIEW_TAG, arms_view
from focalsweep.tracking.write_runs import delete_runs, write_runs

if TYPE_CHECKING:
    from mlflow.entities import Experiment
    from mlflow.tracking import MlflowClient


def mirror(
    run_dir: Path,
    *,
    uri: str,
    trials: TrialsMode = "final",
    artifacts: str | None = None,
    models: bool = True,
    register_as: str | None = None,
) -> MirrorSummary:
    """Write the runs and artifacts of a finished sweep; a second time replaces the first.

    New runs are complete before older ones of the same sweep are deleted, so there is never a
    moment with nothing to see, and a mirror that failed half-way is put right by the next one.

    Parameters
    ----------
    run_dir : Path
        Folder with ``result.json`` and ``trials.csv``; ``report.html``, ``config.yaml`` and
        ``plots/`` are taken along where present.
    uri : str
        MLflow store: ``sqlite:////folder/mlflow.db`` (made when missing), another database, or
        the address of a server.
    trials : {"final", "all", "none"}
        Which trials become nested runs, see `focalsweep.tracking.layout.plan_runs`.
    artifacts : str, optional
        Where a new experiment keeps its artifacts, as a URI. Default: beside an SQLite file;
        otherwise what the store says.
    models : bool, default True
        Whether the arms' models are logged, where the run folder holds any.
    register_as : str, optional
        Name of the registered model that the verdict's arm becomes a version of.

    Raises
    ------
    UserError
        If `run_dir` holds no finished sweep.
    TrackingError
        If the store cannot be reached or fails half-way.
    """
    began = time.perf_counter()
    check_uri(uri)
    folder = read_run_folder(run_dir)
    records = plan_runs(folder, trials=trials)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="focalsweep-") as scratch,
            connected(uri) as client,
        ):
            files = write_artifacts(folder, into=Path(scratch))
            experiment = _experiment(client, folder, location=artifacts or artifact_folder(uri))
            earlier = _runs_of(client, experiment, folder.sweep_id)
            ids = write_runs(client, experiment, records)
            _name_data(client, folder, records, ids)
            for key, path in files.items():
                client.log_artifacts(ids[key], str(path))
            logged: dict[str, str] = {}
            if models:
                forget_models(client, folder, experiment_id=experiment.experiment_id)
                logged = log_models(client, folder, ids, experiment_id=experiment.experiment_id)
            delete_runs(client, earlier)
            registered = (
                register(client, folder, name=register_as, uri=shown(uri), models=logged, ids=ids)
                if register_as is not None
                else None
            )
    except TrackingError as error:
        raise TrackingError(
            f"{error}; nothing is lost, the results are in `{run_dir}`: mirror them later with "
            f"`focalsweep track {run_dir}`."
        ) from error
    return MirrorSummary(
        uri=shown(uri),
        experiment=experiment.name,
        experiment_id=experiment.experiment_id,
        sweep_run_id=ids[SWEEP_KEY],
        runs=len(ids),
        seconds=time.perf_counter() - began,
        link=ui_link(uri, experiment_id=experiment.experiment_id),
        models=len(logged),
        registered=registered,
    )


@dataclass(frozen=True, kw_only=True)
class MlflowTracker:
    """Mirror to one MLflow store (``tracking=mlflow``); arguments as in `mirror`.

    Raises
    ------
    UserError
        If `uri` or `trials` is not of a known kind.
    """

    uri: str
    trials: TrialsMode = "final"
    artifacts: str | None = None
    models: bool = True
    register_as: str | None = None
    _preparing: list[Preparation] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        check_uri(self.uri)
        if self.trials not in ("final", "all", "none"):
            raise UserError(
                "`tracking.trials` must be `final`, `all` or `none`. "
                f"Received: {self.trials!r}; `final` is the default."
            )

    def prepare(self) -> None:
        """Make a missing SQLite store meanwhile, see `focalsweep.tracking.prepare`."""
        self._preparing.append(start_preparation(self.uri))

    def mirror(self, run_dir: Path) -> MirrorSummary:
        """Mirror a finished run folder."""
        while self._preparing:
            self._preparing.pop().wait()
        return mirror(
            run_dir,
            uri=self.uri,
            trials=self.trials,
            artifacts=self.artifacts,
            models=self.models,
            register_as=self.register_as,
        )


def _experiment(client: MlflowClient, folder: RunFolder, *, location: str | None) -> Experiment:
    """Return the experiment of this sweep and dataset, made, restored and described as needed."""
    result = folder.result
    name = f"{result.name}/{result.dataset.name}"
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        experiment = _new_experiment(client, name, location=location)
    elif experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    tags = {
        "mlflow.note.content": experiment_note(result),
        "mlflow.experimentKind": "custom_model_development",  # shows runs, not LLM traces
        VIEW_TAG: arms_view(),
    }
    for key, value in tags.items():
        _in_company(client.set_experiment_tag, experiment.experiment_id, key, value)
    return experiment


def _new_experiment(client: MlflowClient, name: str, *, location: str | None) -> Experiment:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_experiment(client.create_experiment(name, location))
    except MlflowException:  # another sweep was quicker
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            raise
        return experiment


def _runs_of(client: MlflowClient, experiment: Experiment, sweep_id: str) -> list[str]:
    """List the runs that an earlier mirror of this sweep left, children before parents."""
    found: list[str] = []
    token = None
    while True:
        page = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{SWEEP_TAG}` = '{sweep_id}'",
            max_results=1000,
            page_token=token,
        )
        found += [run.info.run_id for run in page]
        token = page.token
        if not token:
            return found


def _name_data(
    client: MlflowClient, folder: RunFolder, records: list[RunRecord], ids: dict[str, str]
) -> None:
    """Fill the column `Dataset` of top-level runs: name and fingerprint, no rows."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = folder.result.dataset
    facts = {"rows": data.rows, "columns": data.columns, "imbalance_ratio": data.imbalance_ratio}
    if data.multi_label is not None:
        facts |= {"labels": len(data.classes), **data.multi_label.model_dump()}
    entry = DatasetInput(
        Dataset(
            name=data.name[:500],
            digest=data.sha256[:12],
            source_type="local",
            source=json.dumps({"origin": data.origin}),
            profile=json.dumps(facts),
        ),
        tags=[InputTag("mlflow.data.context", "sweep")],
    )
    for record in records:
        if record.parent is None:
            _in_company(client.log_inputs, ids[record.key], [entry])


def _in_company(write: Callable[..., object], *what: object) -> None:
    """Write rows that another sweep may be adding: MLflow looks, then inserts.

    The loser of that race fails on a row that is there from then on, so its second try finds it.
    """
    from mlflow.exceptions import MlflowException

    try:
        write(*what)
    except MlflowException:
        write(*what)
