"""The loop that a user would write today, plain and tuned: Optuna, Keras and MLflow.

One Optuna trial trains `keras.Model.fit` once a fold with Keras's own focal loss, scores the
validation rows after every epoch and logs to MLflow. Both loops are written to be fast where a
competent user would be: the validation rows are scored by one direct call of the model, which is
cheaper than `Model.predict` and than a validation pass with `keras.metrics.F1Score`; the study is
kept in memory; the MLflow database is made before the clock starts. The tuned loop also compiles
a whole epoch into one execution and writes each trial to MLflow as one batch.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import mlflow
import numpy as np
import optuna
from mlflow.entities import Metric, Param
from numpy.typing import NDArray

from benchmarks.problem import (
    BATCH_SIZE,
    EPOCHS,
    HIDDEN,
    Fold,
    Point,
    class_weights,
    macro_f1,
)


@dataclass(frozen=True, kw_only=True)
class BaselineRun:
    """Hold what one loop took and scored.

    Parameters
    ----------
    seconds : float
        Wall time of the whole study: search, training, scoring and tracking.
    scores : tuple of float
        Macro-F1 of each trial, from confusion counts pooled over folds, at its best epoch.
    points : tuple of Point
        What each trial trained.
    """

    seconds: float
    scores: tuple[float, ...]
    points: tuple[Point, ...]

    @property
    def seconds_per_trial(self) -> float:
        """Mean wall time of a trial."""
        return self.seconds / len(self.scores)


EpochLog = Callable[[dict[str, float], int], None]
"""What a loop does with the metrics of one fold's epoch as soon as they are there."""


class ScoreEachEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Count the confusions on the validation rows after each epoch and log their macro-F1."""

    def __init__(self, fold: Fold, *, name: str, log: EpochLog) -> None:
        super().__init__()
        self.fold = fold
        self.name = name
        self.log = log
        self.confusion: list[NDArray[np.int64]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Score the validation rows by one direct call of the model."""
        fold = self.fold
        y_pred = np.argmax(self.model(fold.x_validation, training=False), axis=1)
        cells = np.bincount(
            fold.y_validation * fold.n_classes + y_pred, minlength=fold.n_classes**2
        )
        self.confusion.append(cells.reshape(fold.n_classes, fold.n_classes))
        metrics = {
            f"{self.name}_loss": float((logs or {})["loss"]),
            f"{self.name}_macro_f1": float(macro_f1(self.confusion[-1])),
        }
        self.log(metrics, epoch)


def build_model(*, columns: int, n_classes: int) -> keras.Model:
    """Return the network that both sides train: two hidden relu layers, logits out."""
    hidden = [keras.layers.Dense(width, activation="relu") for width in HIDDEN]
    return keras.Sequential([keras.Input((columns,)), *hidden, keras.layers.Dense(n_classes)])


