from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from focalsweep.evidence.result import SweepResult
from focalsweep.tracking.artifacts import (
    arms_table,
    confusion_page,
    per_class_table,
    write_artifacts,
)
from focalsweep.tracking.run_folder import read_run_folder


def test_recall_and_precision_a_class_are_those_of_the_confusion_matrix(
    run_dir: Path, result: SweepResult
) -> None:
    table = per_class_table(result.arms[-1], read_run_folder(run_dir)).set_index("class")
    assert table.loc["vac", "recall_argmax"] == pytest.approx(20 / 30)
    assert table.loc["vac", "precision_argmax"] == pytest.approx(20 / 46.5)
    assert table["rows"].tolist() == [463, 244, 30]
    assert table["alpha"].tolist() == [0.7, 1.1, 2.3]


def test_a_class_that_is_never_predicted_has_no_precision(
    run_dir: Path, result: SweepResult
) -> None:
    confusion = ((400.0, 63.0, 0.0), (60.0, 184.0, 0.0), (5.0, 25.0, 0.0))
    arm = result.arms[-1].model_copy(update={"confusion": confusion})
    table = per_class_table(arm, read_run_folder(run_dir))
    assert table["precision_argmax"].isna().tolist() == [False, False, True]


def test_the_table_of_arms_is_sorted_best_first(run_dir: Path, result: SweepResult) -> None:
    table = arms_table(read_run_folder(run_dir))
    assert table["score"].is_monotonic_decreasing
    assert len(table) == len(result.arms)


def test_a_confusion_page_escapes_names_and_shows_every_count() -> None:
    names = ["<script>", "a&b"]
    counts = pd.DataFrame([[3.0, 1.0], [0.0, 0.0]], index=names, columns=names)
    page = confusion_page(counts, title="x < y")
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 2
    assert "3.0<small>75%" in page
    assert "0.0<small>0%" in page


def test_an_arm_keeps_its_own_trials_only(
    run_dir: Path, result: SweepResult, tmp_path: Path
) -> None:
    files = write_artifacts(read_run_folder(run_dir), into=tmp_path)
    assert set(files) == {"sweep", *(f"arm/{arm.name}" for arm in result.arms)}
    trials = pd.read_csv(files["arm/focal_gamma"] / "trials.csv")
    assert set(trials["arm"]) == {"focal_gamma"}
    assert len(trials) == 4 * 3
