"""A small finished sweep in a folder, and a real, empty MLflow store a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from focalsweep.config.arm_schema import Family
from focalsweep.data.portable_preprocessor import preprocessor_bytes
from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.evidence.arm_facts import (
    ArmResult,
    BestPoint,
    Calibration,
    Difference,
    FoldScore,
    GradientShares,
    PrecisionRecall,
    Probabilities,
    Search,
)
from focalsweep.evidence.facts import (
    BudgetFacts,
    ClassFacts,
    DatasetFacts,
    EvaluationFacts,
    Interval,
    Suspects,
)
from focalsweep.evidence.model_facts import (
    MODELS_FOLDER,
    PREPROCESSOR_FILE,
    SAMPLE_FILE,
    ModelFacts,
)
from focalsweep.evidence.result import (
    Comparison,
    Detectable,
    FolkloreCost,
    LeftOut,
    ReferenceResult,
    SweepResult,
    Verdict,
)
from focalsweep.search.tracker import MirrorSummary
from focalsweep.tracking.mirror import mirror
from focalsweep.tracking.store import create_sqlite, quiet

ARMS: dict[str, tuple[Family, dict[str, float]]] = {
    "cross_entropy": ("cross_entropy", {}),
    "class_weighted": ("class_weights", {}),
    "class_weighted_tuned": ("class_weights", {"tau": 0.4}),
    "focal_gamma": ("focal", {"gamma": 1.25}),
    "focal_gamma_tau": ("focal", {"gamma": 2.5, "tau": 0.61}),
}
COUNTS = {"CYT": 463, "NUC/MIT": 244, "vac": 30}
TRIALS, OUTER_FOLDS, EPOCHS = 4, 2, 6
FAILED = ("focal_gamma_tau", "all", 3)


@pytest.fixture(scope="session")
def result() -> SweepResult:
    """Make a result with five arms, one reference and a verdict for the last arm."""
    total = sum(COUNTS.values())
    return SweepResult(
        name="quickstart",
        question="Which loss for yeast?",
        objective="macro_f1",
        task="single_label",
        dataset=DatasetFacts(
            name="yeast",
            origin="UCI, CC BY 4.0",
            rows=total,
            columns=8,
            classes=tuple(ClassFacts(name=n, count=c, share=c / total) for n, c in COUNTS.items()),
            imbalance_ratio=463 / 30,
            smallest_training_class=24,
            profile="none",
            factor=1.0,
            sha256="ab" * 32,
            notes=("Class ERL was dropped: 3 rows.",),
            label_noise=0.0,
            multi_label=None,
            diagnosis=None,
        ),
        evaluation=EvaluationFacts(
            kind="nested", outer_folds=OUTER_FOLDS, inner_folds=3, refit_seeds=3, test_rows=147
        ),
        budget=BudgetFacts(trials=TRIALS, epochs=EPOCHS, batch_size=64, members=1200, pruning=None),
        arms=tuple(_arm(i, name) for i, name in enumerate(ARMS)),
        left_out=(LeftOut(arm="focal_gamma_alpha", reason="two classes only"),),
        references=(
            ReferenceResult(
                name="logistic_balanced",
                label="Logistic regression, balanced",
                score=0.49,
                interval=Interval(low=0.45, high=0.53),
            ),
        ),
        folklore_cost=FolkloreCost(
            arm="focal_gamma_tau",
            mean=0.011,
            interval=Interval(low=-0.004, high=0.026),
            text="Copying gamma 2 and alpha 0.25 costs 0.011 macro-F1.",
        ),
        detectable=Detectable(
            difference=0.021,
            smallest_class=30,
            rows_needed=41,
            text="30 rows of vac: differences below 0.021 cannot be seen.",
        ),
        suspects=Suspects(
            count=15, share=0.02, rows=(), by_class=(9, 5, 1), text="15 labels look wrong."
        ),
        warnings=("Most searches ended at the largest gamma.",),
        comparisons=(
            Comparison(
                question="Does focal loss beat its rivals?",
                left="focal",
                right="rivals",
                left_arms=("focal_gamma_tau", "focal_gamma"),
                right_arms=("class_weighted", "class_weighted"),
                differences=(0.031, 0.022),
                mean=0.0265,
                interval=Interval(low=0.012, high=0.041),
                p_better=0.973,
                p_much_better=0.31,
                outcome="better",
            ),
        ),
        verdict=Verdict(
            decision="use_focal",
            arm="focal_gamma_tau",
            text="Train with focal loss: it scores 0.027 macro-F1 more than its best rival.",
            confidence=0.973,
        ),
        snippet="loss = focalsweep.losses.CategoricalFocal(gamma=2.5, alpha=[0.7, 1.1, 2.3])",
        seconds={"data": 0.4, "search": 70.5, "refit": 11.0, "kernel": 60.0, "tracking": 3.0},
        seed=7,
        command="focalsweep sweep --config-name quickstart",
        versions={"keras": "3.15.1", "tensorflow": "2.21.0"},
        commit="0123456789abcdef",
        surfaces=(),
        prior_scenarios=(),
        costs=None,
    )


def _arm(position: int, name: str) -> ArmResult:
    family, parameters = ARMS[name]
    score = 0.50 + 0.0125 * position
    gamma = parameters.get("gamma", 0.0)
    confusion = ((400.0, 50.5, 12.5), (60.0, 170.0, 14.0), (5.0, 5.0, 20.0))
    return ArmResult(
        name=name,
        label=name.replace("_", " ").capitalize(),
        family=family,
        inner_score=score + 0.01,
        argmax_score=score - 0.02,
        argmax_interval=Interval(low=score - 0.06, high=score + 0.02),
        decision_score=score,
        decision_interval=Interval(low=score - 0.04, high=score + 0.04),
        difference=None
        if name == "cross_entropy"
        else Difference(
            against="cross_entropy",
            mean=0.0125 * position,
            interval=Interval(low=0.0, high=0.025 * position),
            p_value=0.04,
            p_holm=0.08,
        ),
        folds=tuple(
            FoldScore(
                fold=fold,
                inner_score=score,
                argmax_score=score,
                decision_score=score,
                trial=fold,
                epochs=4,
                parameters=parameters,
            )
            for fold in range(OUTER_FOLDS)
        ),
        best=BestPoint(
            trial=2,
            inner_score=score + 0.01,
            epochs=5,
            parameters=parameters,
            learning_rate=0.00312345678,
            weight_decay=1e-5,
            alpha=(0.7, 1.1, 2.3),
            gamma=(gamma,) * 3,
            offset=(0.0, 0.0, 0.0),
            decision_weights=(1.0, 1.2, 1.9),
            curve=tuple(np.linspace(0.3, score, EPOCHS).tolist()),
            scale=(),
            margin=(),
            smoothing=0.0,
            power=0.0,
            sampling=0.0,
            switch_epoch=None,
            head="linear",
            head_only=False,
            rows=None,
            expected_cost_temperature=None,
            posterior_weight=None,
            alpha_negative=(),
            gamma_negative=(),
            clip=0.0,
            thresholds=(),
        ),
        confusion=confusion,
        decision_confusion=confusion,
        metrics={
            "balanced_accuracy": score + 0.03,
            "mcc": score - 0.1,
            "log_loss": 1.3 - score,
            "log_loss_corrected": 1.2 - score,
        },
        correction="exact",
        probabilities=Probabilities(
            raw=_calibration(1.3 - score),
            # No closed form where labels are smoothed, so not every arm has one.
            corrected=None if name == "class_weighted_tuned" else _calibration(1.2 - score),
            scaled=_calibration(1.19 - score),
            temperature=1.4,
            refusal=None,
            reliability_raw=(),
            reliability_corrected=(),
        ),
        precision_recall=tuple(
            PrecisionRecall(name=c, average_precision=0.6, recall=(1.0, 0.0), precision=(0.4, 1.0))
            for c in COUNTS
        ),
        gradient=GradientShares(
            by_class=(0.5, 0.3, 0.2),
            by_difficulty=(0.1,) * 10,
            rows_by_difficulty=(0.1,) * 10,
            suspects=0.08,
        ),
        search=Search(
            best_so_far=tuple(np.linspace(0.4, score, TRIALS).tolist()),
            best_so_far_low=(0.3,) * TRIALS,
            best_so_far_high=(0.6,) * TRIALS,
            estimator="order",
            failed_share=0.0,
            at_edge=("gamma.high",) if parameters.get("gamma") == 2.5 else (),
            optimism=0.01,
            worse_than_control=False,
        ),
        prior_scores={"as_deployed": score - 0.05},
        labels=(),
        failed_trials=int(name == FAILED[0]),
    )


def _calibration(log_loss: float) -> Calibration:
    return Calibration(log_loss=log_loss, brier_score=0.4, calibration_error=0.07)


@pytest.fixture
def run_dir(tmp_path: Path, result: SweepResult) -> Path:
    """Write a finished run folder."""
    return _write_run_dir(tmp_path / "runs" / "quickstart-7", result)


def _write_run_dir(path: Path, result: SweepResult) -> Path:
    (path / "plots").mkdir(parents=True)
    for plot in ("surface_focal_gamma_tau", "response_focal_gamma", "arms"):
        (path / "plots" / f"{plot}.html").write_text(plot, encoding="utf-8")
    (path / "report.html").write_text("<h1>Report</h1>", encoding="utf-8")
    (path / "config.yaml").write_text("seed: 7\n", encoding="utf-8")
    (path / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
    _trials_table().to_csv(path / "trials.csv", index=False)
    return path


def _trials_table() -> pd.DataFrame:
    """Tabulate trials of all arms: outer folds and all rows, one of them failed."""
    rows = []
    for arm, (_, parameters) in ARMS.items():
        for fold in (*(str(f) for f in range(OUTER_FOLDS)), "all"):
            for trial in range(TRIALS):
                failed = (arm, fold, trial) == FAILED
                rows.append(
                    {
                        "arm": arm,
                        "fold": fold,
                        "trial": trial,
                        "state": "failed" if failed else "complete",
                        "value": np.nan if failed else 0.5 + trial / 8,
                        "epochs": np.nan if failed else 3 + trial,
                        "failure": "loss became NaN in epoch 3" if failed else np.nan,
                        "learning_rate": (trial + 1) / 1000,
                        "weight_decay": 1e-5,
                        "gamma": parameters.get("gamma", np.nan),
                        "tau": parameters.get("tau", np.nan),
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one migrated database for all tests: its tables take seconds."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    with quiet():
        create_sqlite(file)
    return file


@pytest.fixture
def new_store(tmp_path: Path, empty_store: Path) -> Callable[[str], str]:
    """Return a function that makes a store of its own and returns its address."""

    def make(name: str = "mlflow.db") -> str:
        file = tmp_path / "stores" / name
        file.parent.mkdir(exist_ok=True)
        shutil.copyfile(empty_store, file)
        return f"sqlite:///{file}"

    return make


@pytest.fixture
def uri(new_store: Callable[[str], str]) -> str:
    """Return the address of an empty store."""
    return new_store("mlflow.db")


@pytest.fixture(scope="session")
def kept_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the models of two arms over one number and one category, as a sweep leaves them."""
    import keras

    folder = tmp_path_factory.mktemp("kept") / MODELS_FOLDER
    folder.mkdir()
    rows = pd.DataFrame({"size": np.arange(20.0), "kind": ["a", "b"] * 10})
    preprocessor = fit_preprocessor(rows)
    (folder / PREPROCESSOR_FILE).write_bytes(preprocessor_bytes(preprocessor))
    rows.head(2).to_csv(folder / SAMPLE_FILE, index=False)
    width = preprocessor.transform(rows).shape[1]
    for arm in ("cross_entropy", "focal_gamma_tau"):
        keras.Sequential([keras.Input((width,)), keras.layers.Dense(3)]).save(
            folder / f"{arm}.keras"
        )
        facts = ModelFacts(
            arm=arm,
            classes=tuple(COUNTS),
            columns=("size", "kind"),
            rows=20,
            epochs=5,
            seed=8,
            logit_scale=(1.0,) * 3,
            loss=None,
            refusal="synthetic rows",
            log_weights=(0.0, 0.0, 5.0),
            costs=None,
            temperature=1.0,
        )
        (folder / f"{arm}.json").write_text(facts.model_dump_json(), encoding="utf-8")
    return folder


@pytest.fixture
def run_dir_with_models(run_dir: Path, kept_models: Path) -> Path:
    """Write a finished run folder in which two of five arms have a model."""
    shutil.copytree(kept_models, run_dir / MODELS_FOLDER)
    return run_dir


@pytest.fixture(scope="session")
def mirrored(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path, result: SweepResult
) -> MirrorSummary:
    """Mirror the sweep of `result` once, for tests that only read."""
    folder = tmp_path_factory.mktemp("mirrored")
    shutil.copyfile(empty_store, folder / "mlflow.db")
    run_dir = _write_run_dir(folder / "quickstart-7", result)
    return mirror(run_dir, uri=f"sqlite:///{folder}/mlflow.db")