def train_fold(
    fold: Fold, point: Point, *, name: str, seed: int, steps_per_execution: int, log: EpochLog
) -> NDArray[np.int64]:
    """Train one model on one fold.

    Returns
    -------
    int array of shape (epochs, classes, classes)
        Validation rows after each epoch, true class down.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    weights = class_weights(fold.y_train, n_classes=fold.n_classes, tau=point.tau)
    model = build_model(columns=fold.x_train.shape[1], n_classes=fold.n_classes)
    model.compile(
        optimizer=keras.optimizers.AdamW(point.learning_rate, weight_decay=point.weight_decay),
        loss=keras.losses.CategoricalFocalCrossentropy(
            alpha=weights.tolist(), gamma=point.gamma, from_logits=True
        ),
        steps_per_execution=steps_per_execution,
    )
    scoring = ScoreEachEpoch(fold, name=name, log=log)
    model.fit(
        fold.x_train,
        keras.utils.to_categorical(fold.y_train, fold.n_classes),
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        callbacks=[scoring],
        verbose=0,
    )
    return np.stack(scoring.confusion)


def plain_trial(point: Point, folds: Sequence[Fold], *, number: int, seed: int) -> float:
    """Train and log one trial the plain way: every epoch is an MLflow call."""

    def log(metrics: dict[str, float], epoch: int) -> None:
        mlflow.log_metrics(metrics, step=epoch)

    with mlflow.start_run(run_name=f"trial-{number}", nested=True):
        mlflow.log_params(asdict(point))
        confusions = [
            train_fold(fold, point, name=f"fold{i}", seed=seed + i, steps_per_execution=1, log=log)
            for i, fold in enumerate(folds)
        ]
        score = _best_epoch(confusions)
        mlflow.log_metric("macro_f1", score)
    return score


def tuned_trial(point: Point, folds: Sequence[Fold], *, number: int, seed: int) -> float:
    """Train one trial with an epoch as one execution, and log it as one batch."""
    client = mlflow.MlflowClient()
    metrics: list[Metric] = []

    def log(values: dict[str, float], epoch: int) -> None:
        now = int(time.time() * 1000)
        metrics.extend(Metric(key, value, now, epoch) for key, value in values.items())

    with mlflow.start_run(run_name=f"trial-{number}", nested=True) as run:
        confusions = [
            train_fold(
                fold,
                point,
                name=f"fold{i}",
                seed=seed + i,
                steps_per_execution=-(-len(fold.y_train) // BATCH_SIZE),
                log=log,
            )
            for i, fold in enumerate(folds)
        ]
        score = _best_epoch(confusions)
        metrics.append(Metric("macro_f1", score, int(time.time() * 1000), 0))
        params = [Param(key, str(value)) for key, value in asdict(point).items()]
        client.log_batch(run.info.run_id, metrics=metrics, params=params)
    return score


def suggest_point(trial: optuna.Trial) -> Point:
    """Ask the sampler for one point of the search space."""
    return Point(
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
        gamma=trial.suggest_float("gamma", 0.0, 5.0),
        tau=trial.suggest_float("tau", 0.0, 1.5),
    )


def run_baseline(
    folds: Sequence[Fold],
    *,
    trials: int,
    tuned: bool,
    first: Sequence[Point] = (),
    seed: int = 0,
) -> BaselineRun:
    """Run the hand-written study and time it.

    Parameters
    ----------
    folds : sequence of Fold
        The folds of the cross-validation.
    trials : int
        Trials of the study, >= 1; one takes about 25 seconds on two cores, 17 when tuned.
    tuned : bool
        Whether an epoch is one execution and a trial one tracking batch.
    first : sequence of Point
        Points to train before the sampler chooses, in this order.
    seed : int
        Of the sampler and, with the fold's number added, of each model.
    """
    run_trial = tuned_trial if tuned else plain_trial
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for point in first[:trials]:
        study.enqueue_trial(asdict(point))
    points: list[Point] = []

    def objective(trial: optuna.Trial) -> float:
        points.append(suggest_point(trial))
        return run_trial(points[-1], folds, number=trial.number, seed=seed)

    with tempfile.TemporaryDirectory() as folder:
        _open_store(Path(folder))
        start = time.perf_counter()
        with mlflow.start_run(run_name="hand-written"):
            study.optimize(objective, n_trials=trials)
        seconds = time.perf_counter() - start
    scores = tuple(trial.values[0] for trial in study.trials)
    return BaselineRun(seconds=seconds, scores=scores, points=tuple(points))


def _best_epoch(confusions: Sequence[NDArray[np.int64]]) -> float:
    """Return the best macro-F1 over epochs of counts pooled over folds."""
    return float(macro_f1(np.sum(confusions, axis=0)).max())


def _open_store(folder: Path) -> None:
    """Make an empty MLflow database, which takes seconds that no trial should pay for."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    experiment = mlflow.create_experiment("benchmark", artifact_location=(folder / "a").as_uri())
    mlflow.set_experiment(experiment_id=experiment)
